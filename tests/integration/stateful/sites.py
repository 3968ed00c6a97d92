"""A directory of a history: its server, its administrator, and what is known of the reads that it gave.

A history has one or two of them. What one does, or does not show, is no reason for anything that concerns the other.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from twisted.python.threadable import isInIOThread

from ldap2scim.sandbox.directory import EmbeddedDirectory, embedded_directory
from ldap2scim.sandbox.directory.reactor import in_reactor
from ldap2scim.sandbox.directory.searching import RunningSearch
from ldap2scim.sandbox.world import BASE_DN, Size
from tests.integration.days import DISABLED
from tests.integration.installation import openldap
from tests.integration.pairs import world
from tests.integration.stateful.company import Company, Truth

SHORT = 0.9
"""A read with less than this share of the people of the last one is visibly short (DESIGN §6)."""
PAGE = 5
"""Entries in one page, so that a read has several, and somebody may be at work between them."""
SIZES: Final = (Size(people=14, groups=4, largest_group=8), Size(people=12, groups=4, largest_group=7))
BASES: Final = (BASE_DN, "dc=tsukiyo,dc=example")
NAMES: Final = ("main", "tsukiyo")

LONG_AGO = "modifyTimestamp: 20260101000000Z\n"
"""When everything was changed last that a history begins with."""

Change = tuple[str, int]


@dataclass
class Site:
    """One directory."""

    name: str
    """As the settings call it."""
    directory: EmbeddedDirectory
    company: Company
    bad: bool = False
    """Whether its reads may go wrong."""
    shows_less: bool = False
    withheld: bool = False
    """Whether an attribute was not shown for a while since both sides agreed."""
    measure: int | None = None
    """How many people there were when they were last read and nothing was wrong; None: nobody can say."""
    at_first: Truth = field(init=False)
    """What was there when the last run began."""
    at_work: bool = False
    """Whether somebody is going to work there during the next run, or has during this one."""
    _waiting: list[Change] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.at_first = self.company.truth()

    def begin(self) -> None:
        """Note what there is before a run."""
        self.at_first = self.company.truth()
        self.at_work = bool(self._waiting)

    def end(self) -> None:
        """Do what nobody came to do while the run read, so that the next run finds it done."""
        # A run that was killed may still be answered: nobody works in two places.
        if isInIOThread():
            self._work()
        else:
            in_reactor(self._work)

    def _work(self) -> None:
        self.directory._state.meanwhile = None
        waiting, self._waiting = self._waiting, []
        for what, number in waiting:
            self.company.change(what, number)

    def work_meanwhile(self, changes: Sequence[Change], after: int, *, walks_by_name: bool) -> None:
        """Let changes happen all at once while the next run reads, after so many entries, pages and searches together.

        Args:
            changes: as the company has them.
            after: entries that are sent before.
            walks_by_name: the search under way passes by those that get another name, as a server may do that goes
                through an index of names.
        """
        self._waiting = [*changes]
        left = after

        def somebody_works(search: RunningSearch) -> None:
            nonlocal left
            left -= 1
            if left >= 0 or not self._waiting:
                return
            before = self._names()
            self._work()
            later = self._names()
            if walks_by_name:
                search.missed |= {one for one, key in before.items() if later.get(one) != key}

        self.directory._state.meanwhile = somebody_works

    def was_there(self) -> Truth:
        """Return what was there all the time since the last run began."""
        return self.at_first.and_still(self.company.truth())

    def note_measure(self) -> None:
        """After a run that may have read: it may be the new measure, or not."""
        people = len(self.company.truth().people)
        unknown = self.bad or self.at_work or self.measure is None
        self.measure = None if self.measure is None or unknown else min(self.measure, people)

    def is_deceiving(self, *, armed: bool) -> bool:
        """Say whether nobody could have known that a read is bad, or somebody approved what follows from it."""
        shown = self.company.shown()
        hidden = shown < len(self.company.truth().people)
        released = armed and (hidden or self.shows_less)
        return released or (hidden and (self.measure is None or shown >= self.measure * SHORT))

    def connection(self) -> dict[str, Any]:
        """Return its settings."""
        return openldap(self.directory, self.directory.base_dn, mapping=DISABLED, page_size=PAGE)

    def _names(self) -> dict[UUID, str]:
        tree = self.directory._state.tree
        return {entry.uuid: entry.key for entry in tree.subtree(tree.suffix_key)}


@contextmanager
def running_site(number: int) -> Iterator[Site]:
    """Run the first directory, or the second; nobody has a name, a login or an identity of the other."""
    text = world(SIZES[number], seed=number + 1)
    if number:
        text = re.sub(r"^(dn: cn=|cn: )(?=\w)", rf"\1{NAMES[number]}-", text, flags=re.MULTILINE)
    text = text.replace(BASE_DN, BASES[number]).replace("objectClass:", f"{LONG_AGO}objectClass:")
    with embedded_directory(text) as directory:
        yield Site(NAMES[number], directory, Company(directory, "t" * number))
