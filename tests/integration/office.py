"""An office that goes on changing: random small changes of the directory, as a tidy administrator makes them."""

import random
from collections.abc import Callable

from ldap2scim.sandbox.world import GROUPS_DN, MAIL_DOMAIN, PEOPLE_DN
from tests.integration.ldap import Administrator, Found


class Office:
    """People come, change and leave; groups as well. It neither dies out nor grows without end."""

    def __init__(self, directory: Administrator, chance: random.Random, people: int) -> None:
        self._directory = directory
        self._chance = chance
        self._people = people
        """So many there shall be, more or less."""
        self._number = 0
        self._may_close = True
        """One a day: of five groups no more than a third may go without an approval."""
        self.done: list[str] = []
        """What was done last, for the message of a failure."""
        self.anchors: set[str] = set()
        """The identity of everybody who ever was there."""
        self._remember()

    def change(self, times: int) -> None:
        """Make some changes."""
        self.done.clear()
        self._may_close = True
        hire_or_dismiss = (self.dismiss, self.hire)[len(self._directory.people()) < self._people]
        kinds: tuple[Callable[[], None], ...] = (
            *(hire_or_dismiss, hire_or_dismiss, self.promote, self.promote, self.rename, self.enter, self.enter),
            *(self.leave, self.open_or_close_group, self.rename_group),
        )
        for _ in range(times):
            self._chance.choice(kinds)()
        self._remember()

    def hire(self) -> None:
        """Somebody comes."""
        login = self._name("person")
        self._directory.add(
            f"uid={login},ou=research,{PEOPLE_DN}",
            ["inetOrgPerson"],
            uid=login,
            cn=f"新人 {login}",
            sn="新人",
            givenName=login,
            mail=f"{login}@{MAIL_DOMAIN}",
        )
        self.done.append(f"hire {login}")

    def dismiss(self) -> None:
        """Somebody goes."""
        somebody = self._somebody()
        for group in self._directory.groups():
            if set(group.texts("member")) == {somebody.dn}:
                return  # a group must have a member
        self._directory.dismiss(somebody.dn)
        self.done.append(f"dismiss {somebody.text('uid')}")

    def promote(self) -> None:
        """Somebody gets another title."""
        somebody = self._somebody()
        self._directory.replace(somebody.dn, title=[self._name("title")])
        self.done.append(f"promote {somebody.text('uid')}")

    def rename(self) -> None:
        """Somebody gets another login."""
        somebody, login = self._somebody(), self._name("renamed")
        self._directory.rename(somebody.dn, f"uid={login}")
        self.done.append(f"rename {somebody.text('uid')} to {login}")

    def enter(self) -> None:
        """Somebody enters a group."""
        group, somebody = self._group(), self._somebody()
        if somebody.dn not in group.texts("member"):
            self._directory.insert(group.dn, "member", somebody.dn)
            self.done.append(f"{somebody.text('uid')} enters {group.text('cn')}")

    def leave(self) -> None:
        """Somebody leaves a group."""
        group = self._group()
        if len(group.texts("member")) > 1:
            self._directory.take(group.dn, "member", self._chance.choice(group.texts("member")))
            self.done.append(f"somebody leaves {group.text('cn')}")

    def open_or_close_group(self) -> None:
        """There is one group more, or one less."""
        if len(self._directory.groups()) > 4:
            if not self._may_close:
                return
            self._may_close = False
            group = self._group()
            self._directory.delete(group.dn)
            self.done.append(f"close {group.text('cn')}")
            return
        name, members = self._name("group"), self._chance.sample(self._directory.people(), 4)
        self._directory.add(f"cn={name},{GROUPS_DN}", ["groupOfNames"], cn=name, member=[one.dn for one in members])
        self.done.append(f"open {name}")

    def rename_group(self) -> None:
        """A group gets another name."""
        group, name = self._group(), self._name("group")
        self._directory.rename(group.dn, f"cn={name}")
        self.done.append(f"rename {group.text('cn')} to {name}")

    def _remember(self) -> None:
        everybody = (*self._directory.people(), *self._directory.groups())
        self.anchors |= {str(one.text("entryUUID")) for one in everybody}

    def _somebody(self) -> Found:
        return self._chance.choice(self._directory.people())

    def _group(self) -> Found:
        return self._chance.choice(self._directory.groups())

    def _name(self, what: str) -> str:
        self._number += 1
        return f"{what}-{self._number}"
