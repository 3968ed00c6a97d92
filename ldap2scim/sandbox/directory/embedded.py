"""The embedded directory as its user sees it: an address, two names, and faults on demand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ldap2scim.sandbox.directory.accounts import ADMIN_DN, ADMIN_PASSWORD, READER_DN, READER_PASSWORD
from ldap2scim.sandbox.directory.faults import CutAfter, FailAfter, Faults, StallAfter
from ldap2scim.sandbox.directory.names import key_of
from ldap2scim.sandbox.directory.options import OPENLDAP, DirectoryOptions
from ldap2scim.sandbox.directory.reactor import in_reactor
from ldap2scim.sandbox.directory.state import State
from ldap2scim.sandbox.directory.syntaxes import canonical

HOST = "127.0.0.1"


class EmbeddedDirectory:
    """A directory that listens on 127.0.0.1 in this process.

    `reader_dn` is held to limits and faults as an ordinary account is; `admin_dn` is above them and may write.
    """

    host = HOST
    admin_dn = ADMIN_DN
    admin_password = ADMIN_PASSWORD
    reader_dn = READER_DN
    reader_password = READER_PASSWORD

    def __init__(self, state: State) -> None:
        self.port = 0
        """TCP port; 0 before the first start."""
        self._state = state
        self._server: Any = None

    @property
    def url(self) -> str:
        """Address without TLS, which the embedded directory does not offer."""
        return f"ldap://{self.host}:{self.port}"

    @property
    def base_dn(self) -> str:
        """The suffix: the name of the world's first entry."""
        return self._state.tree.suffix

    def start(self) -> None:
        """Listen; after `stop` on the same port, with everything that was written."""
        from ldap2scim.sandbox.directory.server import Server

        self._server = in_reactor(lambda: Server(self._state, HOST, self.port))
        self.port = self._server.port

    def stop(self) -> None:
        """Stop listening and cut every connection, as a machine that goes down does."""
        if self._server is not None:
            in_reactor(self._server.stop)
            self._server = None

    def hide(self, dn: str) -> None:
        """Make a subtree invisible to all but the administrator, as an access rule gone wrong does."""
        self._faults(replace(self._state.faults, hidden=self._state.faults.hidden | {key_of(dn)}))

    def withhold(self, attribute: str) -> None:
        """Make an attribute invisible to all but the administrator."""
        self._faults(replace(self._state.faults, withheld=self._state.faults.withheld | {canonical(attribute)}))

    def fail_after(self, entries: int, result_code: int) -> None:
        """End every search with an error once it has sent `entries` entries, pages together."""
        self._faults(replace(self._state.faults, interruption=FailAfter(entries, result_code)))

    def cut_after(self, entries: int) -> None:
        """Drop the connection in the middle of the entry after `entries` entries of a search."""
        self._faults(replace(self._state.faults, interruption=CutAfter(entries)))

    def stall_after(self, entries: int) -> None:
        """Answer nothing more after `entries` entries of a search, and keep the connection."""
        self._faults(replace(self._state.faults, interruption=StallAfter(entries)))

    def mend(self) -> None:
        """End all faults."""
        self._faults(Faults())

    def _faults(self, faults: Faults) -> None:
        # One assignment of a frozen value: the reactor's thread sees the old faults or the new.
        self._state.faults = faults


@contextmanager
def embedded_directory(
    ldif: str | Path, options: DirectoryOptions = OPENLDAP, port: int = 0
) -> Iterator[EmbeddedDirectory]:
    """Run a directory filled with LDIF, given as text or as a file; its first entry is the suffix.

    Raises:
        LdifError: the text is no LDIF.
        Refused: an entry without its parent, or twice.
    """
    text = ldif.read_text(encoding="utf-8") if isinstance(ldif, Path) else ldif
    directory = EmbeddedDirectory(State.of(text, options))
    directory.port = port
    directory.start()
    try:
        yield directory
    finally:
        directory.stop()
