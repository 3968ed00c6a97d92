"""Which resources that no entry has may be ours, what is proposed of them, and what of it stands later."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from ldap2scim.directory.settings import DirectoryKind
from ldap2scim.errors import (
    AccessRefused,
    NotScim,
    RequestRejected,
    ServiceError,
    ServiceUnavailable,
    VersionConflict,
)
from ldap2scim.findings import Severity
from ldap2scim.mapping.spec import ValueRule
from ldap2scim.model import GuidForm, Key, ResourceType, Scope, make_key
from ldap2scim.planning.approvals import approval_for
from ldap2scim.planning.operations import Deactivate, Delete, HeldOperation
from ldap2scim.planning.orphans import orphan_key
from ldap2scim.planning.states import Holds, ReadState
from ldap2scim.run.believe import Believed, believe
from ldap2scim.run.context import Mode, Run
from ldap2scim.run.done import Failed
from ldap2scim.run.executor import Executor
from ldap2scim.run.orphans import held_orphans, orphans_there
from ldap2scim.run.survey import survey
from ldap2scim.scim.settings import Leavers
from ldap2scim.state import remembered
from ldap2scim.state.approvals import Approved
from tests.run.conftest import NOW, StartRun
from tests.run.readings import read
from tests.run.scripted import Memory, ScriptedProvider, on_wire, row, view
from tests.run.test_settle import remember
from tests.state import worlds

UUID_OF_ZOE = "6f1d3a52-0b7c-4d5e-9a43-8f2b7c1d0e99"
BASE64_OF_ZOE = b64encode(UUID(UUID_OF_ZOE).bytes_le).decode()
USERS = Scope(worlds.CORP, ResourceType.USER)


def looked(
    start: StartRun,
    *resources: dict[str, Any],
    prepare: Callable[[Run], None] = lambda _: None,
    believing: Callable[[Believed], Believed] = lambda believed: believed,
) -> tuple[HeldOperation, ...]:
    """Survey a service with these users, for aiko alone, and return what is held of orphans."""
    run = start(ScriptedProvider({f"/Users/{one['id']}": one for one in resources}), Mode.PLAN)
    prepare(run)
    believed = believing(believe(run, (read(run, [worlds.person("aiko")], []),)))
    return held_orphans(run, believed, survey(run, believed))


def zoe(external_id: str = UUID_OF_ZOE, **others: Any) -> dict[str, Any]:
    """Return a user of the service whom no entry has."""
    return on_wire("z", externalId=external_id, userName="zoe", **others)


def mapped_from(
    rule: ValueRule, *, user_filter: str = "", kind: DirectoryKind = DirectoryKind.OPENLDAP
) -> Callable[[Run], None]:
    """Return what gives a run settings that map externalId in another way."""

    def prepare(run: Run) -> None:
        (one,) = run.settings.directories
        user = replace(one.mappings.user, single={**one.mappings.user.single, "external_id": rule})
        anchor = "objectGUID" if kind is DirectoryKind.ACTIVE_DIRECTORY else "entryUUID"
        own = replace(one.settings, kind=kind, source_anchor=anchor)
        directory = replace(one, mappings=replace(one.mappings, user=user), settings=own)
        service = replace(run.settings.service, user_filter=user_filter)
        run.settings = replace(run.settings, directories=(directory,), service=service)

    return prepare


def test_a_leaver_whom_nothing_remembers_is_held(start: StartRun) -> None:
    """With the removal of the settings, the reason in words, and what it was decided from."""
    (held,) = looked(start, zoe())
    assert isinstance(held.operation, Deactivate)
    assert (held.operation.key, held.operation.name) == (orphan_key(ResourceType.USER, "z"), "zoe")
    assert held.operation.inputs.known
    assert "nobody proved that it has left" in held.reasons[0]


def test_it_is_deleted_where_leavers_are(start: StartRun) -> None:
    """The ladder of the settings, as for whoever is known to have left."""

    def deleting(run: Run) -> None:
        service = replace(run.settings.service, leavers=Leavers.DELETE)
        run.settings = replace(run.settings, service=service)

    (held,) = looked(start, zoe(active=False), prepare=deleting)
    assert isinstance(held.operation, Delete)


@pytest.mark.parametrize(
    "resource",
    [
        zoe("theirs-17"),
        zoe(UUID_OF_ZOE.upper()),
        zoe(""),
        zoe(active=False),
        on_wire("a", externalId="x-aiko", userName="aiko"),
    ],
    ids=["another kind of ID", "not as we write it", "no externalId", "disabled already", "an entry's"],
)
def test_what_is_not_proposed(start: StartRun, resource: dict[str, Any]) -> None:
    """What cannot be ours, what is an entry's, and who is disabled where leavers are disabled."""
    assert looked(start, resource) == ()


