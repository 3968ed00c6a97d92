"""A service as a run sees it: its profile and capabilities, and the questions that settle a doubt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ldap2scim.errors import NotScim, RequestRejected, ResourceNotFound, ServiceError
from ldap2scim.essence import fingerprint, to_essence
from ldap2scim.model import Attributes, Key, ResourceType
from ldap2scim.planning.attribute_changes import attribute_changes
from ldap2scim.planning.operations import AttributeChange
from ldap2scim.run.learned import Learned
from ldap2scim.scim import requests
from ldap2scim.scim.filters import eq
from ldap2scim.scim.layout import member_of
from ldap2scim.scim.profiles import Profile, UpdateMethod, UserDeletion
from ldap2scim.scim.provider import Capabilities, Json, ServiceProvider
from ldap2scim.scim.requests import Target
from ldap2scim.scim.schemas import ENDPOINT
from ldap2scim.scim.wire import Managed, from_wire, identifier_of, service_id, version_of
from ldap2scim.state.snapshot_rows import SnapshotRow

FOREIGN = "@service"
"""Directory part of the key of a member that no directory of ours has: `@service:<id>`. No directory has this name."""
LOGIN_ON_WIRE = {ResourceType.USER: "userName", ResourceType.GROUP: "displayName"}
LOGIN = {ResourceType.USER: "user_name", ResourceType.GROUP: "display_name"}
WITHOUT_MEMBERS: Final[Mapping[ResourceType, tuple[str, ...]]] = {
    ResourceType.USER: (),
    ResourceType.GROUP: ("members",),
}
"""What need not be returned where one resource is looked for."""


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
    learned: Learned = field(default_factory=Learned)
    """What the run has found out of it by using it."""

    def patches(self, resource_type: ResourceType) -> bool:
        """Say whether attributes of a kind are changed by PATCH."""
        return self._may_patch(resource_type) and self.learned.patches_attributes(resource_type)

    @property
    def patches_members(self) -> bool:
        """Whether members of groups are changed by PATCH."""
        return self._may_patch(ResourceType.GROUP) and self.learned.patches_members

    def _may_patch(self, resource_type: ResourceType) -> bool:
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

    async def read(self, target: Target, excluded: tuple[str, ...] = ()) -> Json:
        """Fetch one resource.

        Raises:
            ServiceError: there is none, or it cannot be read.
        """
        response = await self.service.send(requests.read(target, excluded if self.profile.projects else ()))
        body = response.body or {}
        found = service_id(body)
        # Whatever answers in the place of the service may answer in JSON as well. Case: an id may be a login.
        if found is None or found.casefold() != target.service_id.casefold():
            raise NotScim(
                f"GET {target.path} was answered by status {response.status} with something else than that resource.",
                "Check the base URL, and whether a proxy or cache answers in the service's place.",
                response.status,
            )
        return body

    async def find(self, resource_type: ResourceType, attributes: Attributes) -> Json | None:
        """Look for the resource with the externalId of `attributes`, else for the one with its login.

        None is proven: where nothing shows that filters work at this service, everything is listed.

        Raises:
            ServiceError: the service cannot be asked, or several resources have the externalId.
        """
        found = await self.look_up(resource_type, attributes)
        if found is not None or await self._filters_by_login(resource_type):
            return found
        return await self._find_in_all(resource_type, attributes)

    async def look_up(self, resource_type: ResourceType, attributes: Attributes) -> Json | None:
        """Look for a resource as `find` does; None only means that no filter found it.

        Raises:
            ServiceError: the service cannot be asked, or several resources have the externalId.
        """
        if not self.capabilities.filter:
            return await self._find_in_all(resource_type, attributes)
        login = (LOGIN_ON_WIRE[resource_type], attributes.get(LOGIN[resource_type]))
        asked = (("externalId", attributes.get("external_id")), login)
        for attribute, value in asked:
            if not isinstance(value, str) or attribute not in self.profile.look_ups[resource_type]:
                continue
            found = await self._equal(resource_type, attribute, value)
            if len(found) > 1 and attribute == "externalId":
                raise RequestRejected(
                    f"{len(found)} resources of {ENDPOINT[resource_type]} have the same externalId: "
                    f"{', '.join(sorted(str(service_id(one)) for one in found))}.",
                    "Remove all but one of them in the service's console.",
                )
            if found:
                return found[0]
        return None

    async def _equal(self, resource_type: ResourceType, attribute: str, value: str) -> list[Json]:
        listed = self.service.list_all(resource_type, eq(attribute, value), WITHOUT_MEMBERS[resource_type])
        found = [resource async for resource in listed]
        if found:
            self.learned.found_by(resource_type, attribute)
        return found

    async def _find_in_all(self, resource_type: ResourceType, attributes: Attributes) -> Json | None:
        login, wire = attributes.get(LOGIN[resource_type]), LOGIN_ON_WIRE[resource_type]
        same_login = None
        async for resource in self.service.list_all(resource_type, excluded=WITHOUT_MEMBERS[resource_type]):
            if attributes.get("external_id") and same_external_id(resource, attributes):
                return resource
            if isinstance(login, str) and str(member_of(resource, wire) or "").casefold() == login.casefold():
                same_login = resource
        return same_login

    async def _filters_by_login(self, resource_type: ResourceType) -> bool:
        """Say whether a filter on the login finds what is known to be there: some services answer 200 with nothing."""
        attribute = LOGIN_ON_WIRE[resource_type]
        if not self.capabilities.filter or self.learned.finds_by(resource_type, attribute):
            return True  # without filters, everything was listed
        for identifier in self.known(resource_type):
            try:
                known = await self.read(Target(resource_type, identifier), WITHOUT_MEMBERS[resource_type])
            except (ResourceNotFound, NotScim):
                continue
            login = member_of(known, attribute)
            if isinstance(login, str) and login:
                return bool(await self._equal(resource_type, attribute, login))
        return False

    def known(self, resource_type: ResourceType) -> tuple[str, ...]:
        """Return ids that the service is known to have."""
        return tuple(dict.fromkeys((*self.learned.seen(resource_type), *self.witnesses.get(resource_type, ()))))

    async def is_gone(self, target: Target) -> bool:
        """Say whether a resource is proven to be gone: it is not found again, and another one still answers.

        One 404 may come from a proxy, a wrong base URL or a service in trouble (DESIGN §6).
        """
        try:
            await self.read(Target(target.resource_type, target.service_id), WITHOUT_MEMBERS[target.resource_type])
        except ResourceNotFound:
            return await self._others_answer(target)
        except ServiceError:
            return False
        return False

    async def _others_answer(self, target: Target) -> bool:
        others = [one for one in self.known(target.resource_type) if one != target.service_id]
        for identifier in others:
            try:
                await self.read(Target(target.resource_type, identifier), WITHOUT_MEMBERS[target.resource_type])
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


def shows_active(user: Json) -> bool:
    """Say whether the service shows a user as enabled; some write booleans as text."""
    return str(member_of(user, "active")).casefold() == "true"


def shows_disabled(user: Json) -> bool:
    """Say whether the service shows a user as disabled; one that does not say shows neither."""
    return str(member_of(user, "active")).casefold() == "false"


def would_disable(shown: Json, attributes: Attributes) -> bool:
    """Say whether somebody whom the service shows as enabled would lose access by these attributes."""
    return attributes.get("active") is False and shows_active(shown)


def same_external_id(found: Json, attributes: Attributes) -> bool:
    """Say whether a found resource has the externalId that is wanted, or both have none."""
    held = member_of(found, "externalId")
    return (None if held in (None, "") else str(held)) == attributes.get("external_id")


class ShownMember(NamedTuple):
    """A member as the service shows it."""

    service_id: str
    resource_type: ResourceType | None
    """None: it does not say."""


def shown_members(group: Json) -> list[ShownMember]:
    """Return the members that the service shows of a group (RFC 7643 §4.2)."""
    held = member_of(group, "members")
    values = held if isinstance(held, list) else [held]
    members = [value if isinstance(value, Mapping) else {"value": value} for value in values]
    return [ShownMember(found, _type_of(one)) for one in members if (found := _member_id(one)) is not None]


def member_ids(group: Json) -> list[str]:
    """Return the ids of the members that the service shows of a group."""
    return [one.service_id for one in shown_members(group)]


def _member_id(member: Json) -> str | None:
    ref = member_of(member, "$ref")
    return identifier_of({"id": member_of(member, "value")}, ref if isinstance(ref, str) else None)


def _type_of(member: Json) -> ResourceType | None:
    written = str(member_of(member, "type") or "").casefold()
    for kind in ResourceType:
        if written == kind.value.casefold() or (not written and f"{ENDPOINT[kind]}/" in str(member_of(member, "$ref"))):
            return kind
    return None
