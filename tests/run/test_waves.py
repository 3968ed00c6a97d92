"""A load that begins with a few, and one that is stopped by its errors: what is sent, and what becomes of the rest."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from ldap2scim.errors import AccessRefused, RequestRejected, ServiceError, UniquenessConflict
from ldap2scim.essence import fingerprint, to_essence
from ldap2scim.findings import Severity
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.accounts import Result
from ldap2scim.planning.approvals import approval_for
from ldap2scim.planning.operations import ChangeMembers, Create, Inputs, Operation
from ldap2scim.planning.plan import make_plan
from ldap2scim.planning.policy import Canary, ErrorRate, SafetyPolicy
from ldap2scim.run.context import Run
from ldap2scim.run.load import Loader, batches
from ldap2scim.scim.provider import ScimRequest, ScimResponse
from ldap2scim.state.approvals import HeldPlan, approve, record_held, use
from ldap2scim.state.store import Store
from tests.run.conftest import NOW, StartRun
from tests.run.scripted import GROUP, ScriptedProvider

EARLY = SafetyPolicy(canary=Canary(above=10, first=4), errors=ErrorRate(20, 10))
LATE = replace(EARLY, canary=Canary(first=0))
REFUSED = "the service refused it with 400"


def creation(number: int) -> Create:
    """Return the creation of one of many."""
    essence = to_essence({"external_id": f"x-{number}", "user_name": f"u{number}", "active": True})
    key = Key(f"corp:{number}")
    return Create(key, ResourceType.USER, f"uid=u{number:03d}", Inputs(fingerprint(essence), None), essence)


def group_of(members: Iterable[int]) -> tuple[Operation, ...]:
    """Return the creation of a group, and of its members."""
    essence = to_essence({"external_id": "x-g", "display_name": "g"})
    make = Create(GROUP, ResourceType.GROUP, "cn=g", Inputs(fingerprint(essence), None), essence)
    added = tuple(Key(f"corp:{number}") for number in members)
    return make, ChangeMembers(GROUP, ResourceType.GROUP, "cn=g", Inputs("a", None), None, added, ())


def service(bad: Iterable[int], *, conflicts: int = 0) -> ScriptedProvider:
    """Return a service that refuses some people always, and says of the first so many that their names are taken."""
    refused = {f"u{number}" for number in bad}
    taken = {f"u{number}": 1 for number in range(conflicts)}

    def post(request: ScimRequest) -> ScimResponse:
        body = dict(request.body or {})
        login = str(body.get("userName", body.get("displayName")))
        if taken.pop(login, 0):
            raise UniquenessConflict("409", "", 409)
        if login in refused:
            raise RequestRejected(REFUSED, "Mend it.", 400)
        return ScimResponse(201, {**body, "id": login.removeprefix("u")})

    def patch(_: ScimRequest) -> ScimResponse:
        return ScimResponse(204, None)

    return ScriptedProvider(
        script={"POST /Users": [post] * 500, "POST /Groups": [post] * 9, "PATCH /Groups/g": [patch]}
    )


def load(
    start: StartRun,
    provider: ScriptedProvider,
    operations: Sequence[Operation],
    policy: SafetyPolicy,
    pilot: frozenset[Key] = frozenset(),
) -> Loader:
    """Carry operations out under a policy."""
    run = start(provider)
    run.settings = replace(run.settings, safety=policy)
    plan = make_plan(operations, (), evaluated_at=NOW, settings_digest="s", program="1")
    loader = Loader(run, plan, None, pilot)
    for batch in batches(loader.operations, 50):
        loader.apply(batch)
    loader.finish()
    return loader


def results(loader: Loader) -> dict[Result, int]:
    """Count how the operations ended."""
    return dict(Counter(outcome.result for outcome in loader.outcomes))


def journalled(store: Store) -> dict[str, int]:
    """Count the journal's outcomes."""
    with store.read() as connection:
        rows = connection.exec_driver_sql("SELECT outcome, count(*) FROM journal GROUP BY outcome").fetchall()
    return {str(outcome): count for outcome, count in rows}


def test_a_bad_mapping_is_found_on_a_few(start: StartRun, store: Store) -> None:
    """Four of four fail: the other people are not sent, nor journaled; the finding says the rate, limit and errors."""
    provider = service(bad=range(30))
    loader = load(start, provider, [creation(n) for n in range(30)], EARLY)
    assert len(provider.writes) == 4
    assert results(loader) == {Result.FAILED: 4, Result.HELD_BACK: 26}
    assert journalled(store) == {"failed": 4}
    (finding,) = loader._run.findings
    assert (finding.rule, finding.severity) == ("rest-not-sent", Severity.HOLD)
    assert finding.message.startswith("To create 26 users was not tried: 4 of the first 4 failed, more than 50 %.")
    assert REFUSED in finding.message
    assert len(finding.subjects) == 4
    assert all("not sent" in str(one.error) for one in loader.outcomes if one.result is Result.HELD_BACK)


def test_a_few_that_succeed_let_the_rest_go(start: StartRun) -> None:
    """With one bad entry among the first the load goes on, and nothing is said."""
    loader = load(start, service(bad=[0]), [creation(n) for n in range(30)], EARLY)
    assert results(loader) == {Result.FAILED: 1, Result.APPLIED: 29}
    assert loader._run.findings == []


