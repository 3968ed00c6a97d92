"""Members of groups at a service whose lists do not show them: asked for one by one, or remembered."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

from ldap2scim.errors import ResourceNotFound
from ldap2scim.model import Key, ResourceType
from ldap2scim.run.context import Run
from ldap2scim.run.service_view import ServiceView, ShownMember, foreign_id, shown_members
from ldap2scim.scim.habits import MembersShown
from ldap2scim.scim.requests import Target
from ldap2scim.state import remembered

AT_ONCE: Final = 100
"""Groups asked for together; the connection sends as many at once as the settings say."""


async def unshown_members(run: Run, groups: Iterable[str]) -> Mapping[str, list[ShownMember]]:
    """Return the members of groups of the service, by id, which its lists do not show.

    Raises:
        ServiceError: one of them cannot be read; nothing is known of its members.
    """
    view = run.session.view
    match view.profile.members_shown:
        case MembersShown.LISTS:
            return {}
        case MembersShown.ONE_GROUP:
            ids = list(groups)
            chunks = [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]
            answers = [one for chunk in chunks for one in await asyncio.gather(*(_ask(view, each) for each in chunk))]
            return dict(zip(ids, answers, strict=True))
        case MembersShown.NOWHERE:
            return _remembered(run, frozenset(groups))


async def _ask(view: ServiceView, group: str) -> list[ShownMember]:
    try:
        return shown_members(await view.read(Target(ResourceType.GROUP, group)))
    except ResourceNotFound:
        return []  # deleted since it was listed


def _remembered(run: Run, groups: frozenset[str]) -> Mapping[str, list[ShownMember]]:
    known = remembered.keys_by_service_id(run.store, ResourceType.GROUP)
    found: dict[str, list[ShownMember]] = {}
    for identifier, (key, _) in known.items():
        if identifier not in groups:
            continue
        members = remembered.members_of(run.store, Key(key))
        rows = remembered.rows(run.store, members)
        ids = (foreign_id(one) or (rows[one].service_id if one in rows else "") for one in members)
        found[identifier] = [ShownMember(one, None) for one in ids if one]
    return found
