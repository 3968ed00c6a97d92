"""The directory's administrator: reads everything and writes, over LDAP, with ldap3 and nothing of ours."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self

import ldap3
from ldap3.core.exceptions import LDAPExceptionError
from ldap3.utils.conv import escape_filter_chars

from tests.contract.directories import Addressed


@dataclass(frozen=True, slots=True)
class Found:
    """One entry, with attribute names in lower case."""

    dn: str
    attributes: dict[str, list[bytes]]

    def texts(self, name: str) -> list[str]:
        """Return the values of an attribute as text."""
        return [value.decode() for value in self.attributes.get(name.lower(), [])]

    def text(self, name: str) -> str | None:
        """Return the first value of an attribute."""
        return next(iter(self.texts(name)), None)


class Administrator:
    """A connection that may write."""

    def __init__(self, connection: Any, base: str) -> None:
        self._connection = connection
        self.base = base

    @classmethod
    @contextmanager
    def of(cls, server: Addressed, base: str) -> Iterator[Self]:
        """Bind as the administrator of a directory."""
        connection = ldap3.Connection(
            ldap3.Server(server.host, server.port, get_info=ldap3.NONE),
            server.admin_dn,
            server.admin_password,
            auto_bind=True,
            auto_range=True,
            check_names=False,
            raise_exceptions=True,
        )
        try:
            yield cls(connection, base)
        finally:
            # The server may have been killed: ldap3 then forgets the socket, and leaves it open.
            opened = connection.socket
            with suppress(LDAPExceptionError):
                connection.unbind()
            if opened is not None:
                opened.close()

    @contextmanager
    def reconnected(self, server: Addressed) -> Iterator[None]:
        """Use a new connection while the block lasts: the server was restarted, and cut the old one."""
        with Administrator.of(server, self.base) as again:
            before, self._connection = self._connection, again._connection
            try:
                yield
            finally:
                self._connection = before

    def find(self, ldap_filter: str, base: str | None = None) -> list[Found]:
        """Return the entries that a filter selects, in the order of their names."""
        entries = self._connection.extend.standard.paged_search(
            base or self.base, ldap_filter, attributes=["*", "entryUUID"], paged_size=500, generator=False
        )
        found = [
            Found(entry["dn"], {name.lower(): list(values) for name, values in entry["raw_attributes"].items()})
            for entry in entries
            if entry["type"] == "searchResEntry"
        ]
        return sorted(found, key=lambda entry: entry.dn)

    def people(self, base: str | None = None) -> list[Found]:
        """Return everybody."""
        return self.find("(objectClass=inetOrgPerson)", base)

    def groups(self) -> list[Found]:
        """Return every group."""
        return self.find("(objectClass=groupOfNames)")

    def group(self, name: str) -> Found:
        """Return one group by its name."""
        (found,) = self.find(f"(&(objectClass=groupOfNames)(cn={escape_filter_chars(name)}))")
        return found

    def add(self, dn: str, classes: list[str], **attributes: Any) -> None:
        """Add an entry; the directory gives it its identity."""
        self._connection.add(dn, classes, attributes)

    def replace(self, dn: str, **values: list[str]) -> None:
        """Replace attributes; an empty list removes one."""
        self._connection.modify(dn, {name: [(ldap3.MODIFY_REPLACE, given)] for name, given in values.items()})

    def insert(self, dn: str, attribute: str, *values: str) -> None:
        """Add values."""
        self._connection.modify(dn, {attribute: [(ldap3.MODIFY_ADD, list(values))]})

    def take(self, dn: str, attribute: str, *values: str) -> None:
        """Take values away."""
        self._connection.modify(dn, {attribute: [(ldap3.MODIFY_DELETE, list(values))]})

    def delete(self, *dns: str) -> None:
        """Delete entries; groups go on naming them, as in a directory without referential integrity."""
        for dn in dns:
            self._connection.delete(dn)

    def take_reference_out(self, dn: str) -> None:
        """Delete a reference to another server itself, and not what it leads to (ManageDsaIT, RFC 3296)."""
        self._connection.delete(dn, controls=[("2.16.840.1.113730.3.4.2", True, None)])

    def rename(self, dn: str, rdn: str, parent: str | None = None) -> str:
        """Rename or move an entry with all below it, and correct the groups that name them; return the new name."""
        new = f"{rdn},{parent or dn.partition(',')[2]}"
        members = {value for group in self.groups() for value in group.texts("member")}
        moved = {name: name.removesuffix(dn) + new for name in members if name.endswith(dn)}
        self._connection.modify_dn(dn, rdn, new_superior=parent)
        for group in self.groups():
            named = [name for name in group.texts("member") if name in moved]
            if named:
                self.insert(group.dn, "member", *(moved[name] for name in named))
                self.take(group.dn, "member", *named)
        return new

    def dismiss(self, *dns: str) -> None:
        """Delete people and take them out of their groups, as a tidy administrator does."""
        for group in self.groups():
            named = [name for name in group.texts("member") if name in dns]
            if named:
                self.take(group.dn, "member", *named)
        self.delete(*dns)
