"""Memberships: who enters and who leaves."""

from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.frames import Status
from ldap2scim.planning.operations import ChangeMembers, Create
from ldap2scim.planning.states import ReadState, Scope
from tests.planning.worlds import Row, Service, World, difference, group, service_of, user


def changes(world: World, service: Service) -> list[ChangeMembers]:
    """Return the changes of members."""
    return [op for op in difference(world, service).operations if isinstance(op, ChangeMembers)]


def test_members_of_a_new_group_have_no_service_id_yet() -> None:
    """A group that the same plan creates has no id to be addressed by."""
    world = World({"ad:u": user("u")}, {"ad:g": group("g")}, frozenset({("ad:g", "ad:u")}))
    (change,) = changes(world, Service())
    assert (change.service_id, change.added, change.removed) == (None, ("ad:u",), ())


def test_members_that_are_not_at_the_service_are_dropped_and_counted() -> None:
    """A member that nobody desires is left out, and said."""
    world = World({"ad:u": user("u")}, {"ad:g": group("g")}, frozenset({("ad:g", "ad:u"), ("ad:g", "ad:x")}))
    found = difference(world, Service())
    assert found.dropped_members == 1
    assert [finding.rule for finding in found.findings] == ["member-not-at-the-service"]


def test_a_stranger_leaves_a_group_of_ours() -> None:
    """A user of the service who is no entry's is taken out, unless an entry that was not read could be that one."""
    world = World({"ad:u": user("u")}, {"ad:g": group("g")}, frozenset({("ad:g", "ad:u")}))
    service = service_of(world)
    service.edges.add(("ad:g", "@:s"))
    assert changes(world, service) == []
    service.strangers = frozenset({Key("@:s")})
    (change,) = changes(world, service)
    assert (change.added, change.removed) == ((), ("@:s",))
    unread = {Scope("ad", ResourceType.GROUP): ReadState.PROVEN}
    assert difference(world, service, reads=unread).operations == ()


def test_one_new_member_is_one_small_change() -> None:
    """One member more in a large group is a change that names that member alone, and the group is not unchanged."""
    users = {f"ad:{n}": user(f"u{n}") for n in range(3000)}
    edges = frozenset(("ad:g", key) for key in users)
    service = service_of(World(users, {"ad:g": group("g"), "ad:h": group("h")}, edges - {("ad:g", "ad:7")}))
    found = difference(World(users, {"ad:g": group("g"), "ad:h": group("h")}, edges), service)
    (change,) = found.operations
    assert isinstance(change, ChangeMembers)
    assert (change.added, change.removed, change.service_id) == (("ad:7",), (), "id-ad:g")
    assert found.unchanged == {Scope("ad", ResourceType.USER): 3000, Scope("ad", ResourceType.GROUP): 1}


def test_a_membership_of_a_resource_that_vanished_is_made_again() -> None:
    """When the service lost a member that is still desired, it is created and enters the group again."""
    world = World({"ad:u": user("u")}, {"ad:g": group("g")}, frozenset({("ad:g", "ad:u")}))
    service = service_of(world)
    del service.users["ad:u"]
    found = difference(world, service)
    assert [type(op) for op in found.operations] == [Create, ChangeMembers]


def test_sizes_count_who_was_there() -> None:
    """The size of a group that loses members is what the service had."""
    users = {f"ad:{n}": user(f"u{n}") for n in range(12)}
    before = World(users, {"ad:g": group("g")}, frozenset(("ad:g", key) for key in users))
    after = World(users, before.groups, frozenset({("ad:g", "ad:1")}))
    assert difference(after, service_of(before)).known_members == {Key("ad:g"): 12}


def test_members_of_an_adopted_group_are_compared_with_what_it_has() -> None:
    """A found group keeps the members it has; only the difference is sent."""
    service = Service({"ad:u": Row(user("u"))}, {"ad:g": Row(group("g"), Status.FOUND)}, {("ad:g", "ad:u")})
    world = World({"ad:u": user("u")}, {"ad:g": group("g")}, frozenset({("ad:g", "ad:u")}))
    assert changes(world, service) == []
