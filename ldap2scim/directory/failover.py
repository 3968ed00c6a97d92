"""One read on one server: when the server fails in its middle, the read begins anew on the next.

Pages, cookies and look-ups of two servers are never mixed: each attempt has a session of its own, and whatever the
last one had built is for the caller's function to drop, which is called again from its beginning.
"""

from collections.abc import Callable, Collection
from typing import TypeVar

from ldap2scim.directory import client
from ldap2scim.directory.addresses import Address, addresses
from ldap2scim.directory.session import Session
from ldap2scim.directory.settings import DirectorySettings
from ldap2scim.errors import DirectoryUnavailable

Result = TypeVar("Result")


def on_one_server(
    settings: DirectorySettings,
    read: Callable[[Session], Result],
    *,
    first: str | None = None,
    without: Collection[str] = (),
) -> Result:
    """Return what `read` returns on the first server where it comes to its end; every server is tried once.

    Args:
        settings: of the directory.
        read: reads with the session that it is given, which is closed behind it. It may be called several times and
            starts from nothing each time.
        first: the server to begin with, as `Session.server` names it; ignored where the settings do not have it.
        without: servers not to ask, named in the same way.

    Raises:
        DirectoryUnavailable: every server failed, before or in the middle of the read; each is named with its reason.
        BindRefused: name or password are wrong, which is the same everywhere.
        DirectoryError: no server can be used without a change, or `read` came to another end: ReadIncomplete and the
            like are no reason to ask another server.
    """
    attempts = client.attempts(settings, _order(addresses(settings), first, without))
    while True:
        with attempts.next() as session:
            try:
                return read(session)
            except DirectoryUnavailable as error:
                attempts.failed(error)


def _order(known: tuple[Address, ...], first: str | None, without: Collection[str]) -> tuple[Address, ...]:
    asked = [address for address in known if str(address) not in without]
    return tuple(sorted(asked, key=lambda address: str(address) != first))