def test_the_pilots_are_sent_before_anybody_else(start: StartRun) -> None:
    """Three pilots fail, so that nobody else of a small plan is sent."""
    provider = service(bad=range(9))
    pilot = frozenset(Key(f"corp:{n}") for n in (2, 5, 8))
    loader = load(start, provider, [creation(n) for n in range(9)], EARLY, pilot)
    assert sorted(str((request.body or {})["userName"]) for request in provider.sent) == ["u2", "u5", "u8"]
    assert results(loader) == {Result.FAILED: 3, Result.HELD_BACK: 6}


def test_errors_in_the_middle_stop_the_rest_of_the_kind(start: StartRun, store: Store) -> None:
    """The third failure of ten ends the kind, and what was journaled and not sent is settled as just that."""
    provider = service(bad=range(10, 300))
    loader = load(start, provider, [creation(n) for n in range(300)], LATE)
    assert results(loader) == {Result.APPLIED: 10, Result.FAILED: 3, Result.HELD_BACK: 287}
    assert len(provider.writes) == 13
    assert journalled(store) == {"applied": 10, "failed": 3, "held back": 37}  # a batch of fifty was begun
    assert loader._run.state.journal.in_doubt() == ()


def test_other_kinds_go_on(start: StartRun) -> None:
    """The group is made after the people as ever; members that are not there are left out and named."""
    operations = [*(creation(n) for n in range(30)), *group_of(range(30))]
    loader = load(start, service(bad=range(10, 300)), operations, LATE)
    assert results(loader) == {Result.APPLIED: 12, Result.FAILED: 3, Result.HELD_BACK: 17}
    assert [one.operation.verb for one in loader.outcomes][-2:] == ["create", "change members"]
    assert sorted(one.rule for one in loader._run.findings) == ["member-missing", "rest-not-sent"]


def test_the_next_runs_finish_whatever_always_fails(start: StartRun) -> None:
    """Half of the people can never be written: run after run the others are, though each run is stopped."""
    bad = set(range(0, 120, 2))
    waiting = {n: creation(n) for n in range(120)}
    for _ in range(20):
        loader = load(start, service(bad), list(waiting.values()), EARLY)
        for outcome in loader.outcomes:
            if outcome.result is Result.APPLIED:
                del waiting[int(outcome.operation.key.partition(":")[2])]
        if set(waiting) == bad:
            break
    assert set(waiting) == bad


def test_the_same_failures_again_stop_nobody(start: StartRun) -> None:
    """What failed in the run before is sent and fails, and the new ones behind it are written."""
    assert Result.FAILED in results(load(start, service(range(10)), [creation(n) for n in range(10)], LATE))
    loader = load(start, service(range(10)), [creation(n) for n in range(30)], LATE)
    assert results(loader) == {Result.FAILED: 10, Result.APPLIED: 20}


def test_names_that_are_given_up_in_the_same_step_are_no_errors(start: StartRun) -> None:
    """Many 409s that succeed at the second attempt stop nothing."""
    loader = load(start, service([], conflicts=30), [creation(n) for n in range(30)], LATE)
    assert results(loader) == {Result.APPLIED: 30}


@pytest.mark.parametrize("policy", [LATE, EARLY])
def test_names_that_stay_taken_are_errors(start: StartRun, policy: SafetyPolicy) -> None:
    """A service that has all these people already is not asked for every one of them twice."""

    def taken(_: ScimRequest) -> ScimResponse:
        raise UniquenessConflict("409", "", 409)

    provider = ScriptedProvider(script={"POST /Users": [taken] * 1000})
    loader = load(start, provider, [creation(n) for n in range(200)], policy)
    assert Result.HELD_BACK in results(loader)
    assert len(provider.writes) < 100


def approved(run: Run, operations: Sequence[Operation]) -> None:
    """Let a person have released operations, as those of one held plan."""
    covered = tuple(map(approval_for, operations))
    record_held(run.lease, HeldPlan("p1", run.run_id, NOW, {}, covered))
    approve(run.store, "p1")
    run.approved = run.state.approvals.approved()
    use(run.lease, run.approved, run.run_id)


@pytest.mark.parametrize("error", [RequestRejected(REFUSED, "Mend it.", 400), AccessRefused("401", "Renew it.", 401)])
def test_what_was_released_and_not_tried_stays_released(start: StartRun, error: ServiceError) -> None:
    """The canary, or a refused token, ends the load: the next run goes on with the rest, not with what failed."""

    def refuse(_: ScimRequest) -> ScimResponse:
        raise error

    operations = [creation(n) for n in range(30)]
    provider = ScriptedProvider(script={"POST /Users": [refuse] * 40})
    run = start(provider)
    run.settings = replace(run.settings, safety=EARLY, service=replace(run.settings.service, concurrency=1))
    approved(run, operations)
    plan = make_plan(operations, (), evaluated_at=NOW, settings_digest="s", program="1")
    loader = Loader(run, plan, None)
    loader.apply(loader.operations)
    assert run.state.approvals.approved() == ()
    loader.finish()
    sent = {f"corp:{(request.body or {})['userName'][1:]}" for request in provider.sent}
    left = {one.approval.key for one in run.state.approvals.approved()}
    assert left == {one.key for one in operations} - sent
    assert 0 < len(left) < 30
