"""The way back to an earlier state: what of it may be written, and under which keys."""

from dataclasses import replace

from ldap2scim.essence import fingerprint, to_essence
from ldap2scim.model import Key, ResourceType, make_key
from ldap2scim.planning.accounts import Result
from ldap2scim.planning.operations import ChangeMembers
from ldap2scim.run.context import Mode, Run
from ldap2scim.run.past import way_back
from ldap2scim.run.undo import BACK_SINCE, inverse_of, undo
from ldap2scim.state.history import HistoryReader, PastState
from ldap2scim.state.journal import Intent, Settlement, begin, settle
from ldap2scim.state.mended import mending_runs
from ldap2scim.state.runs import start_run
from ldap2scim.state.snapshot_rows import Confirmed, MembersChanged, SnapshotChange, SnapshotRow, Status
from tests.run.conftest import StartRun
from tests.run.scripted import ScriptedProvider
from tests.state.worlds import key, known

GROUP = ResourceType.GROUP


def did(run: Run, run_id: str, *changes: SnapshotChange) -> None:
    """Carry out one operation of a run."""
    [number] = begin(run.lease, run_id, "plan", [Intent(key("a"), "update", ResourceType.USER)])
    settle(run.lease, [Settlement(number, Result.APPLIED, changes)])


def of(name: Key, row: SnapshotRow) -> SnapshotRow:
    """Return a row under another key."""
    return replace(row, key=name, service_id=f"id-{name}")


def group(name: str) -> SnapshotRow:
    """Return a group with a name alone."""
    essence = to_essence({"display_name": name})
    return replace(known(name, resource_type=GROUP), essence=essence, fingerprint=fingerprint(essence))


def test_members_of_a_directory_that_is_not_configured_stay(start: StartRun) -> None:
    """Neither its groups nor its people in the groups of others are changed, and a note names them."""
    run = start(ScriptedProvider(), Mode.APPLY)
    strange_person, strange_group = make_key("sold", "p"), make_key("sold", "g")
    rows = [known("a"), known("b"), of(strange_person, known("p")), group("g"), of(strange_group, group("s"))]
    did(run, "before", *map(Confirmed, rows))
    added = (key("a"), strange_person)
    did(run, "run", MembersChanged(key("g"), added=added), MembersChanged(strange_group, added=(key("b"),)))
    way = way_back(run, inverse_of(run.store, HistoryReader(run.store).of_run("run")).wanted)

    plan = way.decision.plan
    changed = [*plan.operations, *(held.operation for held in plan.held)]
    assert [(one.key, one.removed) for one in changed if isinstance(one, ChangeMembers)] == [(key("g"), (key("a"),))]
    assert len(changed) == 1
    [note] = [one for one in run.findings if one.rule == "not-undone"]
    assert note.subjects == (str(strange_group), str(strange_person))


def test_whose_resource_a_re_created_entry_took_over_since_is_not_made_twice(start: StartRun) -> None:
    """The account is there, under another key: who was removed by the run came back."""
    run = start(ScriptedProvider(), Mode.APPLY)
    did(run, "before", Confirmed(known("old")))
    did(run, "run", Confirmed(known("old", status=Status.LEFT)))
    did(run, "after", Confirmed(replace(known("new"), service_id="id-old"), replaces=key("old")))
    found = inverse_of(run.store, HistoryReader(run.store).of_run("run"))

    assert found.rows == {}
    assert found.left_alone == {BACK_SINCE: ["old"]}


def test_a_past_row_stands_under_the_key_that_has_its_resource_now(start: StartRun) -> None:
    """Also where nothing else of that key changed: no second account is made."""
    run = start(ScriptedProvider(), Mode.APPLY)
    did(run, "before", Confirmed(known("new")))
    way = way_back(run, PastState({key("old"): replace(known("old", "chief"), service_id="id-new")}, {}))

    plan = way.decision.plan
    assert [(one.verb, one.key) for one in (*plan.operations, *(held.operation for held in plan.held))] == [
        ("update", key("new"))
    ]


def test_an_undo_that_did_nothing_is_not_remembered_as_one(start: StartRun) -> None:
    """All of it is held: nothing was taken back, and the history must not say so."""
    run = start(ScriptedProvider(), Mode.APPLY)
    start_run(run.lease, "made", Mode.APPLY.value, run.settings_digest)
    did(run, "made", *(Confirmed(known(f"u{number}")) for number in range(8)))
    run.lease.release()
    said = undo(run.settings, "made", Mode.APPLY)

    assert said.plan is not None
    assert (len(said.plan.operations), len(said.plan.held)) == (0, 8)
    assert mending_runs(run.store) == {}
