"""The directory's administrator, whom no fault concerns: changes the embedded directory, and knows the truth."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from ldap2scim.sandbox.directory import EmbeddedDirectory
from ldap2scim.sandbox.directory.changing import Change, Modification, OldRdn, add, delete, modify, rename
from ldap2scim.sandbox.directory.entry import Entry
from ldap2scim.sandbox.directory.names import key_of
from ldap2scim.sandbox.directory.reactor import in_reactor
from ldap2scim.sandbox.directory.tree import Tree
from ldap2scim.sandbox.world import DEPARTMENTS, GROUPS_DN, MAIL_DOMAIN, PEOPLE_DN

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


class Company:
    """People and groups. Everything takes a number, which chooses among those who are there."""

    def __init__(self, directory: EmbeddedDirectory) -> None:
        self._directory = directory
        self._count = 0
        self.ever: set[str] = set()
        """The identity of everybody who ever was there, and of every group."""
        self._remember()

    def hire(self, number: int) -> None:
        """Somebody comes, into some department."""
        if len(self._people()) < MOST_PEOPLE:
            self._count += 1
            self._hire(f"person-{self._count}", DEPARTMENTS[number % len(DEPARTMENTS)][0])

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
        unit = f"ou={DEPARTMENTS[number % len(DEPARTMENTS)][0]},{PEOPLE_DN}"
        if not somebody.dn.endswith(f",{unit}"):
            self._move(somebody, somebody.dn.partition(",")[0], unit)

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
            name, members = self._new("group"), {self._person(number + one).dn for one in (0, 3, 4)}
            values = {"objectClass": [b"groupOfNames"], "cn": [name.encode()]}
            values["member"] = [dn.encode() for dn in sorted(members)]
            self._do(lambda tree: add(tree, f"cn={name},{GROUPS_DN}", values))

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
            self._directory.hide(f"ou={DEPARTMENTS[one % len(DEPARTMENTS)][0]},{PEOPLE_DN}")

    def _hire(self, login: str, unit: str) -> None:
        values = {
            "objectClass": [b"inetOrgPerson"],
            "uid": [login.encode()],
            "cn": [f"新人 {login}".encode()],
            "sn": ["新人".encode()],
            "givenName": [login.encode()],
            "mail": [f"{login}@{MAIL_DOMAIN}".encode()],
        }
        self._do(lambda tree: add(tree, f"uid={login},ou={unit},{PEOPLE_DN}", values))

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
        return f"{what}-{self._count}"

    def _remember(self) -> None:
        truth = self.truth()
        self.ever |= truth.people.keys() | truth.groups

    def _do(self, work: Callable[[Tree], T]) -> T:
        return in_reactor(lambda: work(self._directory._state.tree))


CHANGES = (
    *("hire", "hire", "dismiss", "dismiss_many", "create_again", "promote", "promote_all", "rename", "move", "disable"),
    *("holiday", "enter", "enter", "leave", "open_group", "close_group", "rename_group"),
)
"""Names of what can happen; some more often."""


def _of_class(tree: Tree, name: str) -> Iterator[Entry]:
    return (entry for entry in tree.subtree(tree.suffix_key) if name in entry.comparable("objectclass"))


def _text(entry: Entry, name: str) -> str:
    return entry.values(name)[0].decode()


def _is_disabled(entry: Entry) -> bool:
    return bool(entry.values("shadowexpire"))
