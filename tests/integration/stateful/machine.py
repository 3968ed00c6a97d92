"""The machine: administrators on either side, faults, crashes and runs in any order; and what always holds."""

import json
import sqlite3
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ldap2scim.errors import Ldap2ScimError, PlanError, PlanRefused, StateError
from ldap2scim.planning.accounts import Result
from ldap2scim.planning.approvals import Release
from ldap2scim.planning.operations import ChangeMembers, Create, Operation
from ldap2scim.planning.plan import Plan
from ldap2scim.run import pipeline
from ldap2scim.run.context import Mode
from ldap2scim.run.decide import Decision
from ldap2scim.run.drift import drift
from ldap2scim.run.kept_plans import kept_plan
from ldap2scim.run.records import intent_of
from ldap2scim.run.report import Report
from ldap2scim.run.undo import undo
from ldap2scim.sandbox.directory import EmbeddedDirectory, embedded_directory
from ldap2scim.sandbox.service import EmbeddedService
from ldap2scim.sandbox.world import BASE_DN, Size
from ldap2scim.settings import Settings, load
from ldap2scim.state.access import StateReader
from ldap2scim.state.approvals import approve
from ldap2scim.state.store import open_store
from tests.integration.asked import announced, beyond
from tests.integration.comparing import differences
from tests.integration.days import DISABLED
from tests.integration.installation import Installation, openldap, scim
from tests.integration.ldap import Administrator
from tests.integration.pairs import Console as PairConsole
from tests.integration.pairs import Pair, world
from tests.integration.stateful.company import CHANGES, Company
from tests.integration.stateful.console import EDITS, Console, Held
from tests.integration.stateful.faults import BAD_READS, FAULTS, POINTS, WORKS, mend
from tests.integration.stateful.promises import LEAST, made_up, removed_groups, removed_users, touched, twice, unfounded
from tests.integration.warm import Order, Warm

SIZE = Size(people=14, groups=4, largest_group=8)
SOMEBODY = Release("somebody")
EVERYTHING_FLOWS: Final = {
    "users": {"least": 1000, "most": 1000},
    "groups": {"least": 1000, "most": 1000},
    "update_minimum": 1000,
    "member_loss_minimum": 1000,
    "attribute_minimum": 1000,
    "limits": {verb: {"minimum": 1000} for verb in ("rename", "restore", "leave")},
    "by": {part: {"population": 1000} for part in ("directory", "unit", "department", "group")},
}
"""But a third of the managed stays the most that leaves at once, and a short read is one, as always."""
SHORT = 0.9
"""A read with less than this share of the people of the last one is visibly short (DESIGN §6)."""

Work = Callable[[], Report]
numbers = st.integers(0, 99)


