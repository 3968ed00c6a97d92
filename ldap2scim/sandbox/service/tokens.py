"""Access tokens: which are good, until when, and for what. Safe between threads.

The scopes are those of the IIJ ID Service, whose tokens are issued in its console. The token that a service starts
with is good for everything and never expires.
"""

import base64
import hmac
import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from ldap2scim.sandbox.service.refusal import Refused
from ldap2scim.sandbox.service.schemas import ENDPOINTS

READ_USERS, WRITE_USERS = "escim_read_users", "escim_write_users"
READ_GROUPS, WRITE_GROUPS = "escim_read_groups", "escim_write_groups"
DIRECTORY_SCOPES = frozenset({READ_USERS, WRITE_USERS, READ_GROUPS, WRITE_GROUPS})
"""What directory synchronisation needs."""
PASSWORD_SCOPES = frozenset({READ_USERS, WRITE_USERS})
_SCOPES = {"Users": (READ_USERS, WRITE_USERS), "Groups": (READ_GROUPS, WRITE_GROUPS)}


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """What one token allows."""

    value: str
    scopes: frozenset[str] | None
    """None: everything."""
    expires_at: datetime | None
    """None: never."""


class Tokens:
    """The tokens of a service."""

    def __init__(self, first: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        self._issued = {first: Token(first, None, None)}

    def issue(self, scopes: Iterable[str] = DIRECTORY_SCOPES, expires_at: datetime | None = None) -> str:
        """Return a new token, in the form of a JWT (RFC 7519) whose `exp` is the time of its expiry."""
        chosen = frozenset(scopes)
        claims: dict[str, Any] = {"jti": secrets.token_hex(8), "scope": " ".join(sorted(chosen))}
        if expires_at is not None:
            claims["exp"] = int(expires_at.timestamp())
        parts = [_encoded(orjson.dumps(part)) for part in ({"alg": "RS256", "typ": "JWT"}, claims)]
        value = ".".join([*parts, _encoded(secrets.token_bytes(32))])
        with self._lock:
            self._issued[value] = Token(value, chosen, expires_at)
        return value

    def revoke(self, value: str) -> None:
        """Take a token back, as the console does, and as happens when its owner is disabled or deleted."""
        with self._lock:
            self._issued.pop(value, None)

    def refusal(self, authorization: bytes, method: str, path: str) -> Refused | None:
        """Return why a request is not carried out: 401 without a good token, 403 without the scope; else None.

        Args:
            authorization: the header, empty where there is none.
            method: of the request.
            path: below the base URL.
        """
        token = self._presented(authorization)
        if token is None:
            return Refused(401, "The bearer token is missing or wrong.")
        if token.expires_at is not None and token.expires_at <= self.clock():
            return Refused(401, "The access token has expired.")
        lacking = frozenset() if token.scopes is None else needed_scopes(method, path) - token.scopes
        if lacking:
            return Refused(403, f"The access token lacks the scope {', '.join(sorted(lacking))}.")
        return None

    def _presented(self, authorization: bytes) -> Token | None:
        with self._lock:
            issued = tuple(self._issued.values())
        found = None
        for token in issued:
            if hmac.compare_digest(authorization, f"Bearer {token.value}".encode()):
                found = token
        return found


def needed_scopes(method: str, path: str) -> frozenset[str]:
    """Return the scopes that a request needs; discovery needs none."""
    endpoint, _, rest = path.strip("/").partition("/")
    if endpoint == ".search":
        return frozenset(read for read, _ in _SCOPES.values())
    if endpoint not in ENDPOINTS:
        return frozenset()
    read, write = _SCOPES[endpoint]
    return frozenset({read if method in {"GET", "HEAD"} or rest == ".search" else write})


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")
