"""Attribute changes on their way to one resource: by PATCH, or by PUT where the service turns out to have none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ldap2scim.errors import RequestRejected, ServiceError
from ldap2scim.model import Attributes, Key, ResourceType
from ldap2scim.planning.operations import AttributeChange
from ldap2scim.planning.removals import takes_access
from ldap2scim.run.done import Remembered
from ldap2scim.run.service_view import ServiceView, shown_members, would_disable
from ldap2scim.scim import put, requests
from ldap2scim.scim.provider import Json, ScimRequest, ScimResponse
from ldap2scim.scim.requests import Target
from ldap2scim.scim.wire import version_of

_NOT_OFFERED: Final = frozenset({405, 501})


@dataclass(frozen=True, slots=True)
class Sent:
    """A write and its answer."""

    request: ScimRequest
    response: ScimResponse

    @property
    def body(self) -> Json | None:
        """What the service answered, if anything."""
        return self.response.body or None

    @property
    def version(self) -> str | None:
        """The new version of the resource."""
        return self.response.etag or version_of(self.response.body or {})


def is_patch_refusal(error: ServiceError) -> bool:
    """Say whether a PATCH was refused as such (RFC 7644 §3.5.2), whatever the service says of itself elsewhere."""
    return isinstance(error, RequestRejected) and error.status in _NOT_OFFERED


async def send_changes(  # noqa: PLR0913, PLR0917 (what is changed, where, and what is known of both sides)
    view: ServiceView,
    remembered: Remembered,
    key: Key,
    target: Target,
    changes: Sequence[AttributeChange],
    attributes: Attributes,
) -> Sent:
    """Send changes that lead to `attributes`.

    Raises:
        ServiceError: they were refused, or what became of them is not known.
    """
    if not view.profile.group_rename and any(change.path == "display_name" for change in changes):
        raise RequestRejected(
            f"{target.path} was renamed in the directory, and the service cannot rename a group.",
            "Rename it back; or remove the group at the service, so that the next run creates it under its new name.",
        )
    if view.patches(target.resource_type):
        request = requests.update(target, changes, view.profile)
        try:
            return Sent(request, await view.service.send(request))
        except RequestRejected as error:
            if not is_patch_refusal(error):
                raise
            view.learned.refuses_patch(target.resource_type)
    current = await view.read(target)
    if would_disable(current, attributes) and not any(map(takes_access, changes)):
        # PUT sends everything, and no limit has counted that somebody loses access: PATCH would leave it as well.
        attributes = {**attributes, "active": True}
    managed = view.managed_of(key, target.resource_type)
    body = put.with_attributes(target.resource_type, current, attributes, managed, view.profile)
    shows_none = target.resource_type is ResourceType.GROUP and not shown_members(current)
    if shows_none and not view.learned.members_shown:
        # A service that never shows members would have none left.
        members = remembered.members_of(key)
        body = put.with_members(body, [found for _, found in members], _groups(remembered, members))
    request = requests.replace(target, body)
    return Sent(request, await view.service.send(request))


def _groups(remembered: Remembered, members: Sequence[tuple[Key, str]]) -> frozenset[str]:
    return frozenset(found for key, found in members if remembered.is_group(key))
