"""The directory's administrator, whom no fault concerns: changes the embedded directory, and knows the truth."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from twisted.python.threadable import isInIOThread

from ldap2scim.sandbox.directory import EmbeddedDirectory
from ldap2scim.sandbox.directory.changing import Change, Modification, OldRdn, add, delete, modify, rename
from ldap2scim.sandbox.directory.entry import Entry
from ldap2scim.sandbox.directory.names import key_of
from ldap2scim.sandbox.directory.reactor import in_reactor
from ldap2scim.sandbox.directory.tree import Tree
from ldap2scim.sandbox.world import DEPARTMENTS, MAIL_DOMAIN

T = TypeVar("T")

FEWEST_PEOPLE, MOST_PEOPLE = 9, 22
FEWEST_GROUPS, MOST_GROUPS = 3, 7
HOLIDAY = 7
"""So many are disabled together: more than may be without a person."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What the directory holds, by identity, whatever it shows."""

    people: Mapping[str, bool]
    """entryUUID → not disabled."""
    groups: frozenset[str]
    members: frozenset[tuple[str, str]]
    """Group and person; a name that leads to nobody is no member."""

    def and_still(self, later: "Truth") -> "Truth":
        """Return what was there all the time between two moments."""
        stayed = self.people.keys() & later.people.keys()
        return Truth(
            {one: self.people[one] and later.people[one] for one in stayed},
            self.groups & later.groups,
            self.members & later.members,
        )


def together(*truths: Truth) -> Truth:
    """Return what several directories hold; none of them has an identity of another."""
    return Truth(
        {one: enabled for truth in truths for one, enabled in truth.people.items()},
        frozenset[str]().union(*(truth.groups for truth in truths)),
        frozenset[tuple[str, str]]().union(*(truth.members for truth in truths)),
    )


