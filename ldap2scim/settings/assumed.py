"""Reads `service.assume`: what an administrator knows of a service, in place of what its profile assumes. No I/O."""

from enum import StrEnum
from typing import Final, TypeVar

from ldap2scim.model import ResourceType
from ldap2scim.scim.assumptions import Assumptions
from ldap2scim.scim.habits import (
    ListingMethod,
    MemberAdditions,
    MemberRemovals,
    MembersShown,
    Paging,
    PatchPaths,
    RestoreMethod,
    UpdateMethod,
    UserDeletion,
)
from ldap2scim.scim.profiles import Profile
from ldap2scim.scim.profiles.profile import OUTSIDE_THE_RFC
from ldap2scim.scim.settings import Leavers
from ldap2scim.settings.attribute_names import VOCABULARIES, camel
from ldap2scim.settings.reading import Field, Parser, Section, Unfit, unknown
from ldap2scim.settings.values import boolean, filled, one_of, texts, whole

T = TypeVar("T")

_SECTIONS: Final = {kind: kind.value.lower() for kind in ResourceType}


class Irreversible(StrEnum):
    """Whether a removal may be asked for that nobody can undo."""

    REFUSE = "refuse"
    ALLOW = "allow"


def read_assumptions(section: Section) -> Assumptions:
    """Return what the block says."""
    assumed = Assumptions(
        restore=_written(section, "restore", one_of(RestoreMethod)),
        update=_written(section, "update", one_of(UpdateMethod)),
        group_update=_written(section, "group_update", one_of(UpdateMethod)),
        deletion=_written(section, "deletion", one_of(UserDeletion)),
        listing=_written(section, "listing", one_of(ListingMethod)),
        paging=_written(section, "paging", one_of(Paging)),
        page_size=_written(section, "page_size", whole(1, 10_000)),
        members_per_request=_written(section, "members_per_request", whole(1, 100_000)),
        bytes_per_request=_written(section, "bytes_per_request", whole(500, 100_000_000)),
        patch_paths=_written(section, "patch_paths", one_of(PatchPaths)),
        member_additions=_written(section, "member_additions", one_of(MemberAdditions)),
        member_removals=_written(section, "member_removals", one_of(MemberRemovals)),
        members_shown=_written(section, "members_shown", one_of(MembersShown)),
        external_id_filter=_written(section, "external_id_filter", boolean),
        nested_groups=_written(section, "nested_groups", boolean),
        most_members=_written(section, "most_members", whole(1, 100_000_000)),
        unique_email=_written(section, "unique_email", boolean),
        longest=_longest(section.section("longest")),
        ignored=_ignored(section.section("ignored")),
        placements=_placements(section.section("placements")),
    )
    section.finish()
    return assumed


def _written(section: Section, name: str, parse: Parser[T]) -> T | None:
    """Return the value of a key; where nothing is written there is no row for it either."""
    return None if section.get(name) is None else section.take(name, parse, None)


def check_leavers(section: Section, leavers: Leavers, profile: Profile) -> None:
    """Refuse a removal that the service has not, or that cannot be undone and was not allowed in as many words."""
    allowed = section.take("irreversible", one_of(Irreversible), Irreversible.REFUSE)
    if leavers is not Leavers.DELETE:
        return
    if not profile.deletes_users:
        section.problem(
            "leavers",
            f"is `delete`, which users of a service of the profile `{profile.name}` do not know; write `deactivate`.",
        )
    elif profile.lossy_deletion and allowed is Irreversible.REFUSE:
        section.problem(
            "leavers",
            f"is `delete`, which nobody can undo at a service of the profile `{profile.name}`, not even by a new "
            "account for the same person. Write `deactivate`; or, if it is meant so, `irreversible: allow` beside it.",
        )


def _ignored(section: Section) -> tuple[tuple[ResourceType, str], ...]:
    found = [(kind, path) for kind, name in _SECTIONS.items() for path in _written(section, name, _paths(kind)) or ()]
    section.finish()
    return tuple(found)


def _paths(kind: ResourceType) -> Parser[tuple[str, ...]]:
    vocabulary = VOCABULARIES[kind]
    known = {**vocabulary.single, **vocabulary.multi}
    known |= {name: model for name, model in vocabulary.blocks.items() if not name.startswith("urn:")}

    def parse(field: Field) -> tuple[str, ...]:
        names = texts(field)
        for name in names:
            if name not in known:
                raise Unfit(f"names `{name[:60]}`, which {unknown(name, list(known))}")
            if name in {"userName", "externalId", "active", "displayName"}:
                raise Unfit(f"names `{name}`, which no synchronisation can do without.")
        return tuple(known[name] for name in names)

    return parse


def _longest(section: Section) -> tuple[tuple[ResourceType, str, int], ...]:
    found: list[tuple[ResourceType, str, int]] = []
    for kind, name in _SECTIONS.items():
        part = section.section(name)
        for written, path in sorted(VOCABULARIES[kind].single.items()):
            most = _written(part, written, whole(1, 1_000_000))
            if most is not None:
                found.append((kind, path, most))
        part.finish()
    section.finish()
    return tuple(found)


def _placements(section: Section) -> tuple[tuple[ResourceType, str, str], ...]:
    found: list[tuple[ResourceType, str, str]] = []
    for kind, name in _SECTIONS.items():
        part = section.section(name)
        for attribute in sorted(OUTSIDE_THE_RFC[kind]):
            urn = _written(part, camel(attribute), _urn)
            if urn is not None:
                found.append((kind, attribute, urn))
        part.finish()
    section.finish()
    return tuple(found)


def _urn(field: Field) -> str:
    value = filled(field)
    if not value.lower().startswith("urn:") or value.count(":") < 2 or " " in value:
        raise Unfit("must be the URN of a schema, such as `urn:example:params:scim:schemas:extension:acme:2.0:User`.")
    return value
