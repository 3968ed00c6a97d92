"""Which server is tried next when one fails, each once. Resolving and connecting are given; nothing is opened here."""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from ldap2scim.directory import transport_errors
from ldap2scim.directory.addresses import Address
from ldap2scim.errors import BindRefused, DirectoryError

_LOGGER = logging.getLogger("ldap2scim.directory")
Target = TypeVar("Target")
Opened = TypeVar("Opened")


class Attempts(Generic[Target, Opened]):
    """Servers in the order in which they are tried. A name that resolves to several addresses is as many servers."""

    def __init__(
        self,
        directory: str,
        order: Iterable[Address],
        resolve: Callable[[Address], Iterable[Target]],
        connect: Callable[[Target], Opened],
    ) -> None:
        self._directory = directory
        self._resolve = resolve
        self._connect = connect
        self._failures: list[tuple[str, DirectoryError]] = []
        self._said = 0
        self._current = ""
        self._targets = self._resolved(dict.fromkeys(order))

    def next(self) -> Opened:
        """Connect to the next server that can be used.

        A server that is down, busy, without StartTLS, or with a certificate that does not verify is passed over with
        a warning: nothing secret was sent to it, and another one may be as it should be.

        Raises:
            BindRefused: the name or the password; they are the same everywhere, and each try counts for a lock.
            DirectoryUnavailable: no server is left, and at least one of them may be there later.
            DirectoryError: no server is left, and none of them will do without a change.
        """
        for target in self._targets:
            self._current = str(target)
            self._say_why(self._current)
            try:
                return self._connect(target)
            except BindRefused:
                raise
            except DirectoryError as error:
                self.failed(error)
        failures = tuple(error for _, error in self._failures)
        raise transport_errors.all_failed(self._directory, failures) from (failures[0] if failures else None)

    def failed(self, error: DirectoryError) -> None:
        """Take note that the server of the last `next` cannot be used after all."""
        self._failures.append((self._current, error))

    def _resolved(self, order: Iterable[Address]) -> Iterator[Target]:
        for address in order:
            try:
                yield from self._resolve(address)
            except DirectoryError as error:
                self._failures.append((address.place, error))

    def _say_why(self, following: str) -> None:
        for server, error in self._failures[self._said :]:
            _LOGGER.warning("%s: %s is passed over, next is %s: %s", self._directory, server, following, error.message)
        self._said = len(self._failures)
