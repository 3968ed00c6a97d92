"""Moments as people type them."""

from datetime import datetime

from ldap2scim.errors import Ldap2ScimError


def moment(text: str) -> datetime:
    """Return the moment of `2026-11-20`, `2026-11-20 18:30` or an ISO time with zone; without one it is local time.

    Raises:
        Ldap2ScimError: it is none.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Ldap2ScimError(
            f"{text!r} is no moment.", "Write `2026-11-20 18:30`, or with a zone `2026-11-20T18:30+09:00`."
        ) from error
    return found.astimezone()
