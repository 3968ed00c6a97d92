"""Tries a service out on one user and one group of its own, and removes both in every case.

Nothing else is touched: each write goes to an id that a creation of this probe returned, or that a look-up by the
probe's own, unmistakable names found.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final
from uuid import uuid4

from ldap2scim.errors import OutcomeUnknown, ResourceNotFound, ServiceError, UniquenessConflict
from ldap2scim.model import Attributes, ResourceType
from ldap2scim.planning.operations import AttributeChange
from ldap2scim.run.probe_reads import ends, tried
from ldap2scim.run.probed import Findings
from ldap2scim.run.service_view import LOGIN_ON_WIRE, member_ids
from ldap2scim.scim import put, requests
from ldap2scim.scim.echo import ignored_attributes
from ldap2scim.scim.filters import eq
from ldap2scim.scim.habits import MemberRemovals, MembersShown, PatchPaths, RestoreMethod, UpdateMethod, UserDeletion
from ldap2scim.scim.layout import layout, member_of
from ldap2scim.scim.profiles import Profile
from ldap2scim.scim.provider import Json, ScimRequest, ScimResponse, ServiceProvider
from ldap2scim.scim.requests import Target
from ldap2scim.scim.wire import identifier_of, managed_from, service_id, to_wire

NAME: Final = "ldap2scim-probe"
USER, GROUP = ResourceType.USER, ResourceType.GROUP
_KEPT_ALWAYS: Final = frozenset({"user_name", "external_id", "display_name", "active"})


class Writer:
    """The probe's user and group at one service."""

    def __init__(self, service: ServiceProvider, profile: Profile, found: Findings, domain: str) -> None:
        mark = uuid4().hex[:12]
        self._service = service
        self._profile = profile
        self._found = found
        self._names = {USER: f"{NAME}-{mark}@{domain}", GROUP: f"{NAME}-{mark}"}
        self._user: Attributes = {
            "user_name": self._names[USER],
            "external_id": f"{NAME}-{mark}-user",
            "display_name": f"{NAME} {mark}",
            "name": {"family_name": "Probe", "given_name": "Throwaway", "formatted": "Throwaway Probe"},
            "emails": ({"value": self._names[USER], "type": "work", "primary": True},),
            "title": "probe",
            "nick_name": "probe",
            "active": True,
        }
        self._group: Attributes = {"display_name": self._names[GROUP], "external_id": f"{NAME}-{mark}-group"}
        self._ids: dict[ResourceType, str] = {}
        self._begun: set[ResourceType] = set()
        self._creating: asyncio.Future[ScimResponse] | None = None

    async def try_out(self) -> None:
        """Ask every question that needs a write.

        Raises:
            AccessRefused, ServiceUnavailable: no other question would be answered either.
        """
        try:
            await tried(self._creation, self._found)
            if USER in self._ids:
                for question in (self._change_of_a_user, self._put_of_a_user, self._members, self._deactivation):
                    await tried(question, self._found)
                await tried(self._deletion, self._found)
        finally:
            await _to_its_end(self._clean_up())

    async def _creation(self) -> None:
        for kind, attributes in ((USER, self._user), (GROUP, self._group)):
            self._begun.add(kind)
            request = requests.create(kind, attributes, self._profile)
            answer = await self._create(request)
            identifier = identifier_of(answer.body, answer.location)
            if identifier is None:
                self._found.note(f"Creation of a {kind.value.lower()}", "is answered without an id")
                continue
            self._ids[kind] = identifier
            lost = ignored_attributes(request.body or {}, await self._read(kind))
            words = f"works; not kept: {', '.join(lost)}" if lost else "works; everything that was sent is kept"
            self._found.note(f"Creation of a {kind.value.lower()}", words)
            dropped = self._found.said.get("ignored", ())
            self._found.said["ignored"] = (*dropped, *((kind, path) for path in _paths(kind, lost, self._profile)))

    async def _change_of_a_user(self) -> None:
        for way in (self._profile.patch_paths, *(one for one in PatchPaths if one is not self._profile.patch_paths)):
            profile = replace(self._profile, patch_paths=way)
            title = f"patched {way.value}"
            changes = (AttributeChange("title", "probe", title),)
            if await self._does(requests.update(self._target(USER), changes, profile), title):
                self._profile = profile
                self._found.note("PATCH of a user", f"works, with the path {way.value}")
                self._found.said.update(update=UpdateMethod.PATCH, patch_paths=way)
                return
        self._found.note("PATCH of a user", "changes nothing", update=UpdateMethod.PUT)

    async def _put_of_a_user(self) -> None:
        wanted = {**self._user, "title": "put"}
        managed = managed_from({"title"})
        body = put.with_attributes(USER, await self._read(USER), {"title": "put"}, managed, self._profile)
        works = await self._does(requests.replace(self._target(USER), body), "put")
        self._found.note("PUT of a user", "works" if works else "changes nothing")
        if works:
            short = {name: value for name, value in wanted.items() if name != "nick_name"}
            await self._send(requests.replace(self._target(USER), to_wire(USER, short, self._profile)))
            kept = member_of(await self._read(USER), "nickName")
            self._found.note("PUT without an attribute", "leaves it as it was" if kept else "takes it away")

    async def _members(self) -> None:
        if GROUP not in self._ids:
            return None
        member = self._ids[USER]
        for request in requests.change_members(self._target(GROUP), [member], [], self._profile):
            await self._send(request)
        if member not in member_ids(await self._read(GROUP)):
            words = "is answered with success, and the group does not show it"
            return self._found.note("PATCH that adds a member", words, members_shown=MembersShown.NOWHERE)
        self._found.note("PATCH that adds a member", "works", group_update=UpdateMethod.PATCH)
        removals = self._profile.member_removals
        for way in (removals, *(one for one in MemberRemovals if one is not removals)):
            profile = replace(self._profile, member_removals=way)
            (request,) = requests.change_members(self._target(GROUP), [], [member], profile)
            if await self._accepted(request) and member not in member_ids(await self._read(GROUP)):
                return self._found.note("PATCH that removes a member", f"works {way.value}", member_removals=way)
        return self._found.note("PATCH that removes a member", "leaves it in the group")

    async def _deactivation(self) -> None:
        active: list[bool] = []
        for wanted in (False, True):
            current = await self._read(USER)
            if self._found.said.get("update") is UpdateMethod.PUT:
                await self._send(requests.replace(self._target(USER), put.with_activity(current, active=wanted)))
            else:
                changes = (AttributeChange("active", not wanted, wanted),)
                await self._send(requests.update(self._target(USER), changes, self._profile))
            held = member_of(await self._read(USER), "active")
            active.append(held is wanted or str(held).casefold() == str(wanted).casefold())
        words = {(True, True): "works, and so does the way back", (True, False): "works, and the way back does not"}
        self._found.note("Deactivation", words.get((active[0], active[1]), "changes nothing"))

    async def _deletion(self) -> None:
        before = self._ids[USER]
        await self._send(requests.delete(self._target(USER)))
        try:
            await self._read(USER)
        except ResourceNotFound:
            self._found.note("DELETE of a user", "works: the user is not found any more")
        else:
            self._found.note("DELETE of a user", "is answered with success, and the user is still shown")
        try:
            answer = await self._create(requests.create(USER, self._user, self._profile))
        except UniquenessConflict:
            words = "is refused: the login stays taken"
            return self._found.note("Re-creation of the deleted user", words, deletion=UserDeletion.PENDING)
        self._ids[USER] = identifier_of(answer.body, answer.location) or before
        if self._ids[USER] == before:
            words = "brings back the one who was deleted"
            said = {"deletion": UserDeletion.PENDING, "restore": RestoreMethod.POST}
            return self._found.note("Re-creation of the deleted user", words, **said)
        words = "makes a new user with another id"
        return self._found.note("Re-creation of the deleted user", words, deletion=UserDeletion.FINAL)

    async def _clean_up(self) -> None:
        """Remove what was made, the group first; what cannot be removed is named."""
        for kind in (GROUP, USER):
            if kind not in self._begun:
                continue
            try:
                await self._finish_creation()
                gone = await self._removed(kind)
            except ServiceError:
                gone = False
            if not gone:
                self._found.left.append(f"{kind.value.lower()} {self._names[kind]}")
        if self._found.said.get("deletion") is UserDeletion.PENDING:
            words = f"{self._names[USER]} stays among the deleted users until somebody purges it in the console"
            self._found.note("The user of this probe", words)

    async def _create(self, request: ScimRequest) -> ScimResponse:
        """Send a creation that goes on when the probe is interrupted: what it makes must be known, to be removed."""
        self._creating = asyncio.ensure_future(self._send(request))
        return await asyncio.shield(self._creating)

    async def _finish_creation(self) -> None:
        if self._creating is not None and not self._creating.done():
            with suppress(ServiceError):
                await self._creating

    async def _removed(self, kind: ResourceType) -> bool:
        found = {one for one in (self._ids.get(kind),) if one}
        # A creation whose answer was lost is found by its name.
        wanted, attribute = self._names[kind], LOGIN_ON_WIRE[kind]
        async for resource in self._service.list_all(kind, eq(attribute, wanted)):
            if str(member_of(resource, attribute)).casefold() == wanted.casefold():
                found.add(service_id(resource) or "")
        for identifier in found - {""}:
            try:
                await self._send(requests.delete(Target(kind, identifier)))
                await self._send(requests.read(Target(kind, identifier)))
            except ResourceNotFound:
                continue
            return False  # it is still shown
        return True

    async def _does(self, request: ScimRequest, title: str) -> bool:
        return await self._accepted(request) and member_of(await self._read(USER), "title") == title

    async def _accepted(self, request: ScimRequest) -> bool:
        try:
            await self._send(request)
        except ServiceError as error:
            if ends(error) or isinstance(error, OutcomeUnknown):
                raise
            return False
        return True

    async def _send(self, request: ScimRequest) -> ScimResponse:
        return await self._service.send(request)

    async def _read(self, kind: ResourceType) -> Json:
        return (await self._send(requests.read(self._target(kind)))).body or {}

    def _target(self, kind: ResourceType) -> Target:
        return Target(kind, self._ids[kind])


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Do it even where the probe is interrupted meanwhile."""
    doing = asyncio.ensure_future(work)
    try:
        await asyncio.shield(doing)
    except asyncio.CancelledError:
        await doing
        raise


def _paths(kind: ResourceType, lost: tuple[str, ...], profile: Profile) -> tuple[str, ...]:
    """Return the attributes of the model that were lost, given as on the wire."""
    known: dict[str, str] = {}
    for attribute, place in layout(kind, profile).items():
        known[place.path()] = attribute
        for sub in place.sub_attributes:
            known[place.path(sub)] = f"{attribute}.{sub}"
    return tuple(path for one in lost if (path := known.get(one)) and path not in _KEPT_ALWAYS)
