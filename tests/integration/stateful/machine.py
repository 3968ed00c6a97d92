"""The machine: administrators on either side, faults, crashes and runs in any order."""

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
from ldap2scim.sandbox.world import BASE_DN
from tests.integration.asked import announced
from tests.integration.comparing import differences
from tests.integration.ldap import Administrator
from tests.integration.pairs import Console as PairConsole
from tests.integration.pairs import Pair
from tests.integration.stateful.company import CHANGES
from tests.integration.stateful.console import EDITS
from tests.integration.stateful.faults import BAD_READS, FAULTS, POINTS, SHOWS_LESS, WORKS, mend
from tests.integration.stateful.said import everything, login, plan_id, summary
from tests.integration.stateful.watched import SHORT, SOMEBODY, Watched
from tests.integration.warm import Order

numbers = st.integers(0, 99)


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

    @rule(changes=st.lists(st.tuples(st.sampled_from(CHANGES), numbers), min_size=1, max_size=4))
    def the_directory_changes(self, changes: list[tuple[str, int]]) -> None:
        """People come, change and leave; groups as well."""
        for what, number in changes:
            self.company.change(what, number)

    @rule(edits=st.lists(st.tuples(st.sampled_from(EDITS), numbers), min_size=1, max_size=3))
    def somebody_edits_the_service(self, edits: list[tuple[str, int]]) -> None:
        """Past our program."""
        for what, number in edits:
            self.console.change(what, number)

    @rule(name=st.sampled_from(sorted(BAD_READS)), number=numbers)
    def reads_go_bad(self, name: str, number: int) -> None:
        """The directory shows less than it has, or breaks off."""
        self.bad_read = True
        self.shows_less |= name in SHOWS_LESS
        BAD_READS[name](self.directory, number)

    @rule(number=numbers)
    def departments_are_hidden(self, number: int) -> None:
        """The directory shows a few people less than it should for the read to be believed."""
        if self.measure is not None:
            self.bad_read = True
            self.company.hide_departments(number, self.measure * SHORT - 1)

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
        self.measure = self.last_run = None
        self.removals = 0

    @rule()
    def all_is_well_again(self) -> None:
        """Nothing goes wrong any more."""
        mend(self.directory)
        self.service.faults.clear()
        self.bad_read = self.bad_service = self.shows_less = False

    # Runs.

    @rule()
    def sync(self) -> None:
        """An ordinary run."""
        self._sync()

    @rule()
    def recover(self) -> None:
        """A run that reads both sides in full."""
        self._observed(lambda: pipeline.recover(self.settings, Mode.APPLY, now=self._now()))

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
        done = self._observed(lambda: pipeline.synchronise(self.settings, Mode.APPLY, now=now))
        if isinstance(seen, Report) and done is not None and not (doubts or self.bad_read or self.bad_service):
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
        # Only a run that reads the service in full sees what was edited there, and what is left of a lost state.
        unknown = self.console.edited or self.lost
        said = self._settled_by(pipeline.recover if unknown else pipeline.synchronise)
        story = f"{summary(said)}"
        assert said.exit_code == 0, story
        different, forgotten = self._differences(), self._unremembered()
        assert (different, forgotten) == ([], []), "\n".join((*different, *forgotten, story))
        self.console.edited = False
        idle = self._sync()
        assert idle is not None
        assert (idle.exit_code, self.service.writes()) == (0, ()), summary(idle)
        assert len(self.service.requests) <= 3, "an idle run asks the service for much"
        assert idle.reads[0].by_changes is not None, idle.reads[0]
        seen = drift(self.settings)
        assert (seen.exit_code, seen.edits) == (0, ()), seen.document

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
        known, truth = json.dumps(self._remembered()[0]), self.company.truth()
        expected = truth.people.keys() | truth.groups if self.lost else self.company.ever
        ours = (key for key, one in self.console.held().resources.items() if one.get("externalId") in expected)
        return [key for key in ours if key not in known]

    def _differences(self) -> list[str]:
        console = PairConsole(self.service)
        try:
            with Administrator.of(self.directory, BASE_DN) as administrator:
                pair = Pair(self.directory, self.service, console, administrator, self.program)
                return differences(pair, left=self._leavers(), foreign=self._foreign_names())
        finally:
            console.close()

    def _leavers(self) -> set[str]:
        people, users = self.company.truth().people, self.console.held().users.values()
        return {one["userName"] for one in users if one.get("externalId") in self.company.ever - people.keys()}

    def _foreign_names(self) -> set[str]:
        return {str(one.get("userName") or one["displayName"]) for one in self.console.foreign.values()}
