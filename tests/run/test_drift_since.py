"""What a look at what changed believes of a service, and what it tells."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from ldap2scim.errors import RequestRejected, ServiceError, UniquenessConflict
from ldap2scim.essence import fingerprint, to_essence
from ldap2scim.model import ResourceType
from ldap2scim.planning.drift_policy import Edit
from ldap2scim.planning.frames import ABSENT, text_array
from ldap2scim.planning.operations import Operation
from ldap2scim.planning.orphans import orphan_key
from ldap2scim.planning.plan import make_plan
from ldap2scim.planning.proposals import Difference
from ldap2scim.planning.states import Holds
from ldap2scim.run.believe import Believed, believe
from ldap2scim.run.conclusion import start_load
from ldap2scim.run.context import Mode
from ldap2scim.run.decide import Decision
from ldap2scim.run.drift import Drift, drift_of
from ldap2scim.run.drift_since import OVERLAP, since
from ldap2scim.run.last_look import LastLook, last_look, remember_look
from ldap2scim.run.load import Loader
from ldap2scim.run.survey import survey
from ldap2scim.scim.provider import Json, ScimResponse
from ldap2scim.state import journal
from ldap2scim.state.journal import Intent
from ldap2scim.state.snapshot_rows import Status
from tests.run.conftest import NOW, StartRun
from tests.run.executing import ADOPT, CONFLICT, CREATE, DEACTIVATE, UPDATE
from tests.run.readings import read
from tests.run.scripted import ScriptedProvider, on_wire, row
from tests.run.test_settle import remember
from tests.state import worlds
from tests.state.worlds import key

USER = ResourceType.USER
LAST = LastLook(NOW - timedelta(days=1), {USER: 0})
NOTHING = Difference((), (), (), (), {}, 0, {}, frozenset())
BEFORE, AFTER = ((NOW - timedelta(days=days)).isoformat() for days in (2, 0.5))


@dataclass
class Asked(ScriptedProvider):
    """Remembers the filters of lists; may find nothing by the time of a change."""

    filters: list[str] = field(default_factory=list)
    finds: bool = True

    async def list_all(
        self, resource_type: ResourceType, scim_filter: str | None = None, excluded: tuple[str, ...] = ()
    ) -> AsyncIterator[Json]:
        """Yield what the filter selects."""
        self.filters.append(scim_filter or "")
        async for one in super().list_all(resource_type, scim_filter, excluded):
            if self.finds:
                yield one


def at_the_service(identifier: str, name: str, modified: str = BEFORE, **others: Any) -> dict[str, Any]:
    """Return a user with the externalId of an entry, as the service shows it."""
    meta = {"created": modified, "lastModified": modified}
    return on_wire(identifier, externalId=f"x-{name}", userName=name, meta=meta, **others)


def looked(
    start: StartRun,
    provider: ScriptedProvider,
    *,
    user_filter: str = "",
    others: int = 0,
    believing: Callable[[Believed], Believed] = lambda believed: believed,
) -> Drift:
    """Look at what changed of aiko and bunta, who are ours; chika has left, and daigo is new in the directory."""
    run = start(provider, Mode.PLAN)
    view = replace(run.session.view, witnesses={USER: ("a", "b")})
    run._session.view = view  # type: ignore[union-attr]
    service = replace(run.settings.service, user_filter=user_filter)
    run.settings = replace(run.settings, service=service)
    people = [worlds.person(name) for name in ("aiko", "bunta", "daigo")]
    reading = read(run, people, [])
    mine = [replace(row(key=key(name), service_id=name[0]), login=name) for name in ("aiko", "bunta", "chika")]
    remember(run, *mine[:2], replace(mine[2], status=Status.LEFT))
    believed = believing(believe(run, (reading,)))
    found = since(run, (reading,), believed, replace(LAST, others={USER: others}))
    assert provider.writes == []
    return found


def told(found: Drift) -> set[tuple[str, str]]:
    """Return what is told of whom."""
    return {(edit.name.partition(",")[0], edit.what) for edit in found.edits if _is_by_hand(edit)}


def _is_by_hand(edit: Edit) -> bool:
    return edit.moved.name != "DIRECTORY"


@pytest.mark.parametrize("activated", [True, "True"])
def test_what_changed_is_told_and_nothing_else(start: StartRun, activated: object) -> None:
    """An edit, a leaver who was activated, and two that somebody made with an externalId of ours.

    Some services write booleans as text.
    """
    people = (
        at_the_service("a", "aiko", AFTER, title="director"),
        at_the_service("b", "bunta", BEFORE, title="director"),
        at_the_service("c", "chika", AFTER, active=activated),
        at_the_service("d", "daigo", AFTER),
        {**at_the_service("e", "aiko", AFTER), "userName": "double"},
        {**at_the_service("f", "nobody", AFTER), "userName": "foreign"},
    )
    provider = Asked({f"/Users/{one['id']}": one for one in people})
    found = looked(start, provider)
    assert {one for one in told(found) if one[1] != "userName"} >= {
        ("uid=aiko", "title"),
        ("chika", "activated, and has left"),
        ("double", "another one with our externalId"),
        ("uid=daigo", "created with our externalId"),
    }
    assert not any("bunta" in edit.name or "foreign" in edit.name for edit in found.edits)
    asked = (LAST.at - OVERLAP).isoformat()
    assert f'meta.lastModified ge "{asked}"' in provider.filters


def test_our_own_filter_is_asked_with_it(start: StartRun) -> None:
    """What another installation changed is nobody's business here."""
    provider = Asked({f"/Users/{name[0]}": at_the_service(name[0], name) for name in ("aiko", "bunta")})
    looked(start, provider, user_filter='title eq "engineer" or title pr')
    assert provider.filters
    assert all(one.startswith('(title eq "engineer" or title pr) and ') for one in provider.filters)


