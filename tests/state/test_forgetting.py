"""Forgetting somebody: no value is left anywhere, and what is known of everybody else stays right."""

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from ldap2scim.cli.main import main
from ldap2scim.errors import StateError
from ldap2scim.essence import fingerprint, from_essence, to_essence
from ldap2scim.findings import Finding, Severity
from ldap2scim.model import Attributes, Key, ResourceType
from ldap2scim.planning.accounts import Result
from ldap2scim.planning.approvals import Approval
from ldap2scim.planning.operations import Create, Inputs
from ldap2scim.planning.plan import make_plan
from ldap2scim.run.forget import forget, look
from ldap2scim.state import forgetting, sqlite
from ldap2scim.state.access import StateReader
from ldap2scim.state.approvals import HeldPlan, record_held
from ldap2scim.state.forgetting import Forgotten
from ldap2scim.state.history import HistoryReader
from ldap2scim.state.journal import Intent, Settlement, begin, settle
from ldap2scim.state.lease import Lease, acquire
from ldap2scim.state.plans import store_plan, stored_plan
from ldap2scim.state.retention import prune
from ldap2scim.state.rewriting import is_pending
from ldap2scim.state.runs import Ended, finish_run, record_findings, start_run
from ldap2scim.state.schema import meta
from ldap2scim.state.snapshot_rows import Confirmed, Gone, MembersChanged, SnapshotChange, SnapshotRow, Status
from ldap2scim.state.store import Store, open_store
from tests.state.worlds import key, known, map_all, person, read

SETTINGS = """
directories: {corp: {kind: openldap, addresses: [127.0.0.1], encryption: none, base_dn: "dc=example,dc=com"}}
service: {base_url: "http://127.0.0.1:1/v2"}
"""
USER, GROUP = ResourceType.USER, ResourceType.GROUP
HANAKO: Attributes = {
    "user_name": "hanako@hoshizora.example",
    "external_id": "9b1c-hanako-external",
    "name": {"family_name": "花沢", "given_name": "華子", "formatted": "花沢 華子"},
    "emails": ({"value": "hanako.private@mail.example", "type": "home"},),
    "phone_numbers": ({"value": "tel:+81-90-1234-9876"},),
    "title": "Kunstflugmeisterin",
}
LATER: Attributes = {**HANAKO, "title": "Oberkunstflugmeisterin", "user_name": "hanazawa@hoshizora.example"}


def row(attributes: Attributes, status: Status = Status.MANAGED) -> SnapshotRow:
    """Return Hanako as the service confirmed her."""
    essence = to_essence(attributes)
    return SnapshotRow(
        key=key("anchor-of-hanako"),
        resource_type=USER,
        service_id="service-id-of-hanako",
        external_id=str(attributes["external_id"]),
        login=str(attributes["user_name"]),
        fingerprint=fingerprint(essence),
        essence=essence,
        version='W/"hanako-7"',
        status=status,
    )


def did(lease: Lease, run_id: str, verb: str, *changes: SnapshotChange, of: Key | None = None) -> None:
    """Carry out one operation."""
    attributes = from_essence(row(LATER).essence)
    whole = (row(LATER).service_id, str(attributes["external_id"]), str(attributes["user_name"]))
    hers = (False, *whole, row(HANAKO).fingerprint) if of is None else ()
    intent = Intent(of or key("anchor-of-hanako"), verb, USER, *hers)
    [number] = begin(lease, run_id, "plan", [intent])
    settle(lease, [Settlement(number, Result.APPLIED, changes)])


