"""Where the managed stand: units, departments, groups, and the last names of who has gone."""

from datetime import timedelta

import pytest

from ldap2scim.essence import fingerprint, to_essence
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.accounts import Result
from ldap2scim.planning.orphans import orphan_key
from ldap2scim.planning.policy import Dimension
from ldap2scim.planning.population import NOBODY, Removed
from ldap2scim.state.departed import forget_departed
from ldap2scim.state.journal import Intent, Settlement, begin, settle
from ldap2scim.state.lease import Lease
from ldap2scim.state.population import StatePlaces
from ldap2scim.state.snapshot import replaced_snapshot
from ldap2scim.state.snapshot_rows import Confirmed, Gone, MembersChanged, SnapshotChange, SnapshotRow, Status
from ldap2scim.state.store import Store
from tests.state import worlds
from tests.state.worlds import FakeClock, key

USER, GROUP = ResourceType.USER, ResourceType.GROUP
SALES, LAB = "ou=sales,dc=example,dc=com", "ou=lab\\, north,dc=example,dc=com"


def row(
    name: str, department: str | None = None, kind: ResourceType = USER, status: Status = Status.MANAGED
) -> SnapshotRow:
    """Return a resource of the service."""
    attributes = {"user_name" if kind is USER else "display_name": name}
    essence = to_essence({**attributes, **({"enterprise": {"department": department}} if department else {})})
    return SnapshotRow(key(name), kind, f"id-{name}", None, name, fingerprint(essence), essence, status=status)


@pytest.fixture
def places(lease: Lease, store: Store) -> StatePlaces:
    """Three people in sales, one of them not managed, one in the lab, and two groups."""
    people = {"aiko": SALES, "bunta": SALES, "chie": SALES, "dai": LAB}
    worlds.read(lease, [worlds.person(name, dn=f"uid={name}\\, s,{unit}") for name, unit in people.items()], [])
    with replaced_snapshot(lease) as snapshot:
        snapshot.add(
            [row("aiko", "Sales"), row("bunta", "Sales"), row("dai", "Lab"), row("eri", "Sales", status=Status.LEFT)]
        )
        snapshot.add([row("Staff", kind=GROUP), row("Admins", kind=GROUP)])
        snapshot.add_members(key("Staff"), [key("aiko"), key("bunta"), key("dai")])
        snapshot.add_members(key("Admins"), [key("dai")])
    return StatePlaces(store, "enterprise.department")


def test_units_are_the_names_above(places: StatePlaces) -> None:
    """A comma inside a name divides nothing, and whoever is not managed is not counted."""
    assert places.parts(Dimension.UNIT, [key("aiko"), key("dai"), key("nobody")]) == {
        key("aiko"): SALES,
        key("dai"): LAB,
    }
    assert places.sizes(Dimension.UNIT, USER, [SALES, LAB]) == {SALES: 2, LAB: 1}
    assert places.sizes(Dimension.UNIT, USER, [LAB]) == {LAB: 1}


def test_departments_are_what_the_service_last_confirmed(places: StatePlaces) -> None:
    """Whoever has left the service is not counted."""
    assert places.parts(Dimension.DEPARTMENT, [key("aiko"), key("dai"), key("Staff")]) == {
        key("aiko"): "Sales",
        key("dai"): "Lab",
    }
    assert places.sizes(Dimension.DEPARTMENT, USER, ["Sales", "Lab"]) == {"Sales": 2, "Lab": 1}


def test_directories_are_the_beginnings_of_keys(places: StatePlaces) -> None:
    """A directory whose name begins another's is not that one."""
    assert places.parts(Dimension.DIRECTORY, [key("aiko")]) == {key("aiko"): "corp"}
    assert places.sizes(Dimension.DIRECTORY, USER, ["corp", "cor"]) == {"corp": 3, "cor": 0}
    assert places.sizes(Dimension.DIRECTORY, GROUP, ["corp"]) == {"corp": 2}


def test_groups_of_members(places: StatePlaces) -> None:
    """Groups with those of their members that were asked about, their sizes and names, and all memberships."""
    assert places.groups_of([key("dai"), key("aiko")]) == {
        key("Staff"): {key("aiko"), key("dai")},
        key("Admins"): {key("dai")},
    }
    assert places.group_sizes([key("Staff"), key("Admins")]) == {key("Staff"): 3, key("Admins"): 1}
    assert places.logins([key("Staff"), key("aiko"), key("x")]) == {key("Staff"): "Staff", key("aiko"): "aiko"}
    assert places.memberships() == 4


def test_who_has_gone_keeps_the_last_name(places: StatePlaces, lease: Lease) -> None:
    """The managed who leave the directory still count where they were; others leave nothing behind."""
    worlds.read(lease, [worlds.person("dai", dn=f"uid=dai\\, s,{LAB}")], [])
    gone = {key("aiko"): f"uid=aiko\\, s,{SALES}", key("bunta"): f"uid=bunta\\, s,{SALES}"}
    assert places.dns([key("aiko"), key("bunta"), key("chie"), key("dai")]) == {
        **gone,
        key("dai"): f"uid=dai\\, s,{LAB}",
    }
    assert places.parts(Dimension.UNIT, [key("aiko")]) == {key("aiko"): SALES}
    assert places.sizes(Dimension.UNIT, USER, [SALES]) == {SALES: 2}


