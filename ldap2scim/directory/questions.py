"""Small questions to a server besides the searches of a read, each with its controls."""

from collections.abc import Callable, Iterator
from typing import Protocol

from ldap2scim.directory import filters, results
from ldap2scim.directory.conversation import Answer, Found
from ldap2scim.directory.decoder import Done
from ldap2scim.directory.encoder import Scope, SearchRequest
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.errors import DirectoryError, is_temporary

_ANY_ENTRY = filters.Present("objectClass")


class Asked(Protocol):
    """Who can be asked: a `Session`."""

    @property
    def server(self) -> str:
        """`host:port` of the server that answers."""

    def ask(self, request: SearchRequest, what: str) -> Iterator[Answer]:
        """Run one search with its controls to the end; `Done` comes last."""


def ask(session: Asked, request: SearchRequest, what: str, receive: Callable[[LdapEntry], None]) -> Done:
    """Run a search, hand over its entries as they arrive, and return how it ended. References are left out.

    Raises:
        DirectoryUnavailable: the connection was lost or the server is busy.
        ReadIncomplete: what arrived is not LDAP.
    """
    done = Done(results.SUCCESS, "", "", (), None)
    for answer in session.ask(request, what):
        match answer:
            case Found(entry, _):
                receive(entry)
            case Done():
                done = answer
    if done.code != results.SUCCESS:
        _raise_if_temporary(results.refused_read(done, what, session.server))
    return done


def entry_if_shown(session: Asked, name: str, attributes: tuple[str, ...], what: str) -> LdapEntry | None:
    """Read one entry; None where it is not there or this bind may not see it.

    Raises:
        DirectoryUnavailable: the connection was lost or the server is busy.
        ReadIncomplete: what arrived is not LDAP.
    """
    found: list[LdapEntry] = []
    ask(session, SearchRequest(name, Scope.BASE, _ANY_ENTRY, attributes), what, found.append)
    return found[0] if found else None


def _raise_if_temporary(error: DirectoryError) -> None:
    if is_temporary(error):
        raise error