def live(lease: Lease) -> None:
    """Let Hanako come, change, join groups, be noticed, planned and held, and leave; others stay."""
    hers = key("anchor-of-hanako")
    start_run(lease, "run", "apply", "digest")
    did(lease, "run", "create", *(Confirmed(known(name)) for name in "ab"), of=key("a"))
    did(lease, "run", "create", Confirmed(known("g", resource_type=GROUP)), of=key("g"))
    did(lease, "run", "create", Confirmed(row(HANAKO)))
    did(lease, "run", "change members", MembersChanged(key("g"), (key("a"), key("b"), hers)), of=key("g"))
    did(lease, "run", "update", Confirmed(row(LATER)))
    finding = Finding("odd", Severity.NOTE, "uid=hanazawa,ou=people,dc=x has an odd title.", "Look.", (str(hers),))
    record_findings(lease, "run", [finding, Finding("other", Severity.NOTE, "Of a.", "Look.", (str(key("a")),))])
    create = Create(hers, USER, "uid=hanazawa", Inputs("f", None), row(LATER).essence)
    others = Create(key("c"), USER, "uid=c", Inputs("f", None), "{}")
    now = datetime(2026, 11, 16, tzinfo=UTC)
    for operation in (create, others):
        store_plan(lease, make_plan([operation], (), evaluated_at=now, settings_digest="d", program="p"))
    held = (Approval(hers, "create", Inputs("f", None)), Approval(key("c"), "create", Inputs("f", None)))
    record_held(lease, HeldPlan("p" * 64, "run", now, {}, held))
    finish_run(lease, "run", Ended("0", {"users": 3}))


@pytest.fixture
def lived(lease: Lease, store: Store) -> Store:
    """A state that Hanako has gone through."""
    live(lease)
    did(lease, "run", "delete", Gone(key("anchor-of-hanako")))
    lease.release()
    return store


_NUMBERS = Forgotten(operations=3, history=4, findings=1, plans=1, resources=0, others=1)
VALUES = ("hanako", "hanazawa", "花沢", "華子", "1234-9876", "Kunstflug", "kunstflug", row(HANAKO).fingerprint)


def test_no_value_is_left_in_the_file(path: Path) -> None:
    """Neither in the tables nor in the bytes of the file or its log, where they were before."""
    with open_store(path) as store:
        lease = acquire(store, "service", "test")
        live(lease)
        did(lease, "run", "delete", Gone(key("anchor-of-hanako")))
        lease.release()
        assert [value for value in VALUES if value.encode() not in _bytes(path)] == []
        assert forget(store, key("anchor-of-hanako")) == _NUMBERS
        assert [value for value in VALUES if value.encode() in _bytes(path)] == []
    assert [value for value in VALUES if value.encode() in _bytes(path)] == []
    with sqlite3.connect(path) as connection:
        assert [value for line in connection.iterdump() for value in VALUES if value in line] == []
    connection.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for another process."""
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.1)


@pytest.mark.usefixtures("impatient")
def test_what_could_not_be_written_anew_is_finished_later(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """While somebody else reads, the data stays in the log: the message says so, and the same command finishes it."""
    (path.parent / "ldap2scim.yml").write_text(f"{SETTINGS}state: {path}\n", encoding="utf-8")
    command = ["forget", "hanazawa@hoshizora.example", "--apply", "--config", str(path.parent / "ldap2scim.yml")]
    with open_store(path) as store:
        lease = acquire(store, "service", "test")
        live(lease)
        did(lease, "run", "delete", Gone(key("anchor-of-hanako")))
        lease.release()
        with store.read() as connection:
            connection.execute(select(meta)).all()
            assert main(command) == 1
        said = capsys.readouterr().err
        assert "can still be read" in said
        assert "forget WHO --apply` finishes it" in said
        assert [value for value in VALUES if value.encode() in _bytes(path)] != []
        assert main(command[:2] + command[3:]) == 1
        assert "`--apply` writes it anew" in capsys.readouterr().err
        assert main(command) == 0
        assert "cannot be read any more" in capsys.readouterr().out
        assert [value for value in VALUES if value.encode() in _bytes(path)] == []
        assert main(command) == 1


@pytest.mark.usefixtures("impatient")
def test_a_run_finishes_what_a_forgetting_could_not(path: Path) -> None:
    """Where nobody repeats the command, the next run that applies something does it."""
    with open_store(path) as store:
        lease = acquire(store, "service", "test")
        live(lease)
        did(lease, "run", "delete", Gone(key("anchor-of-hanako")))
        with store.read() as connection:
            connection.execute(select(meta)).all()
            with pytest.raises(StateError, match="can still be read"):
                forgetting.forget(lease, key("anchor-of-hanako"))
        prune(lease, datetime(2000, 1, 1, tzinfo=UTC))
        assert not is_pending(store)
        assert [value for value in VALUES if value.encode() in _bytes(path)] == []


def _bytes(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))


def test_everybody_else_is_as_before(lived: Store) -> None:
    """Others' history, members, findings and plans stay, and past states can still be told, without the person."""
    looked = look(lived, key("anchor-of-hanako"))
    assert len(HistoryReader(lived).of_run("run")) == 7
    assert forget(lived, key("anchor-of-hanako")) == looked == _NUMBERS

    reader, state = HistoryReader(lived), StateReader(lived)
    assert reader.of(key("anchor-of-hanako")) == ()
    assert [line.added for line in reader.of(key("g"))[1:]] == [(key("a"), key("b"))]
    assert set(reader.state_as_of(datetime(2026, 1, 1, tzinfo=UTC)).rows) == {key("a"), key("b"), key("g")}
    assert [one.rule for one in state.runs.findings("run")] == ["other"]
    assert sum(state.journal.results("run").values()) == 6
    record = state.runs.run("run")
    assert record is not None
    assert record.accounts == {"users": 3}
    held = state.approvals.held_plan("p" * 64)
    assert held is not None
    assert [one.key for one in held.operations] == [key("c")]
    now = datetime(2026, 11, 16, tzinfo=UTC)
    others = Create(key("c"), USER, "uid=c", Inputs("f", None), "{}")
    kept = make_plan([others], (), evaluated_at=now, settings_digest="d", program="p")
    assert stored_plan(lived, kept.plan_id) == kept


