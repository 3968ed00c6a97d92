"""A profile as the settings correct it. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from ldap2scim.model import ResourceType
from ldap2scim.scim.assumptions import NOTHING_SAID, Assumptions
from ldap2scim.scim.habits import UserDeletion
from ldap2scim.scim.profiles.guidance import Guidance
from ldap2scim.scim.profiles.profile import TWO_STEPS, Profile, RemovalState, RemovalStep, Return


@lru_cache(maxsize=64)
def corrected(profile: Profile, assumed: Assumptions) -> Profile:
    """Return the profile with what the settings say in the place of what it assumes.

    The same two give the same object: layouts are kept by profile.
    """
    if assumed == NOTHING_SAID:
        return profile
    return replace(
        profile,
        restore=assumed.restore or profile.restore,
        update=assumed.update or profile.update,
        group_update=assumed.group_update or assumed.update or profile.group_update,
        listing=assumed.listing or profile.listing,
        paging=assumed.paging or profile.paging,
        page_size=assumed.page_size or profile.page_size,
        members_per_request=assumed.members_per_request or profile.members_per_request,
        bytes_per_request=assumed.bytes_per_request or profile.bytes_per_request,
        patch_paths=assumed.patch_paths or profile.patch_paths,
        member_additions=assumed.member_additions or profile.member_additions,
        member_removals=assumed.member_removals or profile.member_removals,
        members_shown=assumed.members_shown or profile.members_shown,
        trusted_external_id_filter=_said(assumed.external_id_filter, profile.trusted_external_id_filter),
        nested_groups=_said(assumed.nested_groups, profile.nested_groups),
        ignored=_ignored(profile, assumed),
        placements=_placements(profile, assumed),
        user_deletion=assumed.deletion or profile.user_deletion,
        removal=_removal(profile, assumed.deletion),
        guidance=_guidance(profile.guidance, assumed),
        unproven={name: words for name, words in profile.unproven.items() if not getattr(assumed, name)},
    )


def _guidance(guidance: Guidance, assumed: Assumptions) -> Guidance:
    longest = {
        kind: {
            **guidance.longest.get(kind, {}),
            **{path: most for found, path, most in assumed.longest if found is kind},
        }
        for kind in ResourceType
    }
    return replace(
        guidance,
        longest=longest,
        most_members=assumed.most_members or guidance.most_members,
        unique_email=_said(assumed.unique_email, guidance.unique_email),
    )


def _said(said: bool | None, assumed: bool) -> bool:
    return assumed if said is None else said


def _ignored(profile: Profile, assumed: Assumptions) -> Mapping[ResourceType, frozenset[str]]:
    return {
        kind: profile.ignored.get(kind, frozenset()) | {path for found, path in assumed.ignored if found is kind}
        for kind in ResourceType
    }


def _placements(profile: Profile, assumed: Assumptions) -> Mapping[ResourceType, Mapping[str, str]]:
    return {
        kind: {
            **profile.placements.get(kind, {}),
            **{attribute: urn for found, attribute, urn in assumed.placements if found is kind},
        }
        for kind in ResourceType
    }


def _removal(profile: Profile, said: UserDeletion | None) -> tuple[RemovalStep, ...]:
    if said is None or said is profile.user_deletion:
        return profile.removal
    if said is UserDeletion.FINAL:
        return tuple(step for step in profile.removal if step.state is not RemovalState.PENDING)
    return (TWO_STEPS[0], RemovalStep(RemovalState.PENDING, Return.AS_BEFORE), *profile.removal[1:])
