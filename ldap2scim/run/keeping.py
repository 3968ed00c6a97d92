"""A person decides that somebody whose directory account was re-created keeps the old IDs at the service.

Then the account behind the service goes on as it was: rows 1 and 2 of the manual's table on re-created accounts, which
work, instead of row 3, which fails.
"""

import os
import socket
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from ldap2scim.directory.dn import DnError, normalise
from ldap2scim.errors import PlanError
from ldap2scim.essence import from_essence
from ldap2scim.model import Attributes
from ldap2scim.planning.linking import LINKING_ID
from ldap2scim.run.context import LEASE
from ldap2scim.state.kept_ids import (
    Entry,
    KeptIds,
    Unclaimed,
    end_keeping,
    is_at_the_service,
    keep_ids,
    people_called,
    unclaimed_users,
)
from ldap2scim.state.lease import Lease, acquire
from ldap2scim.state.store import Store


def keep(store: Store, who: str, decided_by: str) -> KeptIds:
    """Record that a person keeps the IDs of the account that the directory has no more.

    Args:
        store: the state, in which a plan has seen the re-created entry.
        who: login or DN of the new entry.
        decided_by: who says so.

    Raises:
        PlanError: nobody, or several, are called so; the person is at the service; nobody has gone whom it could be.
        RunRefused: a run is going on.
        StateError: the state cannot be read or written.
    """
    entry = _person(store, who)
    if is_at_the_service(store, entry.key):
        raise PlanError(
            f"{entry.dn} is at the service already, under an ID of its own.",
            "Only an account that was re-created, and is held by the plan, can keep the ID of the old one.",
        )
    old = _predecessor(from_essence(entry.essence), unclaimed_users(store))
    if old is None or old.external_id is None:
        raise PlanError(
            f"No user has left whose login, e-mail address or external ID {entry.dn} has.",
            "Look at the plan: `ldap2scim keep` is for entries that it holds as probably re-created.",
        )
    linking = from_essence(old.essence).get(LINKING_ID)
    kept = KeptIds(
        entry.key,
        old.external_id,
        None if linking is None else str(linking),
        old.login,
        datetime.now(UTC),
        decided_by,
    )
    lease = _lease(store)
    try:
        keep_ids(lease, kept)
    finally:
        lease.release()
    return kept


def stop_keeping(store: Store, who: str) -> str:
    """Take a decision back, and return the DN of the entry; the mapping says its IDs again.

    Raises:
        PlanError: nobody, or several, are called so; nothing was decided.
        RunRefused: a run is going on.
        StateError: the state cannot be read or written.
    """
    entry = _person(store, who)
    lease = _lease(store)
    try:
        ended = end_keeping(lease, entry.key)
    finally:
        lease.release()
    if not ended:
        raise PlanError(f"Nothing was decided about {entry.dn}.", "`ldap2scim keep` alone lists what was.")
    return entry.dn


def _person(store: Store, who: str) -> Entry:
    try:
        name: str | None = normalise(who)
    except DnError:
        name = None
    found = people_called(store, who, name)
    if len(found) != 1:
        count = "Several people" if found else "Nobody"
        raise PlanError(
            f"{count} in scope of the directory image {'are' if found else 'is'} called {who}.",
            "Give the DN or the login as the plan shows it; a plan must have seen the entry.",
        )
    return found[0]


def _predecessor(new: Attributes, gone: Iterable[Unclaimed]) -> Unclaimed | None:
    """Return who of the gone the new entry was: by external ID, else by login, else by e-mail address."""
    by_login: Unclaimed | None = None
    by_mail: Unclaimed | None = None
    login, mails = str(new.get("user_name", "")).casefold(), _mails(new)
    for old in gone:
        if old.external_id is not None and old.external_id == new.get("external_id"):
            return old
        if by_login is None and login and old.login.casefold() == login:
            by_login = old
        if by_mail is None and mails and not mails.isdisjoint(_mails(from_essence(old.essence))):
            by_mail = old
    return by_login or by_mail


def _mails(attributes: Attributes) -> frozenset[str]:
    emails: Any = attributes.get("emails", ())
    return frozenset(str(email["value"]).casefold() for email in emails if "value" in email)


def _lease(store: Store) -> Lease:
    # A run may be mapping this very entry: the decision waits for its end.
    return acquire(store, LEASE, f"{socket.gethostname()}, process {os.getpid()}, ldap2scim keep")
