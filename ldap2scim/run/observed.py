"""Resources of the service as a full read of it sees them, whoever they belong to. Pure."""

from ldap2scim.essence import fingerprint, to_essence
from ldap2scim.model import Attributes, ResourceType
from ldap2scim.planning.correlate import ServiceResource
from ldap2scim.run.service_view import LOGIN, LOGIN_ON_WIRE, ServiceView
from ldap2scim.scim.layout import member_of
from ldap2scim.scim.provider import Json
from ldap2scim.scim.wire import Managed, from_wire, service_id, version_of


def resource_of(view: ServiceView, kind: ResourceType, body: Json) -> ServiceResource:
    """Return a resource that no entry has, as a survey would."""
    return resource_like(view, kind, body, managed_by_any(view, kind), {})


def resource_like(
    view: ServiceView, kind: ResourceType, body: Json, managed: Managed, order: Attributes
) -> ServiceResource:
    """Return a resource with what is `managed` of it; attributes are in the `order` of an essence like it."""
    held = dict(from_wire(kind, body, view.profile, managed, order))
    essence = to_essence(held)
    external = member_of(body, "externalId") or None
    return ServiceResource(
        service_id=service_id(body) or "",
        external_id=None if external is None else str(external),
        login=str(held.get(LOGIN[kind]) or member_of(body, LOGIN_ON_WIRE[kind]) or ""),
        version=view.version(version_of(body)),
        fingerprint=fingerprint(essence),
        essence=essence,
    )


def managed_by_any(view: ServiceView, kind: ResourceType) -> Managed:
    """Return what any directory's mapping manages; whose resource it is, is not known while it is listed."""
    union: dict[str, frozenset[str] | None] = {}
    for (_, of_kind), managed in view.managed.items():
        if of_kind is kind:
            for name, subs in managed.items():
                before = union.get(name, frozenset())
                union[name] = None if subs is None or before is None else before | subs
    return union