class Company:
    """People and groups. Everything takes a number, which chooses among those who are there."""

    def __init__(self, directory: EmbeddedDirectory, name: str) -> None:
        self._directory = directory
        self._name = name
        """Part of every login and name that is new: no two companies find the same one by chance."""
        self._people_dn, self._groups_dn = f"ou=people,{directory.base_dn}", f"ou=groups,{directory.base_dn}"
        self._count = 0
        self.ever: set[str] = set()
        """The identity of everybody who ever was there, and of every group."""
        self._remember()

    def hire(self, number: int) -> None:
        """Somebody comes, into some department."""
        if len(self._people()) < MOST_PEOPLE:
            self._hire(self._new("person"), _unit(number))

    def dismiss(self, number: int) -> None:
        """Somebody goes; an untidy administrator leaves the name in the groups."""
        if len(self._people()) > FEWEST_PEOPLE:
            somebody = self._person(number)
            if number % 2:
                self._take_out(somebody.dn)
            self._do(lambda tree: delete(tree, somebody.dn))

    def dismiss_many(self, number: int) -> None:
        """A department is closed."""
        for one in range(number, number + 6):
            self.dismiss(one)

    def create_again(self, number: int) -> None:
        """Somebody is deleted and added again: the same login, another identity."""
        somebody = self._person(number)
        login, unit = _text(somebody, "uid"), somebody.dn.partition(",")[2].partition(",")[0].partition("=")[2]
        groups = [group.dn for group in self._groups() if somebody.key in self._names(group)]
        self._do(lambda tree: delete(tree, somebody.dn))
        self._hire(login, unit)
        assert groups == [group.dn for group in self._groups() if somebody.key in self._names(group)]

    def promote(self, number: int) -> None:
        """Somebody gets another title."""
        self._set(self._person(number), "title", self._new("title"))

    def promote_all(self, number: int) -> None:
        """Everybody gets the same new title."""
        title = self._new(f"title-{number % 2}")
        for somebody in self._people():
            self._set(somebody, "title", title)

    def rename(self, number: int) -> None:
        """Somebody gets another login."""
        self._move(self._person(number), f"uid={self._new('renamed')}", None)

    def move(self, number: int) -> None:
        """Somebody goes to another department."""
        somebody = self._person(number)
        unit = f"ou={_unit(number)},{self._people_dn}"
        if not somebody.dn.endswith(f",{unit}"):
            self._move(somebody, somebody.dn.partition(",")[0], unit)

    def reorganise(self, number: int) -> None:
        """Several people go to another department together."""
        for one in range(number, number + 5):
            self.move(number * 2 + one * 3)

    def disable(self, number: int) -> None:
        """Somebody is disabled, or enabled again."""
        self._toggle(self._person(number), disabled=not _is_disabled(self._person(number)))

    def holiday(self, number: int) -> None:
        """The first people are all disabled, or all enabled."""
        for somebody in self._people()[:HOLIDAY]:
            self._toggle(somebody, disabled=bool(number % 2))

    def enter(self, number: int) -> None:
        """Somebody enters a group."""
        self._member(number, Change.ADD)

    def leave(self, number: int) -> None:
        """Somebody leaves a group that does not end by it."""
        self._member(number, Change.DELETE)

    def open_group(self, number: int) -> None:
        """There is a group more."""
        if len(self._groups()) < MOST_GROUPS:
            self._open(self._new("group"), number)

    def close_group(self, number: int) -> None:
        """There is a group less."""
        if len(self._groups()) > FEWEST_GROUPS:
            group = self._group(number)
            self._do(lambda tree: delete(tree, group.dn))

    def rename_group(self, number: int) -> None:
        """A group gets another name."""
        self._move(self._group(number), f"cn={self._new('group')}", None)

    def change(self, what: str, number: int) -> None:
        """Do one of these by its name."""
        work: Callable[[int], None] = getattr(self, what)
        work(number)
        self._remember()

    def truth(self) -> Truth:
        """Return what there is."""
        people, groups = self._people(), self._groups()
        keys = {one.key: str(one.uuid) for one in people}
        pairs = ((str(group.uuid), keys[name]) for group in groups for name in self._names(group) if name in keys)
        return Truth(
            {str(one.uuid): not _is_disabled(one) for one in people},
            frozenset(str(one.uuid) for one in groups),
            frozenset(pairs),
        )

    def shown(self) -> int:
        """Return how many people the directory shows."""
        return sum(not self._directory._state.faults.hides(one.key) for one in self._people())

    def hide_departments(self, number: int, most: float) -> None:
        """Let the directory show at most so many people, and as many as can be: a right is missing on some units."""
        for one in range(number, number + len(DEPARTMENTS)):
            if self.shown() <= most:
                return
            self._directory.hide(f"ou={_unit(one)},{self._people_dn}")

    def logins(self) -> list[str]:
        """Return every login."""
        return [_text(one, "uid") for one in self._people()]

    def group_names(self) -> list[str]:
        """Return every name of a group."""
        return [_text(one, "cn") for one in self._groups()]

    def give_up(self, number: int) -> str:
        """Let somebody go, whatever the office's size, and return the login."""
        somebody = self._person(number)
        self._take_out(somebody.dn)
        self._do(lambda tree: delete(tree, somebody.dn))
        return _text(somebody, "uid")

    def take(self, login: str, number: int) -> None:
        """Somebody comes who has a login already, from elsewhere; not if it is here."""
        if login not in self.logins():
            self._hire(login, _unit(number))
            self._remember()

    def open_namesake(self, name: str, number: int) -> None:
        """There is a group of a name that is elsewhere as well; not if it is here."""
        if name not in self.group_names():
            self._open(name, number)
            self._remember()

    def resolve(self, logins: list[str], names: list[str]) -> None:
        """Give people and groups another name whose own is one of these."""
        for somebody in self._people():
            if _text(somebody, "uid") in logins:
                self._move(somebody, f"uid={self._new('resolved')}", None)
        for group in self._groups():
            if _text(group, "cn") in names:
                self._move(group, f"cn={self._new('resolved')}", None)

    def _hire(self, login: str, unit: str) -> None:
        values = {
            "objectClass": [b"inetOrgPerson"],
            "uid": [login.encode()],
            "cn": [f"新人 {login}".encode()],
            "sn": ["新人".encode()],
            "givenName": [login.encode()],
            "mail": [f"{login}@{MAIL_DOMAIN}".encode()],
        }
        self._do(lambda tree: add(tree, f"uid={login},ou={unit},{self._people_dn}", values))

    def _open(self, name: str, number: int) -> None:
        members = {self._person(number + one).dn for one in (0, 3, 4)}
        values = {"objectClass": [b"groupOfNames"], "cn": [name.encode()]}
        values["member"] = [dn.encode() for dn in sorted(members)]
        self._do(lambda tree: add(tree, f"cn={name},{self._groups_dn}", values))

    def _toggle(self, somebody: Entry, *, disabled: bool) -> None:
        self._set(somebody, "shadowExpire", "1" if disabled else None)

    def _member(self, number: int, change: Change) -> None:
        group, somebody = self._group(number // 7), self._person(number)
        names = self._names(group)
        if change is Change.DELETE and (somebody.key not in names or len(names) == 1):
            return
        if change is Change.ADD and somebody.key in names:
            return
        self._change(group, change, "member", somebody.dn)

    def _move(self, entry: Entry, rdn: str, parent: str | None) -> None:
        """Rename or move an entry, and correct the groups that name it."""
        groups = [group for group in self._groups() if entry.key in self._names(group)]
        old = entry.dn
        self._do(lambda tree: rename(tree, old, rdn, OldRdn.DELETED, parent))
        for group in groups:
            self._change(group, Change.ADD, "member", entry.dn)
            self._change(group, Change.DELETE, "member", old)

    def _take_out(self, dn: str) -> None:
        for group in self._groups():
            names = self._names(group)
            if key_of(dn) in names and len(names) > 1:
                self._change(group, Change.DELETE, "member", dn)

    def _set(self, entry: Entry, name: str, value: str | None) -> None:
        self._change(entry, Change.REPLACE, name, *([] if value is None else [value]))

    def _change(self, entry: Entry, change: Change, name: str, *values: str) -> None:
        asked = Modification(change, name, tuple(value.encode() for value in values))
        self._do(lambda tree: modify(tree, entry.dn, [asked]))

    def _person(self, number: int) -> Entry:
        people = self._people()
        return people[number % len(people)]

    def _group(self, number: int) -> Entry:
        groups = self._groups()
        return groups[number % len(groups)]

    def _people(self) -> list[Entry]:
        return self._do(lambda tree: list(_of_class(tree, "inetorgperson")))

    def _groups(self) -> list[Entry]:
        return self._do(lambda tree: list(_of_class(tree, "groupofnames")))

    @staticmethod
    def _names(group: Entry) -> set[str]:
        return {key_of(value.decode()) for value in group.values("member")}

    def _new(self, what: str) -> str:
        self._count += 1
        return f"{what}-{self._name}{self._count}"

    def _remember(self) -> None:
        truth = self.truth()
        self.ever |= truth.people.keys() | truth.groups

    def _do(self, work: Callable[[Tree], T]) -> T:
        tree = self._directory._state.tree
        # Somebody who is at work while the directory is read is in its thread already.
        return work(tree) if isInIOThread() else in_reactor(lambda: work(tree))


CHANGES = (
    *("hire", "hire", "dismiss", "dismiss_many", "create_again", "promote", "promote_all", "rename", "move", "disable"),
    *("reorganise", "holiday", "enter", "enter", "leave", "open_group", "close_group", "rename_group"),
)
"""Names of what can happen; some more often."""
BETWEEN = ("move over", "move over", "the same login", "the same group")
"""Names of what happens between two companies."""


def _of_class(tree: Tree, name: str) -> Iterator[Entry]:
    return (entry for entry in tree.subtree(tree.suffix_key) if name in entry.comparable("objectclass"))


def _unit(number: int) -> str:
    return DEPARTMENTS[number % len(DEPARTMENTS)][0]


def _text(entry: Entry, name: str) -> str:
    return entry.values(name)[0].decode()


def _is_disabled(entry: Entry) -> bool:
    return bool(entry.values("shadowexpire"))
