"""An event for automations when the access token is about to end: once at each of 30, 14, 7, 3 and 1 days, and after.

Its name is `ldap2scim.token.expiring` or `ldap2scim.token.expired`. Nothing in it is secret.
"""

from prefect.events import emit_event

from ldap2scim.run.access import token_facts
from ldap2scim.run.context import Run
from ldap2scim.scim.token import milestone
from ldap2scim.state.marks import remember

EXPIRING = "ldap2scim.token.expiring"
EXPIRED = "ldap2scim.token.expired"
_MARK = "token-event"


def announce_token(run: Run) -> None:
    """Emit the event where a new milestone has been reached.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the state cannot be written.
    """
    expires = token_facts(run.settings).expires
    reached = milestone(expires, run.now) if expires is not None else None
    if expires is None or reached is None:
        return
    if not remember(run.lease, _MARK, f"{expires.isoformat()} {reached}"):
        return
    emit_event(
        EXPIRING if reached else EXPIRED,
        resource={
            "prefect.resource.id": f"ldap2scim.token.{run.settings.service.profile}",
            "prefect.resource.name": run.settings.service.base_url,
        },
        payload={"expires": expires.isoformat(), "days": reached},
    )
