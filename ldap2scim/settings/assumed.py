"""Reads `service.assume`: what an administrator knows of a service, in place of what its profile assumes. No I/O."""

from enum import StrEnum
from typing import Final

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

_SECTIONS: Final = {kind: f"{kind.value.lower()}" for kind in ResourceType}


class Irreversible(StrEnum):
    """Whether a removal may be asked for that nobody can undo."""

    REFUSE = "refuse"
    ALLOW = "allow"


def read_assumptions(section: Section) -> Assumptions:
    """Return what the block says."""
    assumed = Assumptions(
        restore=section.take("restore", one_of(RestoreMethod), None),
        update=section.take("update", one_of(UpdateMethod), None),
        group_update=section.take("group_update", one_of(UpdateMethod), None),
        deletion=section.take("deletion", one_of(UserDeletion), None),
        listing=section.take("listing", one_of(ListingMethod), None),
        paging=section.take("paging", one_of(Paging), None),
        page_size=section.take("page_size", whole(1, 10_000), None),
        members_per_request=section.take("members_per_request", whole(1, 100_000), None),
        bytes_per_request=section.take("bytes_per_request", whole(500, 100_000_000), None),
        patch_paths=section.take("patch_paths", one_of(PatchPaths), None),
        member_additions=section.take("member_additions", one_of(MemberAdditions), None),
        member_removals=section.take("member_removals", one_of(MemberRemovals), None),
        members_shown=section.take("members_shown", one_of(MembersShown), None),
        external_id_filter=section.take("external_id_filter", boolean, None),
        nested_groups=section.take("nested_groups", boolean, None),
        ignored=_ignored(section.section("ignored")),
        placements=_placements(section.section("placements")),
    )
    section.finish()
    return assumed


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
    found = [(kind, path) for kind, name in _SECTIONS.items() for path in section.take(name, _paths(kind), ())]
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


def _placements(section: Section) -> tuple[tuple[ResourceType, str, str], ...]:
    found: list[tuple[ResourceType, str, str]] = []
    for kind, name in _SECTIONS.items():
        part = section.section(name)
        for attribute in sorted(OUTSIDE_THE_RFC[kind]):
            urn = part.take(camel(attribute), _urn, None)
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
