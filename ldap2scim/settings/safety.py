"""Reads the block `safety`, which both forms of the settings file share. No I/O."""

from collections.abc import Mapping

from ldap2scim.model import ResourceType
from ldap2scim.planning.policy import (
    MEMBERS_OF_A_GROUP,
    USUAL_SHARES,
    Canary,
    Deed,
    DimensionLimit,
    Dimensions,
    ErrorRate,
    KindLimits,
    Limit,
    Privileged,
    RemovalLimit,
    SafetyPolicy,
)
from ldap2scim.settings.attribute_names import VOCABULARIES, written_path
from ldap2scim.settings.nodes import MappingNode, describe
from ldap2scim.settings.reading import Field, Section, Unfit, show, unknown
from ldap2scim.settings.values import filled, number, percent, texts, whole

_MANY = 100_000_000
_MOST_GROWTH = 1_000_000.0
"""Percent; creations may be more than there were."""


def read_safety(section: Section) -> SafetyPolicy:
    """Return the limits of DESIGN §6, each with its default."""
    usual = SafetyPolicy()
    policy = SafetyPolicy(
        users=_removal_limit(section.section("users"), usual.users),
        groups=_removal_limit(section.section("groups"), usual.groups),
        short_read_percent=section.take("short_read_percent", percent, usual.short_read_percent),
        update_percent=section.take("update_percent", percent, usual.update_percent),
        update_minimum=section.take("update_minimum", whole(0, _MANY), usual.update_minimum),
        member_loss_percent=section.take("member_loss_percent", percent, usual.member_loss_percent),
        member_loss_minimum=section.take("member_loss_minimum", whole(0, _MANY), usual.member_loss_minimum),
        attribute_percent=section.take("attribute_percent", percent, usual.attribute_percent),
        attribute_minimum=section.take("attribute_minimum", whole(0, _MANY), usual.attribute_minimum),
        protected=section.take("protected", texts, usual.protected),
        attributes=_attributes(section),
        limits=_kind_limits(section.section("limits"), usual.limits),
        by=_dimensions(section.section("by"), usual.by),
        privileged=_privileged(section.section("privileged"), usual.privileged),
        canary=_canary(section.section("canary"), usual.canary),
        errors=_error_rate(section.section("errors"), usual.errors),
    )
    section.finish()
    return policy


def _removal_limit(section: Section, usual: RemovalLimit) -> RemovalLimit:
    limit = RemovalLimit(
        least=section.take("least", whole(0, _MANY), usual.least),
        percent=section.take("percent", percent, usual.percent),
        most=section.take("most", whole(0, _MANY), usual.most),
    )
    if limit.least > limit.most:
        section.problem("least", f"is {limit.least} and above `most`, which is {limit.most}.")
    section.finish()
    return limit


def _kind_limits(section: Section, usual: KindLimits) -> KindLimits:
    limits = KindLimits(
        create=_limit(section.section("create"), usual.create),
        adopt=_limit(section.section("adopt"), usual.adopt),
        rename=_limit(section.section("rename"), usual.rename),
        restore=_limit(section.section("restore"), usual.restore),
        deactivate=_limit(section.section("deactivate"), usual.deactivate),
        delete=_limit(section.section("delete"), usual.delete),
        enter=_limit(section.section("enter"), usual.enter),
        leave=_limit(section.section("leave"), usual.leave),
    )
    section.finish()
    return limits


def _limit(section: Section, usual: Limit) -> Limit:
    limit = Limit(
        percent=section.take("percent", number(0, _MOST_GROWTH), usual.percent),
        minimum=section.take("minimum", whole(0, _MANY), usual.minimum),
        most=section.take("most", whole(0, _MANY), usual.most),
    )
    section.finish()
    return limit


