"""The machine: administrators on either side, faults, crashes and runs in any order."""

import itertools
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ldap2scim.planning.operations import Create
from ldap2scim.planning.plan import Plan
from ldap2scim.run import pipeline
from ldap2scim.run.context import Mode
from ldap2scim.run.drift import drift
from ldap2scim.run.report import Report
from ldap2scim.run.undo import undo
from tests.integration.asked import announced
from tests.integration.comparing import differences
from tests.integration.ldap import Administrator
from tests.integration.pairs import Console as PairConsole
from tests.integration.pairs import Pair
from tests.integration.stateful.company import BETWEEN, CHANGES
from tests.integration.stateful.console import EDITS
from tests.integration.stateful.faults import BAD_READS, FAULTS, POINTS, SHOWS_LESS, WITHHELD, WORKS, mend
from tests.integration.stateful.said import everything, login, plan_id, summary
from tests.integration.stateful.sites import SHORT, Change, Site
from tests.integration.stateful.watched import SOMEBODY, Watched
from tests.integration.warm import Order

numbers = st.integers(0, 99)
changes_of_one = st.lists(st.tuples(st.sampled_from(CHANGES), numbers), min_size=1, max_size=4)


class Histories(Watched):
    """What may happen, in any order; after everything that has, it comes to a good end."""

    def teardown(self) -> None:
        """Whatever has happened, it comes to a good end; then what this history started ends."""
        try:
            if sys.exc_info()[0] is None:
                self.settle_down()
        finally:
            self._running.close()

    # What happens at either side.

    @rule(where=numbers, changes=changes_of_one)
    def the_directory_changes(self, where: int, changes: list[Change]) -> None:
        """People come, change and leave; groups as well."""
        for what, number in changes:
            self.site(where).company.change(what, number)

    @precondition(lambda self: len(self.sites) > 1)
    @rule(where=numbers, what=st.sampled_from(BETWEEN), number=numbers)
    def both_directories_have_to_do_with_it(self, where: int, what: str, number: int) -> None:
        """Somebody moves over, and is gone here; or there is one of a login, or a group of a name, in both."""
        here, there = self.site(where).company, self.site(where + 1).company
        match what:
            case "move over":
                there.take(here.give_up(number), number)
            case "the same login":
                there.take(here.logins()[number % len(here.logins())], number)
            case "the same group":
                there.open_namesake(here.group_names()[number % len(here.group_names())], number)

    @rule(edits=st.lists(st.tuples(st.sampled_from(EDITS), numbers), min_size=1, max_size=3))
    def somebody_edits_the_service(self, edits: list[tuple[str, int]]) -> None:
        """Past our program."""
        for what, number in edits:
            self.console.change(what, number)

    @rule(where=numbers, name=st.sampled_from(sorted(BAD_READS)), number=numbers)
    def reads_go_bad(self, where: int, name: str, number: int) -> None:
        """A directory shows less than it has, or breaks off."""
        site = self.site(where)
        site.bad = True
        site.shows_less |= name in SHOWS_LESS
        site.withheld |= name in WITHHELD
        BAD_READS[name](site.directory, number)

    @rule(where=numbers, number=numbers)
    def departments_are_hidden(self, where: int, number: int) -> None:
        """A directory shows a few people less than it should for the read to be believed."""
        site = self.site(where)
        if site.measure is not None:
            site.bad = True
            site.company.hide_departments(number, site.measure * SHORT - 1)

    @rule(name=st.sampled_from(sorted(FAULTS)), after=st.integers(0, 12), times=st.sampled_from([1, 2, 4, None]))
    def the_service_fails(self, name: str, after: int, times: int | None) -> None:
        """After some requests, some times or from then on."""
        self.bad_service = True
        self.service.faults.add(replace(FAULTS[name], after=after, times=times))

    @precondition(lambda self: not self.lost)
    @rule()
    def the_state_is_lost(self) -> None:
        """With the disk that it was on: the next run finds everybody again by externalId, and remembers no leaver."""
        self.program.lose_state()
        self.lost = True
        self.armed = False
        self.last_run = None
        for site in self.sites:
            site.measure = None
        self.removals = self.removals_of_groups = 0

    @rule()
    def all_is_well_again(self) -> None:
        """Nothing goes wrong any more."""
        for site in self.sites:
            mend(site.directory)
            site.bad = site.shows_less = False
        self.service.faults.clear()
        self.bad_service = False

    # Runs.

    @rule()
    def sync(self) -> None:
        """An ordinary run."""
        self._sync()

    @rule()
    def recover(self) -> None:
        """A run that reads both sides in full."""
        self._observed(lambda: pipeline.recover(self.settings, Mode.APPLY, now=self._now()))

    @rule(
        where=numbers,
        changes=changes_of_one,
        after=st.integers(0, 50),
        walks_by_name=st.booleans(),
        work=st.sampled_from(["sync", "sync", "recover", "review"]),
    )
    def somebody_works_meanwhile(
        self, where: int, changes: list[Change], after: int, walks_by_name: bool, work: str
    ) -> None:
        """A directory changes in the middle of a run: between two entries, pages, searches or questions."""
        self.site(where).work_meanwhile(changes, after, walks_by_name=walks_by_name)
        {"sync": self.sync, "recover": self.recover, "review": self.review}[work]()

    @rule(work=st.sampled_from(["synchronise", "recover", "drift"]))
    def look(self, work: str) -> None:
        """A dry run changes nothing, neither there nor in what is remembered of the service."""
        works: dict[str, Callable[[], Any]] = {
            "synchronise": lambda: pipeline.synchronise(self.settings, Mode.PLAN, now=self._now()),
            "recover": lambda: pipeline.recover(self.settings, Mode.PLAN, now=self._now()),
            "drift": lambda: drift(self.settings),
        }
        self._dry(works[work])

    @rule()
    def review(self) -> None:
        """A plan is written down, for somebody to look at."""
        said = self._dry(lambda: pipeline.plan_to_keep(self.settings, now=self._now()))
        if isinstance(said, Report) and said.plan is not None:
            self.reviewed = said.plan
            self.last_held = said.plan.plan_id if said.plan.held else self.last_held

    @rule(released=st.booleans())
    def carry_out_what_was_reviewed(self, released: bool) -> None:
        """That plan runs, after whatever has happened since; nothing that it did not have."""
        if (plan := self.reviewed) is None:
            return
        approved = released or plan.plan_id in self.approved
        reviewed = announced(replace(plan, operations=everything(plan)) if approved else plan)
        released = released and bool(plan.held)
        self.armed |= released
        decision = SOMEBODY if released else None
        self._observed(lambda: pipeline.carry_out(self.settings, plan, decision, now=self._now()), limit_to=reviewed)

    @rule()
    def look_and_apply(self) -> None:
        """The plan that is seen is the plan that runs."""
        now = self._now()
        doubts = self._doubts()
        seen = self._dry(lambda: pipeline.synchronise(self.settings, Mode.PLAN, now=now))
        at_work = any(site.at_work for site in self.sites)
        done = self._observed(lambda: pipeline.synchronise(self.settings, Mode.APPLY, now=now))
        disturbed = doubts or at_work or self.bad_read or self.bad_service
        if isinstance(seen, Report) and done is not None and not disturbed:
            assert plan_id(seen) == plan_id(done), f"another plan than the one seen: {seen.plan} {done.plan}"

    @rule(work=st.sampled_from(WORKS), point=st.sampled_from(POINTS), visit=st.integers(1, 6))
    def killed(self, work: str, point: str, visit: int) -> None:
        """A run is killed at some place; one that does not come there comes to its end."""
        order = Order(
            str(self.program.settings), str(self.program.folder / "plan.json"), work, point, visit, days=self._days()
        )
        before = self._begin()
        became = self.ground.warm.run(order)
        assert became.balanced, became
        self.ground.announced += map(dict, became.plan) if work != "plan_to_keep" else ()
        self._check_what_was_done(before)
        self.last_run = None

    @rule()
    def somebody_approves(self) -> None:
        """What the last plan held is released for the next run."""
        if self.last_held is not None:
            self._approve(self.last_held)

    @rule()
    def undo(self) -> None:
        """The last run is taken back, as far as it can be."""
        if (run := self.last_run) is not None:
            self._observed(lambda: undo(self.settings, run, Mode.APPLY, now=self._now()), back=True)
            self.last_run = None

    @rule()
    def settle_down(self) -> None:
        """Once nothing goes wrong, both sides agree, what is held being released; then a run has nothing to do."""
        self.all_is_well_again()
        self._resolve_namesakes()
        # Only a run that reads both sides in full sees what was edited there, what is left of a lost state, and what a
        # directory shows again that was there all the time.
        unknown = self.console.edited or self.lost or any(site.withheld for site in self.sites)
        said = self._settled_by(pipeline.recover if unknown else pipeline.synchronise)
        if unknown:
            # Orphans that were released keep their groups until a recovery finds them disabled.
            said = self._settled_by(pipeline.recover)
        story = f"{summary(said)}"
        assert said.exit_code == 0, story
        different, forgotten = self._differences(), self._unremembered()
        assert (different, forgotten) == ([], []), "\n".join((*different, *forgotten, story))
        self.console.edited = False
        for site in self.sites:
            site.withheld = False
        idle = self._sync()
        assert idle is not None
        assert (idle.exit_code, self.service.writes()) == (0, ()), summary(idle)
        assert len(self.service.requests) <= 3, "an idle run asks the service for much"
        assert all(one.by_changes is not None for one in idle.reads), idle.reads
        seen = drift(self.settings)
        assert (seen.exit_code, seen.edits) == (0, ()), seen.document

    def _resolve_namesakes(self) -> None:
        """Do what the findings of duplicates ask for; nobody is at work any more."""
        for site in self.sites:
            site.end()
        for first, second in itertools.pairwise(self.sites):
            second.company.resolve(first.company.logins(), first.company.group_names())

    def _settled_by(self, first: Callable[..., Report]) -> Report:
        """Run until nothing is held, a person releasing what is."""
        said = self._observed(lambda: first(self.settings, Mode.APPLY, now=self._now()))
        for _ in range(4):
            assert said is not None
            # A read that is short by its measure proposes no orphan; it is the measure of the next one.
            if said.exit_code == 0 and not any(one.rule == "short-read" for one in said.findings):
                break
            if said.plan is not None and said.plan.held:
                self._do_as_told(said.plan)
                self._approve(said.plan.plan_id)
            said = self._observed(lambda: first(self.settings, Mode.APPLY, now=self._now()))
        assert said is not None
        return said

    def _do_as_told(self, plan: Plan) -> None:
        """Remove the old resources of people who were re-created, as the reasons of their holds ask for."""
        logins = {login(one.operation) for one in plan.held if isinstance(one.operation, Create)}
        for key, user in self.console.held().users.items():
            if user["userName"] in logins:
                self.service.store.remove("User", key)

    def _unremembered(self) -> list[str]:
        """Return the resources of ours that the snapshot has forgotten; nobody knows who had left before a loss."""
        known, truth = json.dumps(self._remembered()[0]), self.truth()
        expected = truth.people.keys() | truth.groups if self.lost else self.ever
        ours = (key for key, one in self.console.held().resources.items() if one.get("externalId") in expected)
        return [key for key in ours if key not in known]

    def _differences(self) -> list[str]:
        console = PairConsole(self.service)
        try:
            return [one for site in self.sites for one in self._differences_of(site, console)]
        finally:
            console.close()

    def _differences_of(self, site: Site, console: PairConsole) -> list[str]:
        """Compare what one directory says; whoever is of the other is foreign to it."""
        others = [one.company for one in self.sites if one is not site]
        elsewhere = {name for one in others for name in (*one.logins(), *one.group_names())}
        base = site.directory.base_dn
        with Administrator.of(site.directory, base) as administrator:
            pair = Pair(site.directory, self.service, console, administrator, self.program, base)
            return differences(pair, left=self._leavers(), foreign=self._foreign_names() | elsewhere)

    def _leavers(self) -> set[str]:
        people, users = self.truth().people, self.console.held().users.values()
        return {one["userName"] for one in users if one.get("externalId") in self.ever - people.keys()}

    def _foreign_names(self) -> set[str]:
        return {str(one.get("userName") or one["displayName"]) for one in self.console.foreign.values()}
