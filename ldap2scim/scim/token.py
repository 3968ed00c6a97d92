"""What a bearer token says of itself: when it expires, and what it may be used for. Pure; time is an argument.

A JWT is read and not verified: who made it is the service's business. Nothing here shows any part of a token.
"""

import binascii
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from ldap2scim.findings import Finding, Severity
from ldap2scim.model import ResourceType
from ldap2scim.scim.profiles.guidance import Guidance
from ldap2scim.secret import Secret

MILESTONES: Final = (1, 3, 7, 14, 30)
"""Days before the end at which a person is told."""
URGENT_DAYS: Final = 3
_CLAIMED: Final = ("scope", "scp")
"""RFC 8693 §4.2 and RFC 9068 §2.2.3 have `scope`, a text; some issuers write a list, or call it `scp`."""


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What is known of a token."""

    expires: datetime | None
    """None: nobody says."""
    scopes: frozenset[str] | None = None
    """None: the token does not say."""


def facts_of(token: Secret | None, written: datetime | None) -> TokenFacts:
    """Return what a token says; where it says no end, the one that the settings say."""
    claims = _claims(token.reveal()) if token is not None else {}
    return TokenFacts(_expiry(claims.get("exp")) or written, _scopes(claims))


def milestone(expires: datetime, now: datetime) -> int | None:
    """Return the tightest of `MILESTONES` that has been reached, 0 where the token has expired, or None."""
    left = expires - now
    if left <= timedelta(0):
        return 0
    return next((days for days in MILESTONES if left <= timedelta(days=days)), None)


def token_findings(
    facts: TokenFacts, guidance: Guidance, kinds: Iterable[ResourceType], now: datetime
) -> tuple[Finding, ...]:
    """Say that a token ends soon, has ended, or lacks a scope for a kind of resource that is synchronised."""
    return (*_about_expiry(facts.expires, guidance, now), *_about_scopes(facts.scopes, guidance, kinds))


def _about_expiry(expires: datetime | None, guidance: Guidance, now: datetime) -> Iterable[Finding]:
    reached = milestone(expires, now) if expires is not None else None
    if expires is None or reached is None:
        return
    when = f"{expires:%Y-%m-%d %H:%M} UTC"
    if reached == 0:
        yield Finding(
            rule="token-expired",
            severity=Severity.STOP,
            message=f"The access token of the service expired at {when}.",
            remedy=f"{guidance.renewal} Where only `token_expires` is out of date, correct it. No recovery is needed.",
        )
        return
    left = (expires - now) // timedelta(days=1)
    remaining = "less than a day" if left < 1 else "1 day" if left == 1 else f"{left} days"
    urgent = "Do this now: " if reached <= URGENT_DAYS else ""
    yield Finding(
        rule="token-expires-soon",
        severity=Severity.NOTE,
        message=f"{'URGENT: the' if urgent else 'The'} access token of the service expires at {when}, in {remaining}.",
        remedy=f"{urgent}{guidance.renewal} Replace it before then, run `ldap2scim check`, and revoke the old one.",
    )


def _about_scopes(
    scopes: frozenset[str] | None, guidance: Guidance, kinds: Iterable[ResourceType]
) -> Iterable[Finding]:
    needed = frozenset(scope for kind in kinds for scope in guidance.scopes.get(kind, frozenset()))
    if scopes is None or not needed - scopes:
        return
    shown = ", ".join(sorted(needed - scopes))
    if needed & scopes:
        yield Finding(
            rule="token-scope-missing",
            severity=Severity.STOP,
            message=f"The access token says that it has no scope {shown}, which this synchronisation needs.",
            remedy=f"Issue a token with the scopes {', '.join(sorted(needed))}. {guidance.renewal}",
        )
        return
    # The vocabulary may be another one than the published: the service's word counts.
    yield Finding(
        rule="token-scope-missing",
        severity=Severity.NOTE,
        message=f"The access token names its scopes, and none of those that this synchronisation needs: {shown}.",
        remedy="Nothing needs to be done while the service takes the token; else issue one with these scopes.",
    )


def _claims(token: str) -> Mapping[str, Any]:
    """Return the claims of a signed JWT (RFC 7519 §7.2); none where it is anything else."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        found = orjson.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _expiry(claim: object) -> datetime | None:
    if isinstance(claim, bool) or not isinstance(claim, int | float):
        return None
    try:
        return datetime.fromtimestamp(claim, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _scopes(claims: Mapping[str, Any]) -> frozenset[str] | None:
    for name in _CLAIMED:
        match claims.get(name):
            case str() as words:
                return frozenset(words.split())
            case list() as words:
                return frozenset(str(word) for word in words)
    return None
