"""Carrying a plan out: what is written when, and when it is given up."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ldap2scim.errors import (
    AccessRefused,
    OutcomeUnknown,
    RequestRejected,
    ResourceNotFound,
    RunRefused,
    ServiceError,
    ServiceUnavailable,
    StateError,
    UniquenessConflict,
)
from ldap2scim.essence import fingerprint, to_essence
from ldap2scim.findings import MOST_SUBJECTS
from ldap2scim.model import Key, ResourceType, Scope
from ldap2scim.planning.accounts import Result
from ldap2scim.planning.operations import (
    Adopt,
    AttributeChange,
    ChangeMembers,
    Create,
    Deactivate,
    Inputs,
    Operation,
    Restore,
    Update,
)
from ldap2scim.planning.plan import make_plan
from ldap2scim.run.context import LEASE
from ldap2scim.run.load import Loader, batches
from ldap2scim.run.records import intent_of
from ldap2scim.run.settle import settle_doubts
from ldap2scim.run.step import PATIENCE
from ldap2scim.scim.provider import ScimRequest, ScimResponse
from ldap2scim.state import journal
from ldap2scim.state.lease import TTL, acquire
from ldap2scim.state.store import Store
from tests.run.conftest import NOW, StartRun
from tests.run.scripted import GROUP, Script, ScriptedProvider, on_wire

LOST = OutcomeUnknown("sent, no answer")
AWAY = ServiceUnavailable("the service answered 503", "Run again later.", 503)


def creation(number: int) -> Create:
    """Return the creation of one of many."""
    essence = to_essence({"external_id": f"x-{number}", "user_name": f"u{number}", "active": True})
    key = Key(f"corp:{number}")
    return Create(key, ResourceType.USER, f"uid=u{number:03d}", Inputs(fingerprint(essence), None), essence)


def created(request: ScimRequest) -> ScimResponse:
    """Answer a POST as a service does."""
    body = dict(request.body or {})
    return ScimResponse(201, {**body, "id": str(body.get("userName", "")).removeprefix("u")})


def loader(start: StartRun, provider: ScriptedProvider, operations: Sequence[Operation]) -> Loader:
    """Return what carries these operations out."""
    run = start(provider)
    plan = make_plan(operations, (), evaluated_at=NOW, settings_digest="s", program="1")
    return Loader(run, plan, None)


def apply(start: StartRun, provider: ScriptedProvider, operations: Sequence[Operation]) -> Loader:
    """Carry operations out."""
    loads = loader(start, provider, operations)
    loads.apply(operations)
    loads.finish()
    return loads


def test_each_request_is_in_the_journal_before_it_is_sent(start: StartRun, tmp_path: Path) -> None:
    """Whoever kills the program while a request is under way finds its record on the disk, without an outcome."""
    under_way: list[object] = []

    def look(request: ScimRequest) -> None:
        with closing(sqlite3.connect(f"file:{tmp_path / 'state.db'}?mode=ro", uri=True)) as database:
            login = (request.body or {})["userName"]
            query = "SELECT outcome FROM journal WHERE login = ?"
            under_way.append(database.execute(query, (login,)).fetchall())

    provider = ScriptedProvider(script={"POST /Users": [created] * 5}, before=look)
    apply(start, provider, [creation(number) for number in range(5)])
    assert under_way == [[(None,)]] * 5


def test_outcome_and_snapshot_are_written(start: StartRun, store: Store) -> None:
    """What was confirmed is in the snapshot, and nothing is in doubt."""
    loads = apply(start, ScriptedProvider(script={"POST /Users": [created] * 3}), [creation(n) for n in range(3)])
    assert [outcome.result for outcome in loads.outcomes] == [Result.APPLIED] * 3
    with store.read() as connection:
        found = connection.exec_driver_sql("SELECT key, service_id FROM snapshot ORDER BY key").fetchall()
    assert [tuple(one) for one in found] == [("corp:0", "0"), ("corp:1", "1"), ("corp:2", "2")]
    assert journal.JournalReader(store).in_doubt() == ()


def test_what_turned_out_to_be_gone_is_counted_where_it_was_managed(start: StartRun) -> None:
    """What was managed leaves the row of its directory; what had left, or was never managed, leaves none."""
    essence = to_essence({"external_id": "x", "user_name": "u", "title": "boss", "active": True})
    changes = (AttributeChange("title", "engineer", "boss"),)

    def operation(kind: type[Adopt] | type[Restore] | type[Update], number: int, **more: Key) -> Operation:
        key = Key(f"corp:{number}")
        inputs = Inputs("a", "b")
        return kind(key, ResourceType.USER, f"uid=u{number}", inputs, str(number), None, essence, changes, **more)

    operations = [
        operation(Update, 1),
        operation(Adopt, 2),
        operation(Adopt, 3, replaces=Key("hr:3")),
        operation(Restore, 4),
    ]
    gone: Script = {f"PATCH /Users/{number}": [ResourceNotFound("404", "", 404)] for number in range(1, 5)}
    loads = apply(start, ScriptedProvider({"/Users/8": on_wire("8"), "/Users/9": on_wire("9")}, gone), operations)
    assert {outcome.result for outcome in loads.outcomes} == {Result.FAILED}
    assert loads.vanished == {Scope("corp", ResourceType.USER): 1, Scope("hr", ResourceType.USER): 1}


def test_refused_token_stops_the_load(start: StartRun) -> None:
    """After a 401 nothing more is sent; the rest has failed, each saying why."""
    answers: Script = {"POST /Users": [created, AccessRefused("401", "Get a new token.", 401)]}
    provider = ScriptedProvider(script=answers)
    loads = apply(start, provider, [creation(number) for number in range(6)])
    assert len(provider.sent) == 2
    assert [outcome.result for outcome in loads.outcomes] == [Result.APPLIED] + [Result.FAILED] * 5
    assert isinstance(loads.stopped_by, AccessRefused)
    assert all("Get a new token." in (outcome.error or "") for outcome in loads.outcomes[1:])
    assert all("not sent" in (outcome.error or "") for outcome in loads.outcomes[2:])


@pytest.mark.parametrize("error", [AWAY, LOST])
def test_service_that_is_away_is_given_up(start: StartRun, error: ServiceError) -> None:
    """After some failures in a row the rest is left to the next run."""
    provider = ScriptedProvider(script={"POST /Users": [error] * 100})
    loads = apply(start, provider, [creation(number) for number in range(40)])
    assert len(provider.writes) == PATIENCE
    assert loads.stopped_by is error
    assert len(loads.outcomes) == 40


def test_failures_between_successes_do_not_give_it_up(start: StartRun) -> None:
    """A service that answers now and then is not away."""
    script: Script = {"POST /Users": [AWAY, created] * 20}
    loads = apply(start, ScriptedProvider(script=script), [creation(number) for number in range(40)])
    assert loads.stopped_by is None
    assert sum(outcome.result is Result.APPLIED for outcome in loads.outcomes) == 20


def test_name_that_is_given_up_in_the_same_step_is_taken_at_the_second_attempt(start: StartRun) -> None:
    """A 409 is tried once more when the others of its step are through; each operation has one outcome."""
    script: Script = {"POST /Users": [UniquenessConflict("409", "", 409), created, created]}
    loads = apply(start, ScriptedProvider(script=script), [creation(number) for number in range(2)])
    assert [outcome.result for outcome in loads.outcomes] == [Result.APPLIED, Result.APPLIED]


def test_who_was_found_active_is_said(start: StartRun) -> None:
    """Nobody is disabled by a creation; that they are left active until the next run is in the report."""
    conflict = UniquenessConflict("409", "", 409)
    essence = to_essence({"external_id": "x-1", "user_name": "aiko", "title": "engineer", "active": False})
    provider = ScriptedProvider({"/Users/7": on_wire("7")}, {"POST /Users": [conflict]})
    loads = apply(start, provider, [replace(creation(1), essence=essence)])
    assert [outcome.result for outcome in loads.outcomes] == [Result.APPLIED]
    (said,) = [one for one in loads._run.findings if one.rule == "found-active"]
    assert "1 user whom the directory has disabled" in said.message


def test_conflict_that_stays_has_failed_once(start: StartRun) -> None:
    """A 409 that comes again is one failure."""
    conflict = UniquenessConflict("409", "", 409)
    loads = apply(start, ScriptedProvider(script={"POST /Users": [conflict, conflict]}), [creation(1)])
    assert [outcome.result for outcome in loads.outcomes] == [Result.FAILED]


@pytest.mark.parametrize("error", [StateError("full", "Free some space."), RunRefused("another run", "Wait.")])
@pytest.mark.parametrize("phase", ["begin", "settle"])
def test_state_that_cannot_be_written_ends_the_load(
    start: StartRun, monkeypatch: pytest.MonkeyPatch, phase: str, error: StateError | RunRefused
) -> None:
    """The error is the state's own, and what was sent is in doubt for the next run."""
    provider = ScriptedProvider(script={"POST /Users": [created] * 3})
    loads = loader(start, provider, operations := [creation(number) for number in range(3)])
    run = loads._run

    def fail(*_: object) -> None:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(journal, phase, fail)
        with pytest.raises(type(error)) as raised:
            loads.apply(operations)
    assert raised.value is error
    assert len(provider.sent) == (0 if phase == "begin" else 3)
    assert len(run.state.journal.in_doubt()) == len(provider.sent)


