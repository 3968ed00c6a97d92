"""What an earlier run left in doubt, asked of the service: each verb, each answer."""

from typing import Any

import pytest
from sqlalchemy import select

from ldap2scim.errors import AccessRefused, NotScim, RequestRejected, ServiceError, ServiceUnavailable
from ldap2scim.essence import from_essence
from ldap2scim.findings import Severity
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.accounts import Result
from ldap2scim.planning.orphans import orphan_key
from ldap2scim.run.context import Mode, Run
from ldap2scim.run.settle import in_doubt, settle_doubts
from ldap2scim.state import journal, remembered
from ldap2scim.state.journal import Intent, Settlement
from ldap2scim.state.schema import journal as table
from ldap2scim.state.snapshot_rows import Confirmed, MembersChanged, SnapshotRow, Status
from ldap2scim.state.store import Store
from tests.run.conftest import StartRun
from tests.run.scripted import GROUP, KEY, ScriptedProvider, on_wire, row

USER = ResourceType.USER


def doubt(start: StartRun, *rows: SnapshotRow, members: tuple[Key, ...] = (), **intent: object) -> None:
    """Leave one operation in doubt, with what the snapshot knew then."""
    run = start(ScriptedProvider())
    remember(run, *rows, members=members)
    journal.begin(run.lease, run.run_id, "p", [Intent(**{"key": KEY, "resource_type": USER, **intent})])  # type: ignore[arg-type]


def remember(run: Run, *rows: SnapshotRow, members: tuple[Key, ...] = ()) -> None:
    """Write rows into the snapshot, as an operation that was confirmed does."""
    numbers = journal.begin(run.lease, run.run_id, "p", [Intent(one.key, "create", USER) for one in rows])
    changes = [Settlement(no, Result.APPLIED, (Confirmed(one),)) for no, one in zip(numbers, rows, strict=True)]
    journal.settle(run.lease, changes)
    if members:
        (number,) = journal.begin(run.lease, run.run_id, "p", [Intent(GROUP, "change members", ResourceType.GROUP)])
        journal.settle(run.lease, [Settlement(number, Result.APPLIED, (MembersChanged(GROUP, members),))])


def settled(start: StartRun, provider: ScriptedProvider) -> Run:
    """Settle with the next run; nothing may be in doubt then, and nothing may be written to the service."""
    run = start(provider)
    assert settle_doubts(run) == 1
    assert run.state.journal.in_doubt() == ()
    assert provider.writes == []
    return run


def known(run: Run, key: Key = KEY) -> SnapshotRow | None:
    """Return the row of a key."""
    return remembered.rows(run.store, [key]).get(key)


CREATION: dict[str, Any] = {"verb": "create", "external_id": "x-1", "login": "aiko"}


class TestCreate:
    def test_it_took_place(self, start: StartRun) -> None:
        """It is managed, as the service holds it, so that the plan brings it in step."""
        doubt(start, **CREATION)
        found = known(settled(start, ScriptedProvider({"/Users/7": on_wire("7", title="clerk")})))
        assert found is not None
        assert (found.service_id, found.status) == ("7", Status.MANAGED)
        assert from_essence(found.essence)["title"] == "clerk"

    def test_it_did_not(self, start: StartRun) -> None:
        """Nothing is remembered, and the plan creates it."""
        doubt(start, **CREATION)
        assert known(settled(start, ScriptedProvider())) is None

    def test_somebody_else_has_the_login(self, start: StartRun) -> None:
        """A login alone proves nothing."""
        doubt(start, **CREATION)
        assert known(settled(start, ScriptedProvider({"/Users/7": on_wire("7", externalId="x-2")}))) is None

    def test_another_key_has_it_already(self, start: StartRun) -> None:
        """A resource that is managed for another entry is not managed twice."""
        other = row(key=Key("corp:0"), service_id="7")
        doubt(start, other, **CREATION)
        run = settled(start, ScriptedProvider({"/Users/7": on_wire("7")}))
        assert known(run) is None
        assert known(run, Key("corp:0")) is not None


