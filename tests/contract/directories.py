"""The directories that are held to the contract, and how a plain LDAP client asks them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import ldap3

from tests.contract.directory_world import Dialect

Client: TypeAlias = Any
"""ldap3's connection, whose published types leave out half of it."""

PAGED_RESULTS = "1.2.840.113556.1.4.319"


class Addressed(Protocol):
    """What the starters of real servers and the embedded directory have in common."""

    @property
    def host(self) -> str:
        """Address."""

    @property
    def port(self) -> int:
        """Port without TLS."""

    @property
    def reader_dn(self) -> str:
        """An ordinary name that reads."""

    @property
    def reader_password(self) -> str:
        """Its password."""

    @property
    def admin_dn(self) -> str:
        """A name that writes, above limits and rights."""

    @property
    def admin_password(self) -> str:
        """Its password."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A running directory that holds the world."""

    server: Addressed
    base: str
    dialect: Dialect

    @property
    def is_openldap(self) -> bool:
        """Whether it has OpenLDAP's habits, rather than Active Directory's."""
        return self.dialect is Dialect.OPENLDAP

    @property
    def anchor(self) -> str:
        """The attribute that names an entry for life."""
        return "entryUUID" if self.is_openldap else "objectGUID"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one search gave: raw attributes by DN in the order received, and the result."""

    entries: dict[str, dict[str, list[bytes]]]
    result: str
    pages: int = 1

    def names(self) -> set[str]:
        """Return the common names that were found; entries without one are left out."""
        return {value.decode() for attributes in self.entries.values() for value in attributes.get("cn", [])[:1]}


@contextmanager
def bound(subject: Subject, dn: str | None = None, password: str | None = None) -> Iterator[Client]:
    """Connect as the reader, or under another name; nothing of the schema is read."""
    server = ldap3.Server(subject.server.host, subject.server.port, get_info=ldap3.NONE, connect_timeout=10)
    connection: Client = ldap3.Connection(
        server,
        subject.server.reader_dn if dn is None else dn,
        subject.server.reader_password if password is None else password,
        auto_range=False,
        return_empty_attributes=False,
        check_names=False,
        receive_timeout=60,
    )
    connection.bind()
    try:
        yield connection
    finally:
        connection.unbind()


@contextmanager
def administering(subject: Subject) -> Iterator[Client]:
    """Connect as the administrator."""
    with bound(subject, subject.server.admin_dn, subject.server.admin_password) as connection:
        assert connection.bound, connection.result
        yield connection


def ask(
    connection: Client,
    base: str,
    search_filter: str = "(objectClass=*)",
    attributes: tuple[str, ...] = ("*",),
    scope: str = ldap3.SUBTREE,
    **more: Any,
) -> Answer:
    """Search once, without pages unless asked for."""
    connection.search(
        base, search_filter, scope, attributes=list(attributes), dereference_aliases=ldap3.DEREF_NEVER, **more
    )
    entries = {
        each["dn"]: {name: list(values or []) for name, values in each["raw_attributes"].items()}
        for each in connection.response or []
        if each["type"] == "searchResEntry"
    }
    return Answer(entries, connection.result["description"])


def ask_in_pages(connection: Client, base: str, size: int, search_filter: str = "(objectClass=*)") -> Answer:
    """Search page by page until the cookie is empty or an error ends it."""
    entries: dict[str, dict[str, list[bytes]]] = {}
    pages, cookie = 0, None
    while True:
        answer = ask(connection, base, search_filter, ("cn",), paged_size=size, paged_cookie=cookie)
        assert entries.keys().isdisjoint(answer.entries), "an entry came twice"
        entries |= answer.entries
        pages += 1
        controls = connection.result.get("controls") or {}
        cookie = controls.get(PAGED_RESULTS, {}).get("value", {}).get("cookie")
        if not cookie:
            return Answer(entries, answer.result, pages)


def read_one(connection: Client, dn: str, *attributes: str) -> dict[str, list[bytes]] | None:
    """Read one entry by name; None where the server says that there is none."""
    answer = ask(connection, dn, attributes=attributes or ("*",), scope=ldap3.BASE)
    if answer.result == "noSuchObject":
        return None
    assert answer.result == "success", connection.result
    return next(iter(answer.entries.values()))


def read_whole(connection: Client, dn: str, attribute: str) -> list[bytes]:
    """Read all values of an attribute, range by range where the server sends ranges."""
    values: list[bytes] = []
    wanted = attribute
    while True:
        found = read_one(connection, dn, wanted) or {}
        # Beside the first range Active Directory sends the plain attribute, empty.
        name, part = next((name, part) for name, part in found.items() if part and name.lower().startswith(attribute))
        values += part
        _, _, limits = name.partition(";range=")
        if not limits or limits.endswith("*"):
            return values
        wanted = f"{attribute};range={int(limits.partition('-')[2]) + 1}-*"


def few(directory: Subject) -> str:
    """Name the unit of the four people that filters are tried on."""
    return f"ou=few,{directory.base}"