def test_an_entry_that_is_held_is_no_leaver(start: StartRun) -> None:
    """It could not be mapped, so that nothing desired has its externalId; its key says that it is there (P1)."""
    key = make_key(worlds.CORP, UUID_OF_ZOE)
    held = looked(start, zoe(), believing=lambda believed: replace(believed, holds=Holds(frozenset({key}))))
    assert held == ()


@pytest.mark.parametrize("state", [ReadState.SHORT, ReadState.FAILED])
def test_a_read_that_is_not_proven_proposes_nobody(start: StartRun, state: ReadState) -> None:
    """The entry may be one of those that were not read (P1)."""

    def short(believed: Believed) -> Believed:
        return replace(believed, desired=replace(believed.desired, reads={**believed.desired.reads, USERS: state}))

    assert looked(start, zoe(), believing=short) == ()
    blocked = Holds(blocked=frozenset({USERS}))
    assert looked(start, zoe(), believing=lambda believed: replace(believed, holds=blocked)) == ()


def test_octets_of_a_guid(start: StartRun) -> None:
    """Written as the immutable ID of Microsoft 365 is, an anchor is known again; the other form is not ours."""
    rule = ValueRule(("objectGUID",), guid_form=GuidForm.BASE64)
    prepare = mapped_from(rule, kind=DirectoryKind.ACTIVE_DIRECTORY)
    assert len(looked(start, zoe(BASE64_OF_ZOE), prepare=prepare)) == 1
    assert looked(start, zoe(), prepare=prepare) == ()
    assert looked(start, zoe("bm90IGEgR1VJRA=="), prepare=prepare) == ()


def test_another_external_id_is_ours_by_the_filter_alone(start: StartRun) -> None:
    """A number of an employee may be anybody's; a filter of the settings says who is this installation's."""
    rule = ValueRule(("employeeNumber",))
    assert looked(start, zoe("4711"), prepare=mapped_from(rule)) == ()
    prepare = mapped_from(rule, user_filter='title eq "engineer"')
    assert len(looked(start, zoe("4711"), prepare=prepare)) == 1

    def with_one_held(believed: Believed) -> Believed:
        return replace(believed, held_by_mapping={USERS: 1})

    assert looked(start, zoe("4711"), prepare=prepare, believing=with_one_held) == ()


def test_what_was_released_is_asked_for_again(start: StartRun) -> None:
    """Without a survey those alone are read that a person has released, and the same is proposed if it still stands."""
    (held,) = looked(start, zoe())
    provider = ScriptedProvider({"/Users/z": zoe(), "/Users/y": zoe()})
    run = start(provider)
    believed = believe(run, (read(run, [worlds.person("aiko")], []),))
    assert held_orphans(run, believed, None) == ()
    assert provider.asked == []

    run.approved = (Approved("p" * 64, 0, approval_for(held.operation), NOW),)
    assert held_orphans(run, believed, None) == (held,)
    assert provider.asked == ["GET /Users/z"]

    provider.resources["/Users/z"] = zoe(title="director")
    (moved,) = held_orphans(run, believed, None)
    assert moved.operation.inputs != held.operation.inputs
    provider.resources["/Users/z"] = on_wire("z", externalId="x-aiko", userName="zoe")
    assert held_orphans(run, believed, None) == ()
    del provider.resources["/Users/z"]
    assert held_orphans(run, believed, None) == ()


@pytest.fixture
def released(start: StartRun) -> Callable[..., Run]:
    """Begin a run for a service, in which a person has released the removal of `z` as it was proposed."""

    def begin(provider: ScriptedProvider) -> Run:
        (held,) = looked(start, zoe())
        run = start(provider)
        run.approved = (Approved("p" * 64, 0, approval_for(held.operation), NOW),)
        return run

    return begin