@pytest.mark.parametrize(
    ("provider", "why"),
    [
        (Asked({"/Users/a": on_wire("a")}), "does not say when"),
        (Asked({"/Users/a": on_wire("a", meta=7)}), "does not say when"),
        (Asked({"/Users/a": at_the_service("a", "aiko")}, finds=False), "does not find a user"),
        (Asked({"/Users/z": at_the_service("z", "zoe", AFTER)}), "does not have any user"),
        (
            Asked(
                {"/Users/a": at_the_service("a", "aiko")}, {"LIST /Users": [RequestRejected("400 invalidFilter", "")]}
            ),
            "refuses the filter",
        ),
    ],
    ids=["no moment", "no meta", "not found", "wiped", "refused"],
)
def test_a_service_that_cannot_be_asked(start: StartRun, provider: Asked, why: str) -> None:
    """No answer is not taken for no change: the message says what to use instead."""
    with pytest.raises(ServiceError) as raised:
        looked(start, provider)
    assert why in raised.value.message
    assert "`ldap2scim drift`" in raised.value.remedy


@pytest.mark.parametrize(("others", "fewer"), [(-1, 0), (0, 1)], ids=["as many", "one deleted"])
def test_deletions_are_seen_by_their_number(start: StartRun, others: int, fewer: int) -> None:
    """Two are listed, three were expected of ours; a stranger who is new makes up for nobody."""
    people = [at_the_service(name[0], name) for name in ("aiko", "bunta")]
    found = looked(start, Asked({f"/Users/{one['id']}": one for one in people}), others=others)
    assert [one.rule for one in found.findings].count("fewer-at-the-service") == bool(fewer)
    assert found.differs is bool(fewer)


def test_deletions_are_seen_where_nothing_is_managed_yet(start: StartRun) -> None:
    """There is nothing to ask by, and still a number of others."""
    run = start(Asked({"/Users/z": at_the_service("z", "zoe")}), Mode.PLAN)
    run._session.view = replace(run.session.view, witnesses={})  # type: ignore[union-attr]
    reading = read(run, [], [])
    found = since(run, (reading,), believe(run, (reading,)), replace(LAST, others={USER: 2}))
    assert [one.rule for one in found.findings].count("fewer-at-the-service") == 1


def test_who_has_no_external_id_was_not_made_with_ours(start: StartRun) -> None:
    """Where the entry that is new has none either."""

    def without(believed: Believed) -> Believed:
        users = believed.desired.users
        users = users.assign(external_id=text_array([ABSENT] * len(users)))
        return replace(believed, desired=replace(believed.desired, users=users))

    stranger = {**at_the_service("f", "foreign", AFTER), "externalId": ""}
    people = (at_the_service("a", "aiko"), at_the_service("b", "bunta"), stranger)
    found = looked(start, Asked({f"/Users/{one['id']}": one for one in people}), others=-1, believing=without)
    assert told(found) == set()


@pytest.mark.parametrize(("modified", "counts"), [(BEFORE, True), (AFTER, False)], ids=["as left", "edited"])
def test_a_look_that_finds_an_edit_is_not_the_last(start: StartRun, modified: str, *, counts: bool) -> None:
    """What nobody repaired is found again by the next one, which goes back as far."""
    people = [at_the_service("a", "aiko", modified, title="director"), at_the_service("b", "bunta")]
    found = looked(start, Asked({f"/Users/{one['id']}": one for one in people}), others=-1)
    assert found.is_as_left is counts
    assert (last_look(start(ScriptedProvider())) is not None) is counts


