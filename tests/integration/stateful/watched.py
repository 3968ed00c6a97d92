"""What every history is watched for: before and after each run, at the service, in the state, in the report."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from ldap2scim.errors import Ldap2ScimError, PlanError, PlanRefused, StateError
from ldap2scim.planning.accounts import Result
from ldap2scim.planning.approvals import Release
from ldap2scim.planning.operations import Create
from ldap2scim.planning.plan import Plan
from ldap2scim.run import pipeline
from ldap2scim.run.context import Mode
from ldap2scim.run.decide import Decision
from ldap2scim.run.kept_plans import kept_plan
from ldap2scim.run.report import Report
from ldap2scim.sandbox.service import PLAIN, EmbeddedService, Personality
from ldap2scim.settings import Settings, load
from ldap2scim.state.access import StateReader
from ldap2scim.state.approvals import approve
from ldap2scim.state.store import open_store
from tests.integration.asked import announced, beyond
from tests.integration.installation import Installation, scim
from tests.integration.stateful.company import Truth, together
from tests.integration.stateful.console import Console, Held
from tests.integration.stateful.promises import LEAST, made_up, removed_groups, removed_users, touched, twice, unfounded
from tests.integration.stateful.said import asked_too_much, cost, external_ids, login, summary
from tests.integration.stateful.sites import Site, running_site
from tests.integration.warm import Warm

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
HABITS: Mapping[str, Personality] = {
    "PATCH": PLAIN,
    "PUT": replace(PLAIN, patch_supported=False),
    "PUT without versions": replace(PLAIN, patch_supported=False, etag_supported=False),
}
"""Of services: without PATCH whatever changes is sent whole (RFC 7644 §3.5.1)."""

Work = Callable[[], Report]


@dataclass
class Ground:
    """What all histories share: the services, the process that forks, and what the load was given to do."""

    services: Mapping[str, EmbeddedService]
    """By what is said of it in `HABITS`."""
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


class Watched(RuleBasedStateMachine):
    """One history after another, of which nothing happens yet."""

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self.ground = ground
        self._running = ExitStack()

    @initialize(
        careful=st.booleans(),
        leavers=st.sampled_from(["deactivate", "delete"]),
        loaded=st.booleans(),
        habits=st.sampled_from(sorted(HABITS)),
        read_back=st.sampled_from(["none", "sample", "all"]),
        directories=st.sampled_from([1, 1, 2]),
    )
    def begin(
        self, *, careful: bool, leavers: str, loaded: bool, habits: str, read_back: str, directories: int
    ) -> None:
        """One office or two, an empty service, and settings: usual limits, or everything flows."""
        ground = self.ground
        self.service = service = ground.services[habits]
        ground.steps -= 1  # the beginning is none
        service.store.clear()
        service.faults.clear()
        service.clear_requests()
        self.sites = [self._running.enter_context(running_site(number)) for number in range(directories)]
        self.console = Console(service, lambda: self.ever)
        connections = {site.name: site.connection() for site in self.sites}
        more = {"retry_budget": 0.3, "leavers": leavers, "read_back": read_back}
        folder = ground.folder / str(next(ground.histories))
        self.program = Installation(folder, connections[self.sites[0].name], scim(service, **more))
        password = self.program.directory["bind_password"]
        self.program.others["directories"] = {
            name: {**connection, "bind_password": password} for name, connection in connections.items()
        }
        self.careful = careful
        if not careful:
            self.program.others["safety"] = EVERYTHING_FLOWS
        self.program.write()
        self.settings: Settings = load(self.program.settings, {})
        self.bad_service = False
        self.armed = False
        """Whether something that a person released may wait for a run."""
        self.removals = self.removals_of_groups = 0
        """By all runs so far."""
        self.reviewed: Plan | None = None
        self.last_held: str | None = None
        self.approved: set[str] = set()
        """Plans of which everything was released; the run that carries one out rests on that as well."""
        self.last_run: str | None = None
        self.lost = False
        """Whether the state was lost once, and with it who had left before."""
        self.external_ids: dict[str, str] = {}
        if loaded:
            self._sync()

    @property
    def bad_read(self) -> bool:
        """Whether any directory may be read badly."""
        return any(site.bad for site in self.sites)

    def site(self, number: int) -> Site:
        """Return one of the directories."""
        return self.sites[number % len(self.sites)]

    def truth(self) -> Truth:
        """Return what all directories hold."""
        return together(*(site.company.truth() for site in self.sites))

    @property
    def ever(self) -> set[str]:
        """The identity of everybody and every group that ever was anywhere."""
        return set().union(*(site.company.ever for site in self.sites))

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
            if not (refused or self._may_fail()):
                raise
            self._check_that_nothing_was_done(before)
            return None
        plans = self.ground.announced if limit_to is None else limit_to
        self._check_what_was_done(before, plans, back=back)
        self._check_what_was_said(said, before)
        if said.plan is not None and said.plan.held:
            self.last_held = said.plan.plan_id
        self.last_run = said.run_id if said.outcomes else self.last_run
        if not self.bad_service and said.plan is not None and not asked:
            self.armed = False  # every approval is used up by the next ordinary run
        return said

    def _sync(self) -> Report | None:
        return self._observed(lambda: pipeline.synchronise(self.settings, Mode.APPLY, now=self._now()))

    def _begin(self) -> Held:
        self.service.clear_requests()
        self.ground.announced.clear()
        for site in self.sites:
            site.begin()
        return self.console.held()

    def _end(self) -> None:
        for site in self.sites:
            site.end()

    def _note_measures(self) -> None:
        for site in self.sites:
            site.note_measure()

    def _may_fail(self) -> bool:
        """Say whether a run may come to no end: one directory that can be read is enough."""
        return self.bad_service or all(site.bad for site in self.sites)

    def _check_that_nothing_was_done(self, before: Held) -> None:
        self._end()
        assert self.service.writes() == ()
        assert self.console.held() == before
        self._note_measures()

    def _check_what_was_done(
        self, before: Held, plans: list[dict[str, Any]] | None = None, *, back: bool = False
    ) -> None:
        self._end()
        after, asked = self.console.held(), self.service.writes()
        self.external_ids.update(external_ids(before, after))
        plans = self.ground.announced if plans is None else plans
        away = {key for key, user in before.users.items() if user.get("active") is False}
        assert beyond(asked, plans, self.external_ids, away) == [], "done beyond the plan (P2)"
        if not back:
            truth = together(*(s.was_there() for s in self.sites if not s.is_deceiving(armed=self.armed)))
            assert [*unfounded(before, after, truth)] == [], "removed without a reason (P1)"
        assert [*made_up(before, after, self.ever)] == []
        users, groups = len(removed_users(before, after)), len(removed_groups(before, after))
        if self.careful and not self.armed:
            assert users == 0 or users + self.removals <= LEAST, "more removals than may flow without a person (P2)"
            most = min(LEAST, len(before.groups) // 3)
            assert groups == 0 or groups + self.removals_of_groups <= most, "more groups gone than may (P2)"
        self.removals += users
        self.removals_of_groups += groups
        self._note_measures()

    def _check_what_was_said(self, said: Report, before: Held) -> None:
        assert said.accounts is None or said.accounts.balanced, said.accounts  # P5
        if self.bad_service:
            return
        assert self._doubts() == (), "in doubt, though the service could be asked (P3)"
        if said.plan is not None:
            # What somebody has edited is refused by its version first (412); a name that another one has (409), and
            # may give up, is asked for again.
            written = [one for one in self.service.writes() if one.status not in {409, 412}]
            assert len(written) <= cost(said.plan), asked_too_much(self.service, said)
        if not (self.bad_read or self.console.edited):
            assert self._waits_for_logins(said, before) or not said.failed, summary(said)
        self._check_the_reads(said)

    def _check_the_reads(self, said: Report) -> None:
        """Every directory was read or says why not; of those that were the accounts have everybody (P5)."""
        if said.accounts is None or not said.reads:
            return
        assert [one.directory for one in said.reads] == [site.name for site in self.sites]
        read = [one for one in said.reads if one.error is None]
        if not any(site.at_work for site in self.sites):  # who was missed by a search and is kept was not counted
            assert said.accounts.directory.in_image == sum(one.entries for one in read), (said.accounts, said.reads)
        for site, one in zip(self.sites, said.reads, strict=True):
            if not (site.bad or site.at_work):
                truth = site.company.truth()
                assert one.entries == len(truth.people) + len(truth.groups), (one, truth, said.findings)
                site.measure = len(truth.people)

    def _dry(self, work: Callable[[], Any]) -> Any:
        before, remembered = self._begin(), self._remembered()
        try:
            said = work()
        except Ldap2ScimError:
            if not self._may_fail():
                raise
            said = None
        self._check_that_nothing_was_done(before)
        assert self._remembered() == remembered, "a dry run has changed what is remembered of the service"
        return said

    @staticmethod
    def _waits_for_logins(said: Report, before: Held) -> bool:
        """Say whether nothing failed but creations of people whose login an old resource of theirs had.

        It may be gone now: who leaves is removed after others have come.
        """
        logins = {user["userName"] for user in before.users.values()}
        failed = [one.operation for one in said.outcomes if one.result is Result.FAILED]
        return all(isinstance(one, Create) and login(one) in logins for one in failed)

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
