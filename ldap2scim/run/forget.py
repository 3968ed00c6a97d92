"""Forget: the data of somebody who has left is removed from the state; whoever is still needed is not forgotten."""

import os
import socket

from ldap2scim.errors import StateError
from ldap2scim.model import Key
from ldap2scim.run.context import LEASE
from ldap2scim.state import forgetting
from ldap2scim.state.forgetting import Forgotten
from ldap2scim.state.lease import acquire
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
        StateError: the person is still needed; the message says what for, and what to do.
        RunRefused: a run is under way.
    """
    lease = acquire(store, LEASE, f"{socket.gethostname()}, process {os.getpid()}, forgetting somebody")
    try:
        _require_free(store, key)
        return forgetting.forget(lease, key)
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
