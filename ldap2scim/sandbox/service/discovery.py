"""What the service says of itself (RFC 7643 §5–7): configuration, schemas, resource types. Pure."""

from scim2_models import (
    URI,
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    ETag,
    Filter,
    Meta,
    Patch,
    Reference,
    ResourceType,
    SchemaExtension,
    ServiceProviderConfig,
    Sort,
)

from ldap2scim.sandbox.service.listing import list_response
from ldap2scim.sandbox.service.personality import Personality
from ldap2scim.sandbox.service.schemas import ENDPOINTS, ENTERPRISE_USER, KINDS, all_schemas
from ldap2scim.sandbox.service.wire import Object


def service_provider_config(personality: Personality, base_url: str) -> Object:
    """Return `/ServiceProviderConfig`."""
    config = ServiceProviderConfig(
        patch=Patch(supported=personality.patch_supported),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=personality.max_results),
        change_password=ChangePassword(supported=True),
        sort=Sort(supported=True),
        etag=ETag(supported=personality.etag_supported),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="Bearer token",
                description="A fixed bearer token (RFC 6750)",
            )
        ],
        meta=Meta(resource_type="ServiceProviderConfig", location=f"{base_url}/ServiceProviderConfig"),
    )
    return dict(config.model_dump())


def schemas(personality: Personality, base_url: str) -> list[Object]:
    """Return the schemas that this personality publishes."""
    published = {*KINDS.values(), ENTERPRISE_USER, *personality.extensions}
    found = []
    for urn, schema in all_schemas().items():
        if urn in published:
            meta = Meta(resource_type="Schema", location=f"{base_url}/Schemas/{urn}")
            found.append(_with_read_only(personality, urn, dict(schema.model_copy(update={"meta": meta}).model_dump())))
    return found


def _with_read_only(personality: Personality, urn: str, schema: Object) -> Object:
    kind = next((kind for kind, core in KINDS.items() if core == urn), None)
    for attribute in schema.get("attributes", ()):
        if f"{kind}.{attribute['name']}" in personality.read_only:
            attribute["mutability"] = "readOnly"
    return schema


def resource_types(personality: Personality, base_url: str) -> list[Object]:
    """Return the resource types with the extensions of this personality."""
    found = []
    for endpoint, kind in ENDPOINTS.items():
        extensions = [urn for urn in sorted(personality.extensions) if urn.endswith(f":{kind}")]
        if kind == "User":
            extensions.insert(0, ENTERPRISE_USER)
        resource_type = ResourceType(
            id=kind,
            name=kind,
            endpoint=Reference[URI](f"/{endpoint}"),
            description=kind,
            schema=Reference[URI](KINDS[kind]),
            schema_extensions=[SchemaExtension(schema=Reference[URI](urn), required=False) for urn in extensions],
            meta=Meta(resource_type="ResourceType", location=f"{base_url}/ResourceTypes/{kind}"),
        )
        found.append(dict(resource_type.model_dump()))
    return found


def listed(resources: list[Object]) -> Object:
    """Return discovery resources as one list answer."""
    return list_response(resources, len(resources), 1)