def test_who_comes_back_has_the_present_name(places: StatePlaces, lease: Lease) -> None:
    """The present name counts, once; what is kept of the earlier one is dropped by the next run that reports."""
    worlds.read(lease, [], [])
    worlds.read(lease, [worlds.person("aiko", dn=f"uid=aiko,{LAB}")], [])
    assert places.dns([key("aiko")]) == {key("aiko"): f"uid=aiko,{LAB}"}
    forget_departed(lease)
    assert places.sizes(Dimension.UNIT, USER, [LAB, SALES]) == {LAB: 2, SALES: 1}


def test_names_of_the_gone_are_dropped_with_their_resources(places: StatePlaces, lease: Lease) -> None:
    """When the service has somebody no more, the name is not needed any more."""
    worlds.read(lease, [], [])
    with replaced_snapshot(lease) as snapshot:
        snapshot.add([row("aiko", "Sales")])
    forget_departed(lease)
    assert set(places.dns([key("aiko"), key("bunta")])) == {Key("corp:aiko")}


LAST_DAY = timedelta(hours=24)


def carried_out(lease: Lease, *what: tuple[str, SnapshotChange], removal: bool = True) -> None:
    """Carry out operations of one run, each on one name."""
    intents = [Intent(key(name), "update", USER, removal) for name, _ in what]
    numbers = begin(lease, "run", "plan", intents)
    settle(
        lease,
        [Settlement(number, Result.APPLIED, (change,)) for number, (_, change) in zip(numbers, what, strict=True)],
    )


def test_who_was_removed_lately(places: StatePlaces, lease: Lease, store: Store, clock: FakeClock) -> None:
    """Deleted, deactivated, or disabled with the department cleared: each counts where it was before, for a day.

    An orphan was nobody's, and counts nowhere.
    """
    today = StatePlaces(store, "enterprise.department", clock() - LAST_DAY)
    assert today.removed(USER) == NOBODY
    carried_out(lease, ("aiko", Gone(key("aiko"))), ("bunta", Confirmed(row("bunta", "Sales", status=Status.LEFT))))
    carried_out(lease, ("dai", Confirmed(row("dai"))))
    carried_out(lease, ("chie", Confirmed(row("chie", "Sales"))), removal=False)
    begin(lease, "run", "plan", [Intent(orphan_key(USER, "17"), "delete", USER, removal=True)])

    gone = {key("aiko"), key("bunta"), key("dai")}
    assert today.removed(USER) == Removed(frozenset(gone), frozenset({key("dai")}))
    assert today.removed(GROUP) == NOBODY
    assert today.parts(Dimension.DEPARTMENT, sorted(gone)) == {
        key("aiko"): "Sales",
        key("bunta"): "Sales",
        key("dai"): "Lab",
    }
    clock.advance(timedelta(hours=25))
    assert StatePlaces(store, "enterprise.department", clock() - LAST_DAY).removed(USER) == NOBODY
    assert places.removed(USER) == NOBODY


def test_the_deleted_keep_their_unit_for_a_day(
    places: StatePlaces, lease: Lease, store: Store, clock: FakeClock
) -> None:
    """What was deleted this morning counts in its unit this afternoon, and is forgotten on the next day."""
    worlds.read(lease, [worlds.person("dai", dn=f"uid=dai,{LAB}")], [])
    carried_out(lease, ("aiko", Gone(key("aiko"))))
    forget_departed(lease)
    assert places.parts(Dimension.UNIT, [key("aiko")]) == {key("aiko"): SALES}
    assert places.sizes(Dimension.UNIT, USER, [SALES]) == {SALES: 1}
    clock.advance(timedelta(hours=25))
    worlds.read(lease, [worlds.person("dai", dn=f"uid=dai,{LAB}")], [])
    forget_departed(lease)
    assert places.parts(Dimension.UNIT, [key("aiko"), key("bunta")]) == {key("bunta"): SALES}


def test_who_left_a_group_lately(places: StatePlaces, lease: Lease, store: Store, clock: FakeClock) -> None:
    """Whoever is back in it has not left, and another group's members are its own."""
    staff = key("Staff")
    for change in (
        MembersChanged(staff, removed=(key("aiko"), key("bunta"))),
        MembersChanged(staff, added=(key("aiko"),)),
    ):
        carried_out(lease, ("Staff", change), removal=False)
    today = StatePlaces(store, "", clock() - LAST_DAY)
    assert today.left_recently([staff, key("Admins")]) == {staff: {key("bunta")}}
    assert places.left_recently([staff]) == {}
    clock.advance(timedelta(hours=25))
    assert StatePlaces(store, "", clock() - LAST_DAY).left_recently([staff]) == {}