def test_the_history_of_a_re_created_entry_begins_where_it_took_over(lease: Lease, store: Store) -> None:
    """Nothing of the former key is left, and the present one keeps what it did itself."""
    did(lease, "run", "create", Confirmed(row(HANAKO)))
    taken = replace(row(HANAKO), key=key("new"), external_id="x", login="new", essence="{}", fingerprint="f" * 32)
    did(lease, "run", "adopt", Confirmed(taken, replaces=key("anchor-of-hanako")), of=key("new"))
    lease.release()
    forget(store, key("anchor-of-hanako"))

    [came, changed] = HistoryReader(store).of(key("new"))
    assert (came.before, changed.after and changed.after.key) == (None, key("new"))


def test_somebody_who_had_left_is_forgotten_with_the_row(lease: Lease, store: Store) -> None:
    """A disabled account is not remembered any more."""
    live(lease)
    did(lease, "run", "deactivate", Confirmed(row(LATER, Status.LEFT)))
    lease.release()

    assert forget(store, key("anchor-of-hanako")).resources == 1
    assert StateReader(store).snapshot.service_ids([key("anchor-of-hanako")]) == {}


def test_who_is_needed_is_not_forgotten(lease: Lease, store: Store) -> None:
    """An entry of the directory, a managed resource, an operation in doubt: refused, each with what to do."""
    live(lease)
    read(lease, [person("a")])
    map_all(lease)
    begin(lease, "run", "plan", [Intent(key("c"), "create", USER)])
    lease.release()

    with pytest.raises(StateError, match="is still managed at the service") as managed:
        forget(store, key("anchor-of-hanako"))
    assert "sync --apply" in managed.value.remedy
    with pytest.raises(StateError, match=r"uid=a,.* is an entry of the directory"):
        forget(store, key("a"))
    with pytest.raises(StateError, match="1 operations on corp:c are in doubt"):
        look(store, key("c"))
