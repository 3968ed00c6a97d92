"""New entries that resemble what the service has: re-created accounts and matches by login."""

from typing import Any

import pytest

from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.frames import Status
from ldap2scim.planning.operations import Adopt, ChangeMembers, Create, Delete, Restore
from ldap2scim.planning.states import Holds, LoginMatch, ReadState, Scope
from tests.planning.worlds import PROVEN, Row, Service, World, difference, group, plan_of, service_of, user

OLD, NEW = "ad:old", "ad:new"


def test_same_external_id_and_login_keeps_the_resource() -> None:
    """An account re-created under a stable externalId takes its resource over, memberships included, with a note."""
    before = World({OLD: user("u")}, {"ad:g": group("g")}, frozenset({("ad:g", OLD)}))
    after = World({NEW: user("U", external_id="x-u", title="Head")}, before.groups, frozenset({("ad:g", NEW)}))
    service = service_of(before)
    found = difference(after, service)
    (adopt,) = found.operations
    assert isinstance(adopt, Adopt)
    assert (adopt.key, adopt.replaces, adopt.service_id) == (NEW, OLD, f"id-{OLD}")
    assert [finding.rule for finding in found.findings] == ["re-created-account"]
    assert found.taken_over == {OLD}
    service.apply(plan_of(found).operations)
    assert service.managed() == after


def test_a_group_that_was_re_created_keeps_its_members() -> None:
    """Memberships of a group under a new key are compared with those it had."""
    before = World({"ad:u": user("u")}, {OLD: group("g")}, frozenset({(OLD, "ad:u")}))
    after = World({**before.users, "ad:v": user("v")}, {NEW: group("g")}, frozenset({(NEW, "ad:v")}))
    service = service_of(before)
    found = difference(after, service)
    (change,) = [op for op in found.operations if isinstance(op, ChangeMembers)]
    assert (change.added, change.removed, change.service_id) == (("ad:v",), ("ad:u",), f"id-{OLD}")
    service.apply(plan_of(found).operations)
    assert service.managed() == after


@pytest.mark.parametrize(
    "new",
    [user("U", external_id="other"), user("other", emails=[{"value": "A@x.jp"}])],
    ids=["same login", "same e-mail"],
)
def test_same_name_with_another_external_id_is_held(new: dict[str, Any]) -> None:
    """The creation waits for a person, with the evidence, and the old account's removal goes its way."""
    service = service_of(World({OLD: user("u", emails=[{"value": "a@x.jp"}])}))
    found = difference(World({NEW: new}), service)
    assert [type(op) for op in found.operations] == [Delete]
    (held,) = found.held
    assert isinstance(held.operation, Create)
    assert "u, which no entry claims" in held.reasons[0]
    assert "a@x.jp" not in held.reasons[0]


def test_same_external_id_with_another_login_is_held_and_removes_nothing() -> None:
    """It may be the same person under a new name: the take-over is held, and the old resource stays."""
    found = difference(World({NEW: user("v", external_id="x-u")}), service_of(World({OLD: user("u")})))
    assert found.operations == ()
    (held,) = found.held
    assert isinstance(held.operation, Adopt)
    assert held.operation.replaces == OLD


def test_a_linking_id_that_would_change_is_held() -> None:
    """With the application-linking ID changed, applications behind the service would see another account."""
    service = service_of(World({OLD: user("u", downstream_id="1")}))
    found = difference(World({NEW: user("u", downstream_id="2")}), service)
    assert found.operations == ()
    assert "linking ID" in found.held[0].reasons[0]


def test_somebody_pending_deletion_is_recognised() -> None:
    """A row that had left counts as the old account too."""
    service = Service({OLD: Row(user("u"), Status.LEFT)})
    (restore,) = difference(World({NEW: user("u")}), service).operations
    assert isinstance(restore, Restore)  # taken over alone, the account would stay disabled, or pending deletion
    assert (restore.replaces, restore.service_id) == (OLD, f"id-{OLD}")
    found = difference(World({NEW: user("u", external_id="other")}), service)
    assert (found.operations, len(found.held)) == ((), 1)


@pytest.mark.parametrize("state", [ReadState.SHORT, ReadState.FAILED])
def test_nothing_is_taken_over_from_an_entry_that_may_still_be_there(state: ReadState) -> None:
    """While the old directory is not proven, the creation waits and nobody can release it."""
    reads = {**PROVEN, Scope("hr", ResourceType.USER): state}
    found = difference(World({NEW: user("u")}), service_of(World({"hr:old": user("u")})), reads=reads)
    assert found.operations == ()
    assert [type(waiting.operation) for waiting in found.blocked] == [Create]


def test_nothing_is_taken_over_from_a_held_entry() -> None:
    """A held entry is left alone on both sides, also by those who resemble it."""
    holds = Holds(frozenset({Key(OLD)}))
    found = difference(World({NEW: user("u")}), service_of(World({OLD: user("u")})), holds=holds)
    assert (found.operations, found.held, len(found.blocked)) == ((), (), 1)


def test_two_claims_on_one_resource_are_held() -> None:
    """Two new entries with the externalId of one old resource: neither gets it."""
    new = {NEW: user("u"), "ad:newer": user("v", external_id="x-u")}
    found = difference(World(new), service_of(World({OLD: user("u")})))
    assert [type(op) for op in found.operations] == [Delete]
    assert len(found.held) == 2


def test_a_login_that_moves_between_living_entries_is_no_re_creation() -> None:
    """A login given up by one entry and taken by a new one is an update and a creation, in this order."""
    service = service_of(World({OLD: user("u")}))
    world = World({OLD: user("v", external_id="x-u"), NEW: user("u", external_id="x-new")})
    assert [op.verb for op in plan_of(difference(world, service)).operations] == ["update", "create"]


def test_a_match_by_login_alone_is_held() -> None:
    """A resource of the service with the login of a new entry is for a person to decide."""
    service = Service(login_matches={Key(NEW): LoginMatch("17", "u", None)})
    found = difference(World({NEW: user("u")}, {"ad:g": group("g")}, frozenset({("ad:g", NEW)})), service)
    (held,) = found.held
    assert isinstance(held.operation, Create)
    assert "id 17" in held.reasons[0]


def test_a_found_resource_is_adopted_even_without_changes() -> None:
    """What was found by externalId becomes ours, with what differs."""
    service = Service({NEW: Row(user("u"), Status.FOUND), "ad:b": Row(user("b"), Status.FOUND)})
    found = difference(World({NEW: user("u"), "ad:b": user("b", title="Head")}), service)
    assert {op.key: [c.path for c in op.changes] for op in found.operations if isinstance(op, Adopt)} == {
        NEW: [],
        "ad:b": ["title"],
    }


def test_found_resources_are_never_removed() -> None:
    """A found row whose entry is not desired is not ours, and nothing happens to it."""
    assert difference(World(), Service({NEW: Row(user("u"), Status.FOUND)})).operations == ()
