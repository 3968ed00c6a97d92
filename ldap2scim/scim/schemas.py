"""Schema URNs of RFC 7643 §8.7 and message URNs of RFC 7644 §3. Pure constants."""

from collections.abc import Mapping
from typing import Final

from ldap2scim.model import ResourceType

CORE: Final[Mapping[ResourceType, str]] = {
    ResourceType.USER: "urn:ietf:params:scim:schemas:core:2.0:User",
    ResourceType.GROUP: "urn:ietf:params:scim:schemas:core:2.0:Group",
}
ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH_OP: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SEARCH_REQUEST: Final = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
ERROR: Final = "urn:ietf:params:scim:api:messages:2.0:Error"

ENDPOINT: Final[Mapping[ResourceType, str]] = {ResourceType.USER: "/Users", ResourceType.GROUP: "/Groups"}
"""RFC 7644 §3.2."""
