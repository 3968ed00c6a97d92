"""What is asked of a service, as requests of RFC 7644 §3. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from ldap2scim.model import Attributes, ResourceType
from ldap2scim.planning.operations import AttributeChange
from ldap2scim.scim.filters import eq
from ldap2scim.scim.patch import attribute_operations, in_dialect, member_requests, patch_op
from ldap2scim.scim.profiles import ListingMethod, Profile
from ldap2scim.scim.provider import Json, ScimRequest
from ldap2scim.scim.schemas import ENDPOINT, SEARCH_REQUEST
from ldap2scim.scim.wire import to_wire

SERVICE_PROVIDER_CONFIG: Final = ScimRequest("GET", "/ServiceProviderConfig")


@dataclass(frozen=True, slots=True)
class Target:
    """The resource that a request is about."""

    resource_type: ResourceType
    service_id: str
    version: str | None = None
    """That it must still have; only for a service with ETags (`Capabilities.etag`)."""

    @property
    def path(self) -> str:
        """Path below the base URL. An id may be a login with any character in it."""
        return f"{ENDPOINT[self.resource_type]}/{quote(self.service_id, safe='')}"


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a listing is wanted (RFC 7644 §3.4.2)."""

    scim_filter: str | None = None
    start: int | None = None
    """Index of the first resource, from 1."""
    count: int | None = None
    excluded: tuple[str, ...] = ()
    """Attributes that need not be returned, as on the wire."""
    cursor: str | None = None
    """Of RFC 9865, in place of `start`; empty: the first page."""


def create(resource_type: ResourceType, attributes: Attributes, profile: Profile) -> ScimRequest:
    """POST of a new resource. A group is created empty; its members follow by `change_members`."""
    return ScimRequest("POST", ENDPOINT[resource_type], to_wire(resource_type, attributes, profile))


def read(target: Target, excluded: Sequence[str] = ()) -> ScimRequest:
    """GET of one resource."""
    return ScimRequest("GET", target.path, query=(("excludedAttributes", ",".join(excluded)),) if excluded else ())


def update(target: Target, changes: Iterable[AttributeChange], profile: Profile) -> ScimRequest:
    """PATCH of the attributes that differ."""
    return _patch(target, attribute_operations(target.resource_type, changes, profile))


def replace(target: Target, body: Json) -> ScimRequest:
    """PUT, where a service has no PATCH. `put` makes the body from what the service holds now."""
    return ScimRequest("PUT", target.path, body, if_match=target.version)


def deactivate(target: Target, profile: Profile) -> ScimRequest:
    """PATCH that disables a user."""
    return _patch(target, (in_dialect({"op": "replace", "path": "active", "value": False}, profile),))


def delete(target: Target) -> ScimRequest:
    """DELETE; at the IIJ ID Service a user goes to pending deletion."""
    return ScimRequest("DELETE", target.path, if_match=target.version)


def activate(target: Target, changes: Iterable[AttributeChange], profile: Profile) -> ScimRequest:
    """PATCH that brings a user back with whatever else changed meanwhile (`RestoreMethod.ACTIVATE`)."""
    others = [change for change in changes if change.path != "active"]
    enable = in_dialect({"op": "replace", "path": "active", "value": True}, profile)
    return _patch(target, (enable, *attribute_operations(target.resource_type, others, profile)))


def create_again(attributes: Attributes, profile: Profile) -> ScimRequest:
    """POST of a user in pending deletion, who is paired by login and externalId (`RestoreMethod.POST`)."""
    return create(ResourceType.USER, attributes, profile)


def change_members(
    target: Target, added: Sequence[str], removed: Sequence[str], profile: Profile, groups: Collection[str] = ()
) -> tuple[ScimRequest, ...]:
    """PATCH requests that change the members of a group, each within the limits of the profile.

    `groups` are those of `added` that are groups. They carry no version, since each of them makes a new one.
    """
    return tuple(
        ScimRequest("PATCH", target.path, patch_op(operations))
        for operations in member_requests(added, removed, profile, groups)
    )


def find_by(
    resource_type: ResourceType, attribute: str, value: str, profile: Profile, excluded: tuple[str, ...] = ()
) -> ScimRequest:
    """Look-up of the resources with `attribute` (as on the wire: `externalId`, `userName`) equal to `value`."""
    return list_page(resource_type, Page(eq(attribute, value), excluded=excluded), profile)


def list_page(resource_type: ResourceType, page: Page, profile: Profile) -> ScimRequest:
    """One page of a listing, by GET or by POST to `/.search` as the service likes it."""
    asked: dict[str, str | int | list[str]] = {}
    if page.scim_filter:
        asked["filter"] = page.scim_filter
    if page.cursor is not None:
        asked["cursor"] = page.cursor
    elif page.start is not None:
        asked["startIndex"] = page.start
    if page.count is not None:
        asked["count"] = page.count
    if page.excluded and profile.projects:
        asked["excludedAttributes"] = list(page.excluded)
    endpoint = ENDPOINT[resource_type]
    match profile.listing:
        case ListingMethod.SEARCH:
            return ScimRequest("POST", f"{endpoint}/.search", {"schemas": [SEARCH_REQUEST], **asked})
        case ListingMethod.GET:
            query = (
                (name, ",".join(value) if isinstance(value, list) else str(value)) for name, value in asked.items()
            )
            return ScimRequest("GET", endpoint, query=tuple(query))


def is_write(request: ScimRequest) -> bool:
    """Say whether a request changes something."""
    return request.method != "GET" and not request.path.endswith("/.search")


def is_repeatable(request: ScimRequest) -> bool:
    """Say whether carrying out a request twice leaves the service as once would (RFC 9110 §9.2.2).

    A PATCH of ours is: it replaces, removes, gives a single value, or adds members, and a member is in a
    group once (RFC 7644 §3.5.2.1).
    """
    match request.method:
        case "GET" | "PUT" | "DELETE":
            return True
        case "PATCH":
            operations = (request.body or {}).get("Operations", ())
            return all(_leaves_the_same(operation) for operation in operations)
        case _:
            return not is_write(request)


def _leaves_the_same(operation: Mapping[str, Any]) -> bool:
    return (
        operation["op"] != "add" or operation.get("path") == "members" or not isinstance(operation.get("value"), list)
    )


def _patch(target: Target, operations: Sequence[Json]) -> ScimRequest:
    return ScimRequest("PATCH", target.path, patch_op(operations), if_match=target.version)