@pytest.mark.parametrize("verb", ["update", "adopt", "restore"])
class TestChange:
    def test_what_the_service_holds_counts(self, start: StartRun, verb: str) -> None:
        """Carried out or not, the snapshot has what is there."""
        doubt(start, row(), verb=verb, service_id="1")
        found = known(settled(start, ScriptedProvider({"/Users/1": on_wire(title="boss")})))
        assert found is not None
        assert from_essence(found.essence)["title"] == "boss"

    def test_gone(self, start: StartRun, verb: str) -> None:
        """A proven 404 forgets it."""
        doubt(start, row(), verb=verb, service_id="1")
        run = settled(start, ScriptedProvider({"/Users/8": on_wire("8")}))
        assert known(run) is None
        assert proof_of_last(run.store) is None

    def test_not_known_to_be_gone(self, start: StartRun, verb: str) -> None:
        """A 404 of everybody forgets nobody."""
        doubt(start, row(), verb=verb, service_id="1")
        assert known(settled(start, ScriptedProvider())) == known_before(row())


@pytest.mark.parametrize(
    ("resource", "proof"), [(on_wire(title="boss"), "read"), (on_wire(), None)], ids=["took hold", "never arrived"]
)
@pytest.mark.parametrize("verb", ["create", "update", "adopt", "restore"])
def test_what_is_not_as_it_was_sent_proves_nothing(
    start: StartRun, store: Store, resource: dict[str, Any], verb: str, proof: str | None
) -> None:
    """The journal says that it was read as sent where the service holds just that."""
    known_as = CREATION | {"verb": verb} if verb == "create" else {"verb": verb, "service_id": "1"}
    rows = () if verb == "create" else (row(),)
    doubt(start, *rows, **known_as, fingerprint=row("boss").fingerprint)
    settled(start, ScriptedProvider({"/Users/1": resource}))
    assert proof_of_last(store) == proof


def proof_of_last(store: Store) -> str | None:
    """Return the proof of the last operation of the journal."""
    with store.read() as connection:
        found: str | None = connection.scalar(select(table.c.proof).order_by(table.c.op_no.desc()).limit(1))
    return found


@pytest.mark.parametrize(("verb", "resources"), [("delete", {}), ("deactivate", {"active": False})], ids=str)
def test_an_orphan_is_settled_and_not_remembered(start: StartRun, verb: str, resources: dict[str, Any]) -> None:
    """Its key is no entry's and its directory none of the settings; what was asked for took place."""
    key = orphan_key(USER, "z")
    doubt(start, row(), key=key, verb=verb, service_id="z")
    there = {"/Users/z": on_wire("z", **resources)} if resources else {}
    run = settled(start, ScriptedProvider({"/Users/1": on_wire(), "/Users/8": on_wire("8"), **there}))
    assert known(run, key) is None
    assert {result for _, _, result in run.state.journal.results(_first_run(run))} == {Result.APPLIED}


def _first_run(run: Run) -> str:
    return run.state.runs.latest_runs(2)[-1].run_id


def known_before(one: SnapshotRow) -> "AsStored":
    """Compare a row with one that the store has given a time."""
    return AsStored(one)


class AsStored:
    """Equal to a row in everything but the time at which it was stored."""

    def __init__(self, one: SnapshotRow) -> None:
        self._row = one

    def __eq__(self, other: object) -> bool:
        mine, names = self._row, ("key", "service_id", "fingerprint", "essence", "version", "status")
        return isinstance(other, SnapshotRow) and all(getattr(other, name) == getattr(mine, name) for name in names)

    __hash__ = None  # type: ignore[assignment]


class TestRemoval:
    def test_deactivated(self, start: StartRun) -> None:
        """Somebody who is disabled has left."""
        doubt(start, row(), verb="deactivate", service_id="1", removal=True)
        found = known(settled(start, ScriptedProvider({"/Users/1": on_wire(active=False)})))
        assert found is not None
        assert found.status is Status.LEFT

    def test_not_deactivated(self, start: StartRun) -> None:
        """Somebody who is not stays managed, and the plan tries again."""
        doubt(start, row(), verb="deactivate", service_id="1", removal=True)
        assert known(settled(start, ScriptedProvider({"/Users/1": on_wire()}))) == AsStored(row())

    def test_deleted(self, start: StartRun) -> None:
        """A proven 404 is what was wanted."""
        doubt(start, row(), verb="delete", service_id="1", removal=True)
        run = settled(start, ScriptedProvider({"/Users/8": on_wire("8")}))
        assert known(run) is None
        assert proof_of_last(run.store) == "read"

    @pytest.mark.parametrize("verb", ["delete", "deactivate"])
    def test_not_known_to_be_gone(self, start: StartRun, verb: str) -> None:
        """A 404 of everybody forgets nobody."""
        doubt(start, row(), verb=verb, service_id="1", removal=True)
        assert known(settled(start, ScriptedProvider())) == AsStored(row())

    def test_not_deleted(self, start: StartRun) -> None:
        """Somebody who is there stays managed, and the plan tries again."""
        doubt(start, row(), verb="delete", service_id="1", removal=True)
        assert known(settled(start, ScriptedProvider({"/Users/1": on_wire(active=False)}))) == AsStored(row())