def test_who_wakes_without_the_lease_sends_nothing_more(start: StartRun, store: Store) -> None:
    """What was begun before the machine slept is for the run that took over: it may have decided otherwise."""

    def sleep(_: ScimRequest) -> None:
        if len(provider.sent) == 1:
            store.clock = lambda: datetime.now(UTC) + 2 * TTL
            acquire(store, LEASE, "the one after it")

    provider = ScriptedProvider(script={"POST /Users": [created] * 5}, before=sleep)
    loads = loader(start, provider, operations := [creation(number) for number in range(5)])
    with pytest.raises(RunRefused, match="the one after it holds it now"):
        loads.apply(operations)
    assert provider.writes == ["POST /Users"]


def test_who_wakes_within_an_operation_sends_no_more_of_it(start: StartRun, store: Store) -> None:
    """An operation may take several requests, a change of many members hundreds; it stays in doubt."""

    def sleep(_: ScimRequest) -> None:
        if len(provider.sent) == 1:
            store.clock = lambda: datetime.now(UTC) + 2 * TTL
            acquire(store, LEASE, "the one after it")

    no_patch = RequestRejected("501", "", 501)
    provider = ScriptedProvider({"/Users/1": on_wire("1", active=True)}, {"PATCH /Users/1": [no_patch]}, before=sleep)
    leaver = Deactivate(Key("corp:1"), ResourceType.USER, "aiko", Inputs(None, "f"), "1", None)
    loads = loader(start, provider, [leaver])
    with pytest.raises(RunRefused, match="the one after it holds it now"):
        loads.apply([leaver])
    assert provider.writes == ["PATCH /Users/1"]
    assert [doubt.intent.key for doubt in loads._run.state.journal.in_doubt()] == [leaver.key]