@dataclass
class Ground:
    """What all histories share: the service, the process that forks, and what the load was given to do."""

    service: EmbeddedService
    warm: Warm
    folder: Path
    announced: list[dict[str, Any]] = field(default_factory=list)
    steps: int = 0
    """Done so far, in all histories."""
    histories: "count[int]" = field(default_factory=count)

    def start_load(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Return what takes the place of `start_load`, and remembers the plan that is carried out."""

        def started(run: Any, decision: Decision) -> Any:
            self.announced += announced(decision.plan)
            return original(run, decision)

        return started


class Histories(RuleBasedStateMachine):
    """One history after another."""

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self.ground = ground
        self._running = ExitStack()

    @initialize(careful=st.booleans(), leavers=st.sampled_from(["deactivate", "delete"]), loaded=st.booleans())
    def begin(self, careful: bool, leavers: str, loaded: bool) -> None:
        """An office, an empty service, and settings: usual limits, or everything flows."""
        ground, service = self.ground, self.ground.service
        ground.steps -= 1  # the beginning is none
        service.store.clear()
        service.faults.clear()
        service.clear_requests()
        self.directory: EmbeddedDirectory = self._running.enter_context(embedded_directory(world(SIZE)))
        self.company = Company(self.directory)
        self.console = Console(service, self.company.ever)
        connection = openldap(self.directory, BASE_DN, mapping=DISABLED)
        budget = {"retry_budget": 0.3, "leavers": leavers}
        self.program = Installation(ground.folder / str(next(ground.histories)), connection, scim(service, **budget))
        self.careful = careful
        if not careful:
            self.program.others["safety"] = EVERYTHING_FLOWS
            self.program.write()
        self.settings: Settings = load(self.program.settings, {})
        self.bad_read = self.bad_service = False
        self.armed = False
        """Whether something that a person released may wait for a run."""
        self.measure: int | None = None
        """How many people there were when they were last read and nothing was wrong; None: nobody can say."""
        self.removals = 0
        """Of users, by all runs so far."""
        self.reviewed: Plan | None = None
        self.last_held: str | None = None
        self.approved: set[str] = set()
        """Plans of which everything was released; the run that carries one out rests on that as well."""
        self.last_run: str | None = None
        self.external_ids: dict[str, str] = {}
        if loaded:
            self.sync()

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
        self.ground.service.faults.add(replace(FAULTS[name], after=after, times=times))

    @rule()
    def all_is_well_again(self) -> None:
        """Nothing goes wrong any more."""
        mend(self.directory)
        self.ground.service.faults.clear()
        self.bad_read = self.bad_service = False

    # Runs.

    @rule()
    def sync(self) -> None:
        """An ordinary run."""
        self._observed(lambda: pipeline.synchronise(self.settings, Mode.APPLY, now=self._now()))

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
        reviewed = announced(replace(plan, operations=_all(plan)) if approved else plan)
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
            assert _id(seen) == _id(done), f"another plan than the one seen: {seen.plan} {done.plan}"

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
        said = self._settled_by(pipeline.recover if self.console.edited else pipeline.synchronise)
        story = f"{_summary(said)}"
        assert said.exit_code == 0, story
        assert self._differences() == [], story
        assert self._unremembered() == [], story
        self.console.edited = False
        idle = self._observed(lambda: pipeline.synchronise(self.settings, Mode.APPLY, now=self._now()))
        assert idle is not None
        assert (idle.exit_code, self.ground.service.writes()) == (0, ()), _summary(idle)
        assert len(self.ground.service.requests) <= 3, "an idle run asks the service for much"
        assert idle.reads[0].by_changes is not None, idle.reads[0]
        seen = drift(self.settings)
        assert (seen.exit_code, seen.edits) == (0, ()), seen.document

    # What always holds.

    @invariant()
    def nothing_is_there_twice_and_nothing_foreign_was_touched(self) -> None:
        """Whatever happened (P3)."""
        self.ground.steps += 1
        held = self.console.held()
        assert [*twice(held), *touched(held, self.console.foreign)] == []

    def _observed(
        self, work: Work, *, back: bool = False, limit_to: list[dict[str, Any]] | None = None
    ) -> Report | None:
        """Carry out a run that may write, and look at everything that it did."""
        before = self._begin()
        asked = back or limit_to is not None
        try:
            said = work()
        except Ldap2ScimError as error:
            refused = asked and isinstance(error, PlanError | PlanRefused | StateError)
            if not (refused or self.bad_read or self.bad_service):
                raise
            self._check_that_nothing_was_done(before)
            self._note_measure()
            return None
        plans = self.ground.announced if limit_to is None else limit_to
        self._check_what_was_done(before, plans, back=back)
        self._check_what_was_said(said)
        if said.plan is not None and said.plan.held:
            self.last_held = said.plan.plan_id
        self.last_run = said.run_id if said.outcomes else self.last_run
        if not self.bad_service and said.plan is not None and not asked:
            self.armed = False  # every approval is used up by the next ordinary run
        return said

    def _begin(self) -> Held:
        self.ground.service.clear_requests()
        self.ground.announced.clear()
        return self.console.held()

    def _check_that_nothing_was_done(self, before: Held) -> None:
        assert self.ground.service.writes() == ()
        assert self.console.held() == before

    def _check_what_was_done(
        self, before: Held, plans: list[dict[str, Any]] | None = None, *, back: bool = False
    ) -> None:
        after, truth, asked = self.console.held(), self.company.truth(), self.ground.service.writes()
        self.external_ids.update(_external_ids(before, after))
        plans = self.ground.announced if plans is None else plans
        assert beyond(asked, plans, self.external_ids) == [], "done beyond the plan (P2)"
        if not (back or self._is_deceived()):
            assert [*unfounded(before, after, truth)] == [], "removed without a reason (P1)"
        assert [*made_up(before, after, self.company.ever)] == []
        users, groups = len(removed_users(before, after)), len(removed_groups(before, after))
        if self.careful and not self.armed:
            assert users == 0 or users + self.removals <= LEAST, "more removals than may flow without a person (P2)"
            assert groups <= max(0, len(before.groups) // 3), "more groups gone than may without a person (P2)"
        self.removals += users
        self._note_measure()

    def _note_measure(self) -> None:
        """After a run that may have read: it may be the new measure, or not."""
        people = len(self.company.truth().people)
        self.measure = None if self.bad_read or self.measure is None else min(self.measure, people)

    def _is_deceived(self) -> bool:
        """Say whether nobody could have known that a read is bad, or somebody approved what follows from it."""
        shown = self.company.shown()
        hidden = shown < len(self.company.truth().people)
        return hidden and (self.armed or self.measure is None or shown >= self.measure * SHORT)

    def _check_what_was_said(self, said: Report) -> None:
        assert said.accounts is None or said.accounts.balanced, said.accounts  # P5
        if self.bad_service:
            return
        assert self._doubts() == (), "in doubt, though the service could be asked (P3)"
        if said.plan is not None:
            # What somebody has edited is refused by its version first (412); a name that another one has (409), and
            # may give up, is asked for again.
            written = [one for one in self.ground.service.writes() if one.status not in {409, 412}]
            assert len(written) <= _cost(said.plan), _asked(self.ground.service, said)
        if not (self.bad_read or self.console.edited):
            assert self._waits_for_logins(said) or not said.failed, _summary(said)
        if not self.bad_read and said.accounts is not None and said.reads:
            truth = self.company.truth()
            counted = len(truth.people), len(truth.groups)
            assert said.accounts.directory.in_image == sum(counted), (said.accounts, counted, said.reads, said.findings)
            self.measure = len(truth.people)

    def _dry(self, work: Callable[[], Any]) -> Any:
        before, remembered = self._begin(), self._remembered()
        try:
            said = work()
        except Ldap2ScimError:
            if not (self.bad_read or self.bad_service):
                raise
            said = None
        self._check_that_nothing_was_done(before)
        self._note_measure()
        assert self._remembered() == remembered, "a dry run has changed what is remembered of the service"
        return said

    def _settled_by(self, first: Callable[..., Report]) -> Report:
        """Run until nothing is held, a person releasing what is."""
        said = self._observed(lambda: first(self.settings, Mode.APPLY, now=self._now()))
        for _ in range(4):
            assert said is not None
            if said.exit_code == 0:
                break
            if said.plan is not None and said.plan.held:
                self._do_as_told(said.plan)
                self._approve(said.plan.plan_id)
            said = self._observed(lambda: first(self.settings, Mode.APPLY, now=self._now()))
        assert said is not None
        return said

    def _do_as_told(self, plan: Plan) -> None:
        """Remove the old resources of people who were re-created, as the reasons of their holds ask for."""
        logins = {_login(one.operation) for one in plan.held if isinstance(one.operation, Create)}
        for key, user in self.console.held().users.items():
            if user["userName"] in logins:
                self.ground.service.store.remove("User", key)

    def _waits_for_logins(self, said: Report) -> bool:
        """Say whether nothing failed but creations of people whose login an old resource of theirs has still."""
        logins = {user["userName"] for user in self.console.held().users.values()}
        failed = [one.operation for one in said.outcomes if one.result is Result.FAILED]
        return all(isinstance(one, Create) and _login(one) in logins for one in failed)

    def _approve(self, plan_id: str) -> None:
        self.approved.add(plan_id)
        with open_store(self.program.state) as store:
            try:
                approve(store, kept_plan(store, plan_id).plan_id, SOMEBODY)
            except PlanError:
                return  # once is enough
        self.armed = True

    def _now(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=self._days())

    def _days(self) -> int:
        return 0 if self.careful else 2

    def _doubts(self) -> tuple[Any, ...]:
        with open_store(self.program.state) as store:
            return StateReader(store).journal.in_doubt()

    def _remembered(self) -> list[Any]:
        """Return what the state knows of the service, and what was begun there."""
        tables = ("snapshot", "snapshot_essences", "memberships", "journal")
        if not self.program.state.exists():
            return [[] for _ in tables]
        with closing(sqlite3.connect(self.program.state)) as state:
            return [sorted(state.execute(f"SELECT * FROM {table}"), key=repr) for table in tables]  # noqa: S608 (ours)

    def _unremembered(self) -> list[str]:
        """Return the resources of ours that the snapshot has forgotten."""
        known = json.dumps(self._remembered()[0])
        ours = (key for key, one in self.console.held().resources.items() if one.get("externalId") in self.company.ever)
        return [key for key in ours if key not in known]

    def _differences(self) -> list[str]:
        console = PairConsole(self.ground.service)
        try:
            with Administrator.of(self.directory, BASE_DN) as administrator:
                pair = Pair(self.directory, self.ground.service, console, administrator, self.program)
                return differences(pair, left=self._leavers(), foreign=self._foreign_names())
        finally:
            console.close()

    def _leavers(self) -> set[str]:
        people, users = self.company.truth().people, self.console.held().users.values()
        return {one["userName"] for one in users if one.get("externalId") in self.company.ever - people.keys()}

    def _foreign_names(self) -> set[str]:
        return {str(one.get("userName") or one["displayName"]) for one in self.console.foreign.values()}


def _all(plan: Plan) -> tuple[Any, ...]:
    return (*plan.operations, *(one.operation for one in plan.held))


def _id(said: Report) -> str | None:
    return None if said.plan is None else said.plan.plan_id


def _login(operation: Operation) -> str | None:
    return intent_of(operation).login


def _external_ids(*held: Held) -> Iterable[tuple[str, str]]:
    for one in held:
        yield from ((key, resource.get("externalId", "")) for key, resource in one.resources.items())


def _cost(plan: Plan) -> int:
    """Return how many requests a plan costs at most: one for each operation, two where members come and go."""
    return sum(2 if isinstance(one, ChangeMembers) and one.added and one.removed else 1 for one in plan.operations)


def _asked(service: EmbeddedService, said: Report) -> str:
    lines = [f"{one.method} {one.path} {one.raw_body.decode()} {one.status}" for one in service.writes()]
    return "\n".join(("more requests than operations (P4)", *lines, _summary(said)))


def _summary(said: Report) -> str:
    lines = [f"exit {said.exit_code}", *(f"{one.rule}: {one.message}" for one in said.findings)]
    lines += [f"{one.operation.verb} {one.operation.name}: {one.result} {one.error}" for one in said.outcomes]
    lines += (
        [f"held: {one.operation.verb} {one.operation.name}: {one.reasons}" for one in said.plan.held]
        if said.plan
        else []
    )
    return "\n".join(lines)
