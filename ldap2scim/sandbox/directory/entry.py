"""One entry as the directory keeps it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from ldap2scim.sandbox.directory.comparing import Comparable, comparables
from ldap2scim.sandbox.directory.syntaxes import canonical, syntax_of


@dataclass(slots=True)
class Attribute:
    """Values under one attribute description; options are part of the description (RFC 4512 §2.5)."""

    description: str
    values: list[bytes]


@dataclass(slots=True)
class Entry:
    """Stored attributes by lower-case description, and what the directory itself knows about the entry."""

    dn: str
    key: str
    uuid: UUID
    created: str
    modified: str
    """GeneralizedTime."""
    usn_created: int
    usn_changed: int
    attributes: dict[str, Attribute] = field(default_factory=dict)
    _comparable: dict[str, frozenset[Comparable]] = field(default_factory=dict)

    def matching(self, kind: str) -> Iterator[Attribute]:
        """Yield the attributes of one canonical type, whatever their options."""
        for description, attribute in self.attributes.items():
            if canonical(description) == kind:
                yield attribute

    def values(self, kind: str) -> list[bytes]:
        """Return all stored values of a canonical type."""
        return [value for attribute in self.matching(kind) for value in attribute.values]

    def comparable(self, kind: str) -> frozenset[Comparable]:
        """Return the stored values of a canonical type in the form in which they are compared."""
        known = self._comparable.get(kind)
        if known is None:
            known = self._comparable[kind] = frozenset(comparables(self.values(kind), syntax_of(kind)))
        return known

    def replace(self, attributes: dict[str, Attribute]) -> None:
        """Take other attributes."""
        self.attributes = attributes
        self._comparable.clear()