def test_who_wakes_with_the_lease_goes_on(start: StartRun, store: Store) -> None:
    """Nobody took it meanwhile."""

    def sleep(_: ScimRequest) -> None:
        store.clock = lambda: datetime.now(UTC) + len(provider.sent) * 2 * TTL

    provider = ScriptedProvider(script={"POST /Users": [created] * 5}, before=sleep)
    loads = apply(start, provider, [creation(number) for number in range(5)])
    assert [outcome.result for outcome in loads.outcomes] == [Result.APPLIED] * 5


def test_what_was_lost_is_settled_by_the_next_run(start: StartRun) -> None:
    """A lost creation that took place is found by its externalId, and not made twice."""
    first = ScriptedProvider(script={"POST /Users": [LOST]})
    apply(start, first, [creation(7)])
    second = ScriptedProvider({"/Users/a": on_wire("a", externalId="x-7", userName="u7", title="")})
    run = start(second)
    assert settle_doubts(run) == 1
    assert run.state.snapshot.service_ids([Key("corp:7")]) == {Key("corp:7"): "a"}
    assert second.writes == []
    assert run.state.journal.in_doubt() == ()


def test_attribute_that_the_service_ignores_is_one_finding(start: StartRun) -> None:
    """However many entries it concerns, it is said once, with their number and some of their names."""

    def without_login(request: ScimRequest) -> ScimResponse:
        answer = created(request)
        return ScimResponse(201, {**(answer.body or {}), "externalId": None})

    provider = ScriptedProvider(script={"POST /Users": [without_login] * 150})
    loads = apply(start, provider, [creation(number) for number in range(150)])
    (finding,) = loads._run.findings
    assert "externalId" in finding.message
    assert "150" in finding.message
    assert finding.subjects[0] == "uid=u000"
    assert len(finding.subjects) == MOST_SUBJECTS


def test_batches_keep_the_order() -> None:
    """A plan is cut where it may be, and nothing is lost."""
    operations = [creation(number) for number in range(7)]
    cut = list(batches(operations, 3))
    assert [len(piece) for piece in cut] == [3, 3, 1]
    assert [one for piece in cut for one in piece] == operations


def test_intent_of_a_removal_counts_as_one() -> None:
    """The journal knows removals, which count for a day."""
    leaver = Deactivate(Key("corp:1"), ResourceType.USER, "aiko", Inputs(None, "f"), "1", None)
    assert intent_of(leaver).removal
    assert not intent_of(creation(1)).removal
    change = ChangeMembers(GROUP, ResourceType.GROUP, "cn=staff", Inputs("a", "b"), None, (), (Key("corp:1"),))
    assert (intent_of(change).service_id, intent_of(change).removal) == (None, False)
