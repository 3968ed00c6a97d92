"""What the service answers instead of a resource: an error of RFC 7644 §3.12. Pure."""

from typing import Any

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


class Refused(Exception):
    """A request that is not carried out: HTTP status, `scimType` where §3.12 has one, and a sentence."""

    def __init__(self, status: int, detail: str, scim_type: str | None = None) -> None:
        super().__init__(status, detail, scim_type)
        self.status = status
        self.detail = detail
        self.scim_type = scim_type

    def body(self) -> dict[str, Any]:
        """Return the error body; `status` is a string there (§3.12)."""
        return error_body(self.status, self.detail, self.scim_type)


def error_body(status: int, detail: str, scim_type: str | None = None) -> dict[str, Any]:
    """Build an error body of RFC 7644 §3.12."""
    body: dict[str, Any] = {"schemas": [ERROR], "status": str(status), "detail": detail}
    if scim_type is not None:
        body["scimType"] = scim_type
    return body