class TestMembers:
    rows = (row(), row(key=Key("corp:2"), service_id="2"), row(key=Key("corp:3"), service_id="3"))

    def _doubt(self, start: StartRun) -> None:
        group = SnapshotRow(GROUP, ResourceType.GROUP, "g", None, "staff", "f", "{}")
        members = (KEY, Key("corp:2"))
        doubt(
            start, *self.rows, group, members=members,
            key=GROUP, verb="change members", resource_type=ResourceType.GROUP, service_id="g",
        )  # fmt: skip

    def test_those_that_are_there_count(self, start: StartRun) -> None:
        """Whoever the service shows is a member, strangers aside."""
        self._doubt(start)
        group = {"id": "g", "members": [{"value": "2"}, {"value": "3"}, {"value": "stranger"}]}
        run = settled(start, ScriptedProvider({"/Groups/g": group}))
        assert sorted(remembered.members_of(run.store, GROUP)) == [Key("corp:2"), Key("corp:3")]
        assert proof_of_last(run.store) is None

    @pytest.mark.parametrize("shown", [{}, {"members": []}, {"members": None}])
    def test_a_group_that_shows_nobody(self, start: StartRun, shown: dict[str, Any]) -> None:
        """Who was to leave may be in it still, where members are never shown: the change is planned again."""
        self._doubt(start)
        run = settled(start, ScriptedProvider({"/Groups/g": {"id": "g", **shown}}))
        assert sorted(remembered.members_of(run.store, GROUP)) == [KEY, Key("corp:2")]

    def test_the_group_is_gone(self, start: StartRun) -> None:
        """A group that somebody deleted is forgotten, and does not stop every run from then on."""
        self._doubt(start)
        run = settled(start, ScriptedProvider({"/Groups/8": {"id": "8"}}))
        assert known(run, GROUP) is None

    def test_the_group_is_not_known_to_be_gone(self, start: StartRun) -> None:
        """A 404 of everything forgets nothing."""
        self._doubt(start)
        run = settled(start, ScriptedProvider())
        assert known(run, GROUP) is not None
        assert len(remembered.members_of(run.store, GROUP)) == 2


@pytest.mark.parametrize("error", [ServiceUnavailable("503"), AccessRefused("401"), NotScim("html")])
def test_service_that_cannot_be_asked_settles_nothing(start: StartRun, error: ServiceError) -> None:
    """Everything stays in doubt, the snapshot as it is, and the run ends: nothing may be decided."""
    doubt(start, row(), verb="update", service_id="1")
    run = start(ScriptedProvider(script={"GET /Users/1": [error]}))
    with pytest.raises(type(error)):
        settle_doubts(run)
    assert len(run.state.journal.in_doubt()) == 1
    assert known(run) == AsStored(row())


def test_question_that_is_refused_stops_nobody_else(start: StartRun) -> None:
    """One that the service will not be asked about stays in doubt and is held; the others are settled (P6)."""
    doubt(start, row(), verb="update", service_id="1")
    other = Key("corp:2")
    doubt(start, row(key=other, service_id="2"), key=other, verb="update", service_id="2")
    run = start(ScriptedProvider({"/Users/2": on_wire("2")}, {"GET /Users/1": [RequestRejected("400")]}))
    assert settle_doubts(run) == 1
    assert in_doubt(run) == {KEY}
    assert run.findings[-1].rule == "in-doubt"
    assert run.findings[-1].severity is Severity.HOLD


def test_directory_that_is_not_configured_any_more(start: StartRun, store: Store) -> None:
    """Its operations are closed: there is no mapping to understand the answer by."""
    doubt(start, key=Key("former:1"), verb="update", service_id="1")
    settled(start, ScriptedProvider())
    assert journal.JournalReader(store).in_doubt() == ()


def test_dry_run_leaves_them_alone(start: StartRun) -> None:
    """A dry run asks nothing, and says whom it leaves alone."""
    doubt(start, row(), verb="update", service_id="1")
    provider = ScriptedProvider()
    run = start(provider, Mode.PLAN)
    assert in_doubt(run) == {KEY}
    assert provider.asked == []