def _dimensions(section: Section, usual: Dimensions) -> Dimensions:
    department = section.section("department")
    attribute = department.take("attribute", _single_attribute, usual.department_attribute)
    dimensions = Dimensions(
        directory=_dimension(section.section("directory"), USUAL_SHARES),
        unit=_dimension(section.section("unit"), USUAL_SHARES),
        department=_dimension(department, USUAL_SHARES),
        group=_members(section.section("group"), MEMBERS_OF_A_GROUP),
        department_attribute=attribute,
    )
    section.finish()
    return dimensions


def _dimension(section: Section, usual: DimensionLimit) -> DimensionLimit:
    growth = number(0, _MOST_GROWTH)
    limit = DimensionLimit(
        population=section.take("population", whole(0, _MANY), usual.population),
        minimum=section.take("minimum", whole(0, _MANY), usual.minimum),
        remove=section.take(Deed.REMOVE, percent, usual.remove),
        rename=section.take(Deed.RENAME, percent, usual.rename),
        update=section.take(Deed.UPDATE, percent, usual.update),
        restore=section.take(Deed.RESTORE, growth, usual.restore),
        create=section.take(Deed.CREATE, growth, usual.create),
    )
    section.finish()
    return limit


def _members(section: Section, usual: DimensionLimit) -> DimensionLimit:
    limit = DimensionLimit(
        population=section.take("population", whole(0, _MANY), usual.population),
        minimum=section.take("minimum", whole(0, _MANY), usual.minimum),
        remove=section.take(Deed.REMOVE, percent, usual.remove),
        rename=usual.rename,
    )
    section.finish()
    return limit


def _privileged(section: Section, usual: Privileged) -> Privileged:
    privileged = Privileged(
        groups=section.take("groups", texts, usual.groups),
        entering=section.take("entering", whole(0, _MANY), usual.entering),
        leaving=section.take("leaving", whole(0, _MANY), usual.leaving),
    )
    section.finish()
    return privileged


def _canary(section: Section, usual: Canary) -> Canary:
    canary = Canary(
        above=section.take("above", whole(0, _MANY), usual.above),
        first=section.take("first", whole(0, _MANY), usual.first),
        pilot=section.take("pilot", filled, usual.pilot),
        error_percent=section.take("error_percent", percent, usual.error_percent),
    )
    section.finish()
    return canary


def _error_rate(section: Section, usual: ErrorRate) -> ErrorRate:
    rate = ErrorRate(
        percent=section.take("percent", percent, usual.percent),
        window=section.take("window", whole(1, _MANY), usual.window),
    )
    section.finish()
    return rate


def _attributes(section: Section) -> Mapping[str, float]:
    """Return the shares of single attributes by path of the model; shown as they are written."""
    shares = section.read("attributes", _shares, {})
    node = section.get("attributes")
    shown = ", ".join(f"{written_path(path)} {show(share)}" for path, share in shares.items())
    section.show("attributes", shown, f"{node.place.file}:{node.place.line}" if node is not None else "default")
    return shares


def _shares(field: Field) -> Mapping[str, float]:
    if not isinstance(field.node, MappingNode):
        raise Unfit(f"must be a block of attributes and shares, such as `title: 20`, not {describe(field.node)}.")
    vocabulary = VOCABULARIES[ResourceType.USER]
    known = {**vocabulary.single, **vocabulary.multi}
    shares: dict[str, float] = {}
    for entry in field.node.entries:
        where = f"{field.path}.{entry.name}"
        path = known.get(entry.name)
        if path is None:
            field.reading.problem(entry.place, where, unknown(entry.name, list(known)))
            continue
        try:
            shares[path] = percent(Field(field.reading, where, entry.node, field.origin))
        except Unfit as error:
            field.reading.problem(entry.node.place, where, str(error))
    return shares


def _single_attribute(field: Field) -> str:
    written = filled(field)
    known = VOCABULARIES[ResourceType.USER].single
    if written not in known:
        raise Unfit(f"`{written[:60]}` {unknown(written, list(known))}")
    return known[written]