@pytest.mark.parametrize("login", ["zoe", "Zoe "])
def test_one_whose_login_an_entry_has_by_now_is_not_removed(released: Callable[..., Run], login: str) -> None:
    """Somebody was hired again under a new anchor: a survey would hold it for a person as a match by login."""
    run = released(ScriptedProvider({"/Users/z": on_wire("z", externalId=UUID_OF_ZOE, userName=login)}))
    believed = believe(run, (read(run, [worlds.person("aiko"), worlds.person("zoe")], []),))
    assert held_orphans(run, believed, None) == ()


REFUSALS = [
    AccessRefused("403", "", 403),
    RequestRejected("400", "", 400),
    NotScim("HTML", "", 404),
    ServiceError("500", "", 500),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.message)
def test_one_that_cannot_be_read_stops_nothing(released: Callable[..., Run], refusal: ServiceError) -> None:
    """It is left alone and named, and all else goes on (P6); of a plan it is neither there nor gone."""
    run = released(ScriptedProvider({"/Users/z": zoe()}, {"GET /Users/z": [refusal, refusal]}))
    believed = believe(run, (read(run, [worlds.person("aiko")], []),))
    run.findings.clear()

    assert held_orphans(run, believed, None) == ()

    (found,) = run.findings
    assert (found.rule, found.severity, found.subjects) == ("orphan-not-read", Severity.HOLD, ("User z",))
    key = orphan_key(ResourceType.USER, "z")
    assert orphans_there(run, [key]) == {key: None}


def test_a_service_that_may_answer_later_is_waited_for(released: Callable[..., Run]) -> None:
    """What is temporary is no answer about one resource."""
    run = released(ScriptedProvider({"/Users/z": zoe()}, {"GET /Users/z": [ServiceUnavailable("503", "", 503)]}))
    believed = believe(run, (read(run, [worlds.person("aiko")], []),))
    with pytest.raises(ServiceUnavailable):
        held_orphans(run, believed, None)


def test_what_lists_do_not_show_is_no_change(start: StartRun) -> None:
    """A survey proposes from what one resource shows of itself, so that what was released stands in the next run."""
    provider = ScriptedProvider({"/Users/z": zoe(), "/Users/y": zoe("theirs-17")}, lists_without=("title",))
    run = start(provider, Mode.PLAN)
    believed = believe(run, (read(run, [worlds.person("aiko")], []),))
    (held,) = held_orphans(run, believed, survey(run, believed))
    assert provider.asked == ["GET /Users/z"], "the other one cannot be ours"

    run.approved = (Approved("p" * 64, 0, approval_for(held.operation), NOW),)
    assert held_orphans(run, believed, None) == (held,)


def test_released_orphans_are_looked_for_one_by_one_in_the_snapshot(
    released: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole of it is not read to know that one id is not in it; one that is in it is managed."""
    run = released(ScriptedProvider({"/Users/z": zoe()}))
    believed = believe(run, (read(run, [worlds.person("aiko")], []),))
    monkeypatch.setattr(remembered, "keys_by_service_id", None)
    assert len(held_orphans(run, believed, None)) == 1
    remember(run, row(key=make_key(worlds.CORP, UUID_OF_ZOE), service_id="z"))
    assert held_orphans(run, believed, None) == ()


def test_one_that_somebody_changed_meanwhile_is_not_remembered(start: StartRun) -> None:
    """The removal is refused by its version; nothing is managed by that, and the next plan decides again."""
    (held,) = looked(start, zoe())
    provider = ScriptedProvider({"/Users/z": zoe(title="director", meta={"version": 'W/"2"'})})
    provider.script["PATCH /Users/z"] = [VersionConflict("412", "", 412)]
    done = asyncio.run(Executor(view(provider), Memory()).carry_out(held.operation))
    assert isinstance(done, Failed)
    assert done.change is None


def test_what_is_there_of_a_plan(start: StartRun) -> None:
    """Of those of a plan, the ones that the service has; keys of entries are nobody's business here."""
    run = start(ScriptedProvider({"/Users/z": zoe()}))
    keys = [orphan_key(ResourceType.USER, "z"), orphan_key(ResourceType.USER, "y"), Key("corp:aiko")]
    assert orphans_there(run, keys).keys() == {keys[0]}
