"""Random days in a directory: one change after another, as administrators make them, over LDAP with ldap3."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ldap3
from ldap3.core.exceptions import LDAPOperationResult


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one make of directory wants its entries."""

    unit: str
    person: Callable[[str], tuple[list[str], dict[str, Any]]]
    """By name: classes and attributes, of which `employeeType: synced` brings it into scope."""
    group: Callable[[str, str], tuple[list[str], dict[str, Any]]]
    """By name and first member."""


OPENLDAP = Dialect(
    unit="ou",
    person=lambda name: (
        ["inetOrgPerson"],
        {"sn": "山田", "givenName": name, "uid": name, "mail": f"{name}@example.com", "employeeType": "synced"},
    ),
    group=lambda name, member: (["groupOfNames"], {"description": name, "member": member}),
)
ACTIVE_DIRECTORY = Dialect(
    unit="ou",
    person=lambda name: (
        ["user"],
        {
            "sAMAccountName": name,
            "userPrincipalName": f"{name}@lab.test",
            "userAccountControl": "544",
            "sn": "山田",
            "givenName": name,
            "employeeType": "synced",
        },
    ),
    group=lambda name, member: (["group"], {"sAMAccountName": name, "member": member}),
)


@dataclass
class RandomDay:
    """Two organisational units of people and groups, and somebody who changes them at random."""

    connection: Any
    base: str
    dialect: Dialect
    random: random.Random
    units: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    """DNs that were deleted, to be used again."""
    done: list[str] = field(default_factory=list)
    """What was done, for the message of a failure."""
    number: int = 0

    def fill(self, people: int, groups: int) -> None:
        """Make the beginning."""
        for name in ("north", "south"):
            dn = f"{self.dialect.unit}={name},{self.base}"
            self.connection.add(dn, ["organizationalUnit"])
            self.units.append(dn)
        for _ in range(people):
            self.add_person()
        for _ in range(groups):
            self.add_group()

    def change(self, times: int) -> None:
        """Make some changes; one that the directory refuses counts as none."""
        self.done.clear()
        kinds = (
            *(self.add_person, self.add_group, self.edit, self.edit, self.rename, self.move),
            *(self.rename_unit, self.delete, self.create_again, self.leave_scope, self.enter_scope),
            *(self.add_member, self.add_member, self.take_member, self.delete_group),
        )
        for _ in range(times):
            kind = self.random.choice(kinds)
            try:
                kind()
            except LDAPOperationResult as refused:
                self.done.append(f"  ({kind.__name__}: {refused.description})")

    def add_person(self) -> None:
        """Add somebody; some names need escaping."""
        self.number += 1
        name = f"p{self.number}"
        rdn = self.random.choice([name, f"{name}\\, 太郎", f'{name} \\+ \\"x\\"', f"{name} \\#\\;"])
        self._add(f"cn={rdn},{self._any(self.units)}", name)

    def create_again(self) -> None:
        """Add an entry under a name that somebody deleted had."""
        if self.gone:
            self.number += 1
            self._add(self.gone.pop(), f"p{self.number}")

    def add_group(self) -> None:
        """Add a group."""
        self.number += 1
        dn = f"cn=g{self.number},{self._any(self.units)}"
        classes, attributes = self.dialect.group(f"g{self.number}", self._any(self.people))
        self.connection.add(dn, classes, attributes)
        self._note("add", dn)
        self.groups.append(dn)

    def edit(self) -> None:
        """Change an attribute."""
        self.number += 1
        self._replace(self._any(self.people), "sn", f"鈴木{self.number}")

    def leave_scope(self) -> None:
        """Change somebody so that the filter does not hold any more."""
        self._replace(self._any(self.people), "employeeType", "other")

    def enter_scope(self) -> None:
        """Change somebody so that the filter holds."""
        self._replace(self._any(self.people), "employeeType", "synced")

    def rename(self) -> None:
        """Give somebody another name."""
        self.number += 1
        old = self._any(self.people)
        self._move(self.people, old, f"cn=renamed {self.number}", old.partition(f",{self.dialect.unit}=")[2])

    def move(self) -> None:
        """Move somebody to another unit."""
        old = self._any(self.people)
        unit = self._any(self.units)
        rdn = old[: old.index(f",{self.dialect.unit}=")]
        if not old.endswith(unit):
            self.connection.modify_dn(old, rdn, new_superior=unit)
            self._note("move", old)
            self._renamed(old, f"{rdn},{unit}")

    def rename_unit(self) -> None:
        """Rename a unit with all below it."""
        self.number += 1
        old = self._any(self.units)
        rdn = f"{self.dialect.unit}=unit{self.number}"
        self.connection.modify_dn(old, rdn)
        self._note("rename", old)
        new = f"{rdn},{self.base}"
        self.units = [new if unit == old else unit for unit in self.units]
        for names in (self.people, self.groups):
            names[:] = [f"{name.removesuffix(old)}{new}" if name.endswith(f",{old}") else name for name in names]

    def delete(self) -> None:
        """Delete somebody; slapd's groups go on naming them."""
        if len(self.people) > 5:
            dn = self._any(self.people)
            self.connection.delete(dn)
            self._note("delete", dn)
            self.people.remove(dn)
            self.gone.append(dn)

    def delete_group(self) -> None:
        """Delete a group."""
        if len(self.groups) > 2:
            dn = self._any(self.groups)
            self.connection.delete(dn)
            self._note("delete", dn)
            self.groups.remove(dn)

    def add_member(self) -> None:
        """Bring a person, or a group, into a group."""
        member = self._any(self.people if self.random.random() < 0.8 else self.groups)
        group = self._any(self.groups)
        self.connection.modify(group, {"member": [(ldap3.MODIFY_ADD, [member])]})
        self._note("add member", group)

    def take_member(self) -> None:
        """Take a member out of a group."""
        group = self._any(self.groups)
        self.connection.search(group, "(objectClass=*)", ldap3.BASE, attributes=["member"])
        values = self.connection.response[0]["raw_attributes"].get("member", [])
        if values:
            taken = self.random.choice(sorted(values)).decode()
            self.connection.modify(group, {"member": [(ldap3.MODIFY_DELETE, [taken])]})
            self._note("take member", group)

    def _add(self, dn: str, name: str) -> None:
        classes, attributes = self.dialect.person(name)
        self.connection.add(dn, classes, attributes)
        self._note("add", dn)
        self.people.append(dn)

    def _replace(self, dn: str, attribute: str, value: str) -> None:
        self.connection.modify(dn, {attribute: [(ldap3.MODIFY_REPLACE, [value])]})
        self._note(f"{attribute}={value}", dn)

    def _move(self, names: list[str], old: str, rdn: str, rest: str) -> None:
        self.connection.modify_dn(old, rdn)
        self._note("rename", old)
        names[names.index(old)] = f"{rdn},{self.dialect.unit}={rest}"

    def _renamed(self, old: str, new: str) -> None:
        self.people[self.people.index(old)] = new

    def _any(self, names: list[str]) -> str:
        return self.random.choice(names)

    def _note(self, what: str, dn: str) -> None:
        self.done.append(f"  {what}: {dn}")
