"""Forget: the data of somebody who has left is removed from the state; whoever is still needed is not forgotten."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from ldap2scim.errors import StateError
from ldap2scim.model import Key
from ldap2scim.run.context import LEASE
from ldap2scim.state import forgetting, rewriting
from ldap2scim.state.forgetting import Forgotten
from ldap2scim.state.lease import Lease, acquire
from ldap2scim.state.store import Store


def look(store: Store, key: Key) -> Forgotten:
    """Count what would be removed.

    Raises:
        StateError: the person is still needed; the message says what for, and what to do.
    """
    _require_free(store, key)
    return forgetting.look(store, key)


def forget(store: Store, key: Key) -> Forgotten:
    """Remove the data of a person, and write the state anew so that nothing of it is left in the file.

    Raises:
        StateError: the person is still needed; the message says what for, and what to do. Or the data is removed, and
            the state cannot be written anew yet: `finish` does that.
        RunRefused: a run is under way.
    """
    with _lease(store) as lease:
        _require_free(store, key)
        return forgetting.forget(lease, key)


def finish(store: Store) -> bool:
    """Write the state anew where an earlier `forget` could not; return whether that was so.

    Raises:
        StateError: it cannot be done now either.
        RunRefused: a run is under way.
    """
    if not rewriting.is_pending(store):
        return False
    with _lease(store) as lease:
        return rewriting.finish(lease)


@contextmanager
def _lease(store: Store) -> Iterator[Lease]:
    lease = acquire(store, LEASE, f"{socket.gethostname()}, process {os.getpid()}, forgetting somebody")
    try:
        yield lease
    finally:
        lease.release()


def _require_free(store: Store, key: Key) -> None:
    found = forgetting.standing(store, key)
    if found.dn_in_image is not None:
        raise StateError(
            f"{found.dn_in_image} is an entry of the directory, and would be read again.",
            "Delete the entry, or move it out of the base DN, and run `ldap2scim sync --apply`; then forget it.",
        )
    if found.is_managed:
        raise StateError(
            f"{found.row.login if found.row else key} is still managed at the service.",
            "`ldap2scim sync --apply` removes whoever has left the directory; what it holds, a person approves.",
        )
    if found.unsettled:
        raise StateError(
            f"{found.unsettled} operations on {key} are in doubt.", "`ldap2scim sync --apply` settles them first."
        )
