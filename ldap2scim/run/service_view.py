"""A service as a run sees it: its profile and capabilities, and the questions that settle a doubt."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote

from ldap2scim.errors import NotScim, ResourceNotFound, ServiceError
from ldap2scim.essence import fingerprint, to_essence
from ldap2scim.model import Attributes, Key, ResourceType
from ldap2scim.planning.attribute_changes import attribute_changes
from ldap2scim.planning.operations import AttributeChange
from ldap2scim.scim import requests
from ldap2scim.scim.filters import eq
from ldap2scim.scim.layout import member_of
from ldap2scim.scim.profiles import Profile, UpdateMethod, UserDeletion
from ldap2scim.scim.provider import Capabilities, Json, ServiceProvider
from ldap2scim.scim.requests import Target
from ldap2scim.scim.schemas import ENDPOINT
from ldap2scim.scim.wire import Managed, from_wire, service_id, version_of
from ldap2scim.state.snapshot_rows import SnapshotRow

FOREIGN = "@service"
"""Directory part of the key of a member that no directory of ours has: `@service:<id>`. No directory has this name."""
LOGIN_ON_WIRE = {ResourceType.USER: "userName", ResourceType.GROUP: "displayName"}
LOGIN = {ResourceType.USER: "user_name", ResourceType.GROUP: "display_name"}


def foreign_key(identifier: str) -> Key:
    """Return the key that stands for a resource of the service that is not ours."""
    return Key(f"{FOREIGN}:{identifier}")


def foreign_id(key: Key) -> str | None:
    """Return the id inside a foreign key; None for a key of ours."""
    directory, _, identifier = key.partition(":")
    return identifier if directory == FOREIGN else None


@dataclass(frozen=True, slots=True)
class ServiceView:
    """One service during one run."""

    service: ServiceProvider
    profile: Profile
    capabilities: Capabilities
    managed: Mapping[tuple[str, ResourceType], Managed]
    """What the mapping of each directory writes, by directory and kind."""
    witnesses: Mapping[ResourceType, tuple[str, ...]]
    """Two ids that the service is known to have: when one of them answers, a 404 for another id can be believed."""

    def patches(self, resource_type: ResourceType) -> bool:
        """Say whether changes of a kind go by PATCH."""
        return self.capabilities.patch and self.profile.update_of(resource_type) is UpdateMethod.PATCH

    def version(self, version: str | None) -> str | None:
        """Return a version that may be demanded of the service, None where it has none."""
        return version if self.capabilities.etag else None

    def keeps_leavers(self, resource_type: ResourceType) -> bool:
        """Say whether a deleted resource can come back: it is kept in the snapshot as one that has left."""
        return resource_type is ResourceType.USER and self.profile.user_deletion is UserDeletion.PENDING

    def managed_of(self, key: Key, resource_type: ResourceType) -> Managed:
        """Return what is managed of a resource."""
        return self.managed[key.partition(":")[0], resource_type]

    def held_of(self, key: Key, resource_type: ResourceType, body: Json, like: Attributes) -> Attributes:
        """Return what the service holds of the managed attributes."""
        return from_wire(resource_type, body, self.profile, self.managed_of(key, resource_type), like)

    def differences(
        self, key: Key, resource_type: ResourceType, body: Json, wanted: Attributes
    ) -> tuple[AttributeChange, ...]:
        """Return the changes that would make of `body` what is wanted."""
        held = self.held_of(key, resource_type, body, wanted)
        return attribute_changes(to_essence(held), to_essence(wanted))

    async def read(self, target: Target) -> Json:
        """Fetch one resource.

        Raises:
            ServiceError: there is none, or it cannot be read.
        """
        response = await self.service.send(requests.read(target))
        if response.body is None:
            raise NotScim(f"GET {target.path} was answered with nothing in it.", "Ask the operator of the service.")
        return response.body

    async def find(self, resource_type: ResourceType, attributes: Attributes) -> Json | None:
        """Look for the resource with the externalId of `attributes`, else for the one with its login.

        Raises:
            ServiceError: the service cannot be asked.
        """
        external_id = attributes.get("external_id")
        login = attributes.get(LOGIN[resource_type])
        for attribute, value in (("externalId", external_id), (LOGIN_ON_WIRE[resource_type], login)):
            if isinstance(value, str):
                async for resource in self.service.list_all(resource_type, eq(attribute, value)):
                    return resource
        return None

    async def is_gone(self, target: Target) -> bool:
        """Say whether a resource is proven to be gone: it is not found again, and another one still answers.

        One 404 may come from a proxy, a wrong base URL or a service in trouble (DESIGN §6).
        """
        try:
            await self.read(Target(target.resource_type, target.service_id))
        except ResourceNotFound:
            return await self._others_answer(target)
        except ServiceError:
            return False
        return False

    async def _others_answer(self, target: Target) -> bool:
        others = [one for one in self.witnesses.get(target.resource_type, ()) if one != target.service_id]
        for identifier in others:
            try:
                await self.read(Target(target.resource_type, identifier))
            except ServiceError:
                continue
            return True
        # Known ones that all seem gone as well are a service in trouble, whatever its lists say.
        return not others and await self._lists(target.resource_type)

    async def _lists(self, resource_type: ResourceType) -> bool:
        """With no other resource known, a list of this kind that can be read must do."""
        try:
            page = await self.service.send(requests.list_page(resource_type, requests.Page(count=1), self.profile))
        except ServiceError:
            return False
        return member_of(page.body or {}, "totalResults") is not None


def observed_row(view: ServiceView, key: Key, kind: ResourceType, found: Json, like: Attributes) -> SnapshotRow:
    """Return the snapshot row of what the service holds now."""
    held = view.held_of(key, kind, found, like)
    essence = to_essence(held)
    external_id, login = held.get("external_id"), held.get(LOGIN[kind])
    return SnapshotRow(
        key=key,
        resource_type=kind,
        service_id=service_id(found) or "",
        external_id=None if external_id is None else str(external_id),
        login=None if login is None else str(login),
        fingerprint=fingerprint(essence),
        essence=essence,
        version=view.version(version_of(found)),
    )


def same_external_id(found: Json, attributes: Attributes) -> bool:
    """Say whether a found resource has the externalId that is wanted, or both have none."""
    return (member_of(found, "externalId") or None) == attributes.get("external_id")


class ShownMember(NamedTuple):
    """A member as the service shows it."""

    service_id: str
    resource_type: ResourceType | None
    """None: it does not say."""


def shown_members(group: Json) -> list[ShownMember]:
    """Return the members that the service shows of a group (RFC 7643 §4.2)."""
    members = member_of(group, "members") or ()
    return [
        ShownMember(str(member_of(one, "value")), _type_of(one))
        for one in members
        if member_of(one, "value") is not None
    ]


def member_ids(group: Json) -> list[str]:
    """Return the ids of the members that the service shows of a group."""
    return [one.service_id for one in shown_members(group)]


def _type_of(member: Json) -> ResourceType | None:
    written = str(member_of(member, "type") or "").casefold()
    for kind in ResourceType:
        if written == kind.value.casefold() or (not written and f"{ENDPOINT[kind]}/" in str(member_of(member, "$ref"))):
            return kind
    return None


def identifier_of(body: Json | None, location: str | None) -> str | None:
    """Return the id of a created resource, from its body or else its Location (RFC 7644 §3.1)."""
    found = service_id(body) if body is not None else None
    if found is None and location:
        found = unquote(location.rstrip("/").rpartition("/")[2]) or None
    return found
