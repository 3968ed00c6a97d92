"""What a look at what changed believes of a service, and what it tells."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from ldap2scim.errors import RequestRejected, ServiceError
from ldap2scim.model import ResourceType
from ldap2scim.planning.drift_policy import Edit
from ldap2scim.run.believe import believe
from ldap2scim.run.context import Mode
from ldap2scim.run.drift import Drift
from ldap2scim.run.drift_since import OVERLAP, since
from ldap2scim.run.last_look import LastLook, last_look, remember_look
from ldap2scim.scim.provider import Json
from ldap2scim.state.snapshot_rows import Status
from tests.run.conftest import NOW, StartRun
from tests.run.readings import read
from tests.run.scripted import ScriptedProvider, on_wire, row
from tests.run.test_settle import remember
from tests.state import worlds
from tests.state.worlds import key

USER = ResourceType.USER
LAST = LastLook(NOW - timedelta(days=1), {USER: 0})
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


def looked(start: StartRun, provider: ScriptedProvider, *, user_filter: str = "", others: int = 0) -> Drift:
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
    found = since(run, (reading,), believe(run, (reading,)), replace(LAST, others={USER: others}))
    assert provider.writes == []
    return found


def told(found: Drift) -> set[tuple[str, str]]:
    """Return what is told of whom."""
    return {(edit.name.partition(",")[0], edit.what) for edit in found.edits if _is_by_hand(edit)}


def _is_by_hand(edit: Edit) -> bool:
    return edit.moved.name != "DIRECTORY"


def test_what_changed_is_told_and_nothing_else(start: StartRun) -> None:
    """An edit, a leaver who was activated, and two that somebody made with an externalId of ours."""
    people = (
        at_the_service("a", "aiko", AFTER, title="director"),
        at_the_service("b", "bunta", BEFORE, title="director"),
        at_the_service("c", "chika", AFTER),
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
        (Asked({"/Users/a": at_the_service("a", "aiko")}, finds=False), "does not find a user"),
        (
            Asked(
                {"/Users/a": at_the_service("a", "aiko")}, {"LIST /Users": [RequestRejected("400 invalidFilter", "")]}
            ),
            "refuses the filter",
        ),
    ],
    ids=["no moment", "not found", "refused"],
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


@pytest.mark.parametrize(("modified", "counts"), [(BEFORE, True), (AFTER, False)], ids=["as left", "edited"])
def test_a_look_that_finds_an_edit_is_not_the_last(start: StartRun, modified: str, *, counts: bool) -> None:
    """What nobody repaired is found again by the next one, which goes back as far."""
    people = [at_the_service("a", "aiko", modified, title="director"), at_the_service("b", "bunta")]
    found = looked(start, Asked({f"/Users/{one['id']}": one for one in people}), others=-1)
    assert found.is_as_left is counts
    assert (last_look(start(ScriptedProvider())) is not None) is counts


def test_a_look_under_other_settings_is_none(start: StartRun) -> None:
    """A filter or a mapping that changed shows other resources: what was found then says nothing now."""
    run = start(ScriptedProvider())
    assert last_look(run) is None
    remember_look(run, {USER: 7})
    assert last_look(run) == LastLook(NOW, {USER: 7})
    run.settings_digest = "another"
    assert last_look(run) is None
