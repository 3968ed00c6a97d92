"""Reads the block `safety`, which both forms of the settings file share. No I/O."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from ldap2scim.model import ResourceType
from ldap2scim.planning.policy import (
    MEMBERS_OF_A_GROUP,
    USUAL_SHARES,
    DimensionLimit,
    Dimensions,
    KindLimits,
    Limit,
    RemovalLimit,
    SafetyPolicy,
)
from ldap2scim.settings.attribute_names import VOCABULARIES, written_path
from ldap2scim.settings.nodes import MappingNode, describe
from ldap2scim.settings.reading import Field, Parser, Section, Unfit, show, unknown
from ldap2scim.settings.values import filled, number, percent, texts, whole

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")

_MANY = 100_000_000
_MOST_GROWTH = 1_000_000.0
"""Percent; creations may be more than there were."""


_share = number(0, _MOST_GROWTH)
_count = whole(0, _MANY)


def read_safety(section: Section) -> SafetyPolicy:
    """Return the limits of DESIGN §6, each with its default."""
    usual = SafetyPolicy()
    users, groups = (_removal_limit(section.section(name), getattr(usual, name)) for name in ("users", "groups"))
    policy = replace(
        _taken(
            section,
            usual,
            short_read_percent=percent,
            update_percent=percent,
            update_minimum=_count,
            member_loss_percent=percent,
            member_loss_minimum=_count,
            attribute_percent=percent,
            attribute_minimum=_count,
            protected=texts,
        ),
        users=users,
        groups=groups,
        attributes=_attributes(section),
        limits=_kind_limits(section.section("limits"), usual.limits),
        by=_dimensions(section.section("by"), usual.by),
        privileged=_block(
            section.section("privileged"), usual.privileged, groups=texts, entering=_count, leaving=_count
        ),
        canary=_block(
            section.section("canary"), usual.canary, above=_count, first=_count, pilot=filled, error_percent=percent
        ),
        errors=_block(section.section("errors"), usual.errors, percent=percent, window=whole(1, _MANY)),
    )
    section.finish()
    return policy


def _taken(section: Section, usual: T, **parsers: Parser[Any]) -> T:
    """Return the usual limits with what is written of these; a key is called as its field."""
    return replace(usual, **{name: section.take(name, parse, getattr(usual, name)) for name, parse in parsers.items()})


def _block(section: Section, usual: T, **parsers: Parser[Any]) -> T:
    """Return the same of a block that has nothing else."""
    taken = _taken(section, usual, **parsers)
    section.finish()
    return taken


def _removal_limit(section: Section, usual: RemovalLimit) -> RemovalLimit:
    limit = _taken(section, usual, least=_count, percent=percent, most=_count)
    if limit.least > limit.most:
        section.problem("least", f"is {limit.least} and above `most`, which is {limit.most}.")
    section.finish()
    return limit


def _kind_limits(section: Section, usual: KindLimits) -> KindLimits:
    kinds = ("create", "adopt", "rename", "restore", "deactivate", "delete", "enter", "leave")
    limits = KindLimits(*(_limit(section.section(kind), getattr(usual, kind)) for kind in kinds))
    section.finish()
    return limits


def _limit(section: Section, usual: Limit) -> Limit:
    return _block(section, usual, percent=_share, minimum=_count, most=_count)


def _dimensions(section: Section, usual: Dimensions) -> Dimensions:
    department = section.section("department")
    attribute = department.take("attribute", _single_attribute, usual.department_attribute)
    dimensions = Dimensions(
        directory=_dimension(section.section("directory"), USUAL_SHARES),
        unit=_dimension(section.section("unit"), USUAL_SHARES),
        department=_dimension(department, USUAL_SHARES),
        group=_block(section.section("group"), MEMBERS_OF_A_GROUP, population=_count, minimum=_count, remove=percent),
        department_attribute=attribute,
    )
    section.finish()
    return dimensions


def _dimension(section: Section, usual: DimensionLimit) -> DimensionLimit:
    return _block(
        section,
        usual,
        population=_count,
        minimum=_count,
        remove=percent,
        rename=percent,
        update=percent,
        restore=_share,
        create=_share,
    )


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
