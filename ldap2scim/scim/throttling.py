"""Refusals because of a rate that come under another status than 429: Google's 403, for one. Pure."""

import re
from collections.abc import Collection, Mapping
from typing import Final

from ldap2scim.errors import ServiceUnavailable
from ldap2scim.scim.provider import ScimRequest
from ldap2scim.scim.responses import retry_after

_SPEAKS_OF_A_RATE: Final = re.compile(rb"rate.?limit|quota.{0,20}exceeded|throttl|too many requests", re.IGNORECASE)
_LOOKED_AT: Final = 4096
"""Bytes of an answer."""


def is_throttled(status: int, content: bytes, statuses: Collection[int]) -> bool:
    """Say whether an answer is such a refusal: one of the profile's `statuses`, in words of a rate or quota."""
    return status != 429 and status in statuses and _SPEAKS_OF_A_RATE.search(content[:_LOOKED_AT]) is not None


def throttled(request: ScimRequest, status: int, headers: Mapping[str, str], now: float) -> ServiceUnavailable:
    """Return the error of such a refusal; nothing was carried out."""
    return ServiceUnavailable(
        f"{request.method} {request.path}: the service answered {status}, since requests come too fast for it.",
        "Run again later. If it goes on, lower `quota_percent`: other programs may use the same quota.",
        status,
        None,
        retry_after(headers.get("retry-after"), now),
    )