def holding(name: str) -> Callable[[Believed], Believed]:
    """Return what holds an entry."""
    return lambda believed: replace(believed, holds=Holds(frozenset({key(name)})))


@pytest.mark.parametrize(
    ("believing", "counts"),
    [
        (holding("aiko"), False),
        (holding("daigo"), True),
        (lambda believed: replace(believed, undecided=frozenset({key("aiko")})), False),
    ],
    ids=["ours", "not managed yet", "its members"],
)
def test_a_look_that_left_something_of_ours_alone_is_not_the_last(
    start: StartRun, believing: Callable[[Believed], Believed], *, counts: bool
) -> None:
    """An edit of it would be forgotten: the next look goes back as far."""
    people = [at_the_service("a", "aiko"), at_the_service("b", "bunta")]
    found = looked(start, Asked({f"/Users/{one['id']}": one for one in people}), others=-1, believing=believing)
    assert found.is_as_left
    assert (last_look(start(ScriptedProvider())) is not None) is counts


def test_a_look_while_something_is_in_doubt_is_not_the_last(start: StartRun) -> None:
    """Nobody knows what becomes of it, and of the number of others."""
    run = start(ScriptedProvider())
    journal.begin(run.lease, run.run_id, "p", [Intent(key("aiko"), "update", USER)])
    people = [at_the_service("a", "aiko"), at_the_service("b", "bunta")]
    assert looked(start, Asked({f"/Users/{one['id']}": one for one in people}), others=-1).is_as_left
    assert last_look(start(ScriptedProvider())) is None


@pytest.mark.parametrize(("held", "counts"), [((), True), (("aiko",), False)], ids=["all", "held"])
def test_a_full_look_counts_where_it_compared_everything(
    start: StartRun, held: tuple[str, ...], *, counts: bool
) -> None:
    """What it left alone may have been edited."""
    aiko = worlds.person("aiko")
    essence = to_essence({"user_name": aiko.dn})
    run = start(ScriptedProvider({"/Users/a": {"id": "a", "userName": aiko.dn}}), Mode.PLAN)
    reading = read(run, [aiko], [])
    known = row(key=key("aiko"), service_id="a")
    remember(run, replace(known, external_id=None, essence=essence, fingerprint=fingerprint(essence)))
    believed = believe(run, (reading,))
    believed = replace(believed, holds=Holds(frozenset(map(key, held))))
    found = drift_of(run, (reading,), believed, survey(run, believed))
    assert found.is_as_left, found.edits
    assert (last_look(run) is not None) is counts


@pytest.mark.parametrize(
    ("operation", "counts"),
    [
        (UPDATE, True),
        (ADOPT, False),
        (replace(ADOPT, replaces=key("aiko")), True),
        (replace(DEACTIVATE, key=orphan_key(USER, "1")), False),
    ],
    ids=["an update", "adopted", "taken over", "an orphan"],
)
def test_no_look_counts_once_others_became_fewer_by_our_hand(
    start: StartRun, operation: Operation, *, counts: bool
) -> None:
    """What was counted among those of others is ours, or gone: it is missed by nobody."""
    run = start(ScriptedProvider())
    remember_look(run, {USER: 7})
    plan = make_plan([operation], (), evaluated_at=NOW, settings_digest="s", program="1")
    start_load(run, Decision(plan, NOTHING, {}, None, {}))
    assert (last_look(run) is not None) is counts


@pytest.mark.parametrize("answer", [CONFLICT, ScimResponse(201, on_wire("7"))], ids=["claimed", "made"])
def test_no_look_counts_once_a_creation_took_what_was_there(
    start: StartRun, answer: ScimResponse | UniquenessConflict
) -> None:
    """It was one of others before; what we made is one more and ours."""
    run = start(ScriptedProvider({"/Users/7": on_wire("7")}, {"POST /Users": [answer]}))
    remember_look(run, {USER: 7})
    plan = make_plan([CREATE], (), evaluated_at=NOW, settings_digest="s", program="1")
    Loader(run, plan, None).apply(plan.operations)
    assert (last_look(run) is None) is (answer is CONFLICT)


def test_a_look_under_other_settings_is_none(start: StartRun) -> None:
    """A filter or a mapping that changed shows other resources: what was found then says nothing now."""
    run = start(ScriptedProvider())
    assert last_look(run) is None
    remember_look(run, {USER: 7})
    assert last_look(run) == LastLook(NOW, {USER: 7})
    run.settings_digest = "another"
    assert last_look(run) is None
