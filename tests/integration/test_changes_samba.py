"""Changes read from a real Active Directory domain controller (Samba): what each way of asking sees of each."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from uuid import UUID

import ldap3
import pytest

from ldap2scim.directory import change_sources, client, deleted_objects, dirsync, extended_dn
from ldap2scim.directory.changes import ChangeMethod, Changes, Touch
from ldap2scim.directory.encoder import Scope, SearchRequest
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.filters import equals
from ldap2scim.directory.questions import ask
from ldap2scim.directory.session import Session
from ldap2scim.errors import ChangesRefused
from tests.integration.samba_changes import (
    WHO,
    WORLD,
    Administrator,
    Seen,
    View,
    administering,
    asked_as,
    assert_all_see,
    looking,
    make_reader_of_changes,
    settings_of,
)
from tests.servers.available import require
from tests.servers.samba import BASE_DN, Samba, running_samba

pytestmark = pytest.mark.samba


@pytest.fixture(scope="module")
def samba(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Samba]:
    """A domain controller with an empty organisational unit and one deleted object."""
    require("samba")
    with running_samba(tmp_path_factory.mktemp("changes")) as server:
        yield server


@pytest.fixture(scope="module")
def administrator(samba: Samba) -> Iterator[Administrator]:
    """Who writes."""
    with administering(samba) as found:
        yield found


@pytest.fixture(scope="module")
def views(samba: Samba, administrator: Administrator) -> Iterator[Mapping[tuple[str, str], View]]:
    """Both ways of asking, as an administrator and as an ordinary user."""
    with looking(samba) as found:
        yield found


@pytest.fixture
def seen(views: Mapping[tuple[str, str], View]) -> Callable[[Callable[[], object]], Mapping[View, Changes]]:
    """Return a function that does something and returns what each view then says; each says it once."""

    def watch(happens: Callable[[], object]) -> Mapping[View, Changes]:
        positions = {view: view.begin() for view in views.values()}
        happens()
        found = {view: view.since(position) for view, position in positions.items()}
        for view, changes in found.items():
            assert view.since(changes.position) == Changes((), None, changes.position, 0), view
        return found

    return watch


def test_nothing_happens(seen: Seen) -> None:
    """Without a change nothing is transferred, and nothing is unsure."""
    assert {changes.transferred for changes in seen(lambda: None).values()} == {0}


def test_add_and_modify(administrator: Administrator, seen: Seen) -> None:
    """A new person, and one of whom one attribute has changed, whichever it is."""
    old = administrator.person("modified")

    def happens() -> None:
        administrator.person("new")
        administrator.change(old, "employeeID", ldap3.MODIFY_REPLACE, "17")

    found = seen(happens)
    new = f"CN=new,{WORLD}"
    assert_all_see(found, Touch(administrator.uuid(new), new), Touch(administrator.uuid(old), old))


def test_an_attribute_is_taken_away(administrator: Administrator, seen: Seen) -> None:
    """An attribute that has lost its last value is a change too."""
    person = administrator.person("taken")
    administrator.change(person, "mail", ldap3.MODIFY_REPLACE, "taken@lab.test")
    found = seen(lambda: administrator.change(person, "mail", ldap3.MODIFY_REPLACE))
    assert_all_see(found, Touch(administrator.uuid(person), person))


def test_rename_and_move(administrator: Administrator, seen: Seen) -> None:
    """A renamed and a moved person come with their new names, and as people hold nobody."""
    renamed, moved, unit = administrator.person("before"), administrator.person("moved"), administrator.unit("there")
    uuids = administrator.uuid(renamed), administrator.uuid(moved)

    def happens() -> None:
        administrator.rename(renamed, "CN=after")
        administrator.rename(moved, "CN=moved", unit)

    assert_all_see(seen(happens), Touch(uuids[0], f"CN=after,{WORLD}"), Touch(uuids[1], f"CN=moved,{unit}"))


def test_a_unit_is_moved(administrator: Administrator, seen: Seen) -> None:
    """A moved unit says that others may lie below it, which are not named; a new unit and a changed one do not."""
    unit, changed = administrator.unit("leaving"), administrator.unit("changed")
    administrator.person("inside", unit)
    uuid = administrator.uuid(unit)

    def happens() -> None:
        new = administrator.unit("arriving")
        administrator.change(changed, "description", ldap3.MODIFY_REPLACE, "changed")
        administrator.rename(unit, "OU=left", new)

    assert_all_see(seen(happens), Touch(uuid, f"OU=left,OU=arriving,{WORLD}", may_hold_others=True))


def test_delete_and_make_again(administrator: Administrator, seen: Seen) -> None:
    """A deleted person, and one made again under the same name, who is another one."""
    gone, again = administrator.person("gone"), administrator.person("again")
    uuids = administrator.uuid(gone), administrator.uuid(again)

    def happens() -> None:
        administrator.delete(gone)
        administrator.delete(again)
        administrator.person("again")

    found = seen(happens)
    reborn = administrator.uuid(again)
    assert reborn != uuids[1]
    assert_all_see(found, Touch(uuids[0], None), Touch(uuids[1], None), Touch(reborn, again))


def test_undelete(administrator: Administrator, seen: Seen) -> None:
    """Somebody who is brought back is there again, under the same GUID."""
    person = administrator.person("back")
    uuid = administrator.uuid(person)
    administrator.delete(person)
    assert_all_see(seen(lambda: administrator.undelete(uuid, person)), Touch(uuid, person))


def test_members_come_and_go(administrator: Administrator, seen: Seen) -> None:
    """A change of members names the group, and nobody else."""
    first, second = administrator.person("member1"), administrator.person("member2")
    team, other = administrator.group("team", first), administrator.group("other")

    def happens() -> None:
        administrator.change(team, "member", ldap3.MODIFY_DELETE, first)
        administrator.change(other, "member", ldap3.MODIFY_ADD, first, second)

    assert_all_see(seen(happens), Touch(administrator.uuid(team), team), Touch(administrator.uuid(other), other))


def test_a_deleted_member_leaves_its_groups_unnamed(administrator: Administrator, seen: Seen) -> None:
    """A deletion takes its object out of all groups, and no controller calls that a change of the groups."""
    person = administrator.person("leaver")
    administrator.group("deserted", person)
    uuid = administrator.uuid(person)
    assert_all_see(seen(lambda: administrator.delete(person)), Touch(uuid, None))


def test_computers_and_what_is_elsewhere_are_not_named(administrator: Administrator, seen: Seen) -> None:
    """A computer is no person, and the configuration of the forest is another naming context."""

    def happens() -> None:
        administrator.computer("workstation")
        administrator.change(f"CN=Services,CN=Configuration,{BASE_DN}", "description", ldap3.MODIFY_REPLACE, "x")

    assert_all_see(seen(happens))


def test_who_answers_and_what_it_knows(views: Mapping[tuple[str, str], View], administrator: Administrator) -> None:
    """A controller is known by its invocationId, and how far it is by its own counter; any user may see both."""
    states = {who: change_sources.server_state(*asked_as(views[who, "DirSync"])) for who in WHO}
    assert states["administrator"] == states["reader"]
    state = states["reader"]
    assert UUID(state.identity).version == 4
    ((origin, mark),) = state.knows
    assert (origin, len(mark)) == (state.identity, 20)
    administrator.person("counted")
    ((_, later),) = change_sources.server_state(*asked_as(views["reader", "DirSync"])).knows
    assert later > mark


def test_dirsync_is_asked_for_first(views: Mapping[tuple[str, str], View], administrator: Administrator) -> None:
    """Both users get positions of DirSync, and the position says with which sight it goes on."""
    for who in WHO:
        asked = asked_as(views[who, "DirSync"])
        position = change_sources.begin(*asked)
        assert position is not None
        assert position.method is ChangeMethod.DIRSYNC
        person = administrator.person(f"asked-by-{who}")
        (touch,) = change_sources.since(*asked, position).touched
        assert touch == Touch(administrator.uuid(person), person)


def test_nothing_is_asked_where_the_state_says_that_nothing_was_written(
    views: Mapping[tuple[str, str], View], administrator: Administrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state that a run has read anyway tells whether there is anything to ask for."""
    asked = asked_as(views["reader", "DirSync"])
    position = change_sources.begin(*asked)
    assert position is not None
    state = change_sources.server_state(*asked)
    with monkeypatch.context() as patched:
        patched.delattr(Session, "ask")
        assert change_sources.since(*asked, position, state) == Changes((), None, position, 0)
    person = administrator.person("after-the-state")
    uuid = administrator.uuid(person)
    later = change_sources.server_state(*asked)
    assert [touch.uuid for touch in change_sources.since(*asked, position, later).touched] == [uuid]


def test_a_position_of_another_controller_is_refused(views: Mapping[tuple[str, str], View]) -> None:
    """A restored controller counts under a new invocationId, and another one counts for itself."""
    for view in views.values():
        position = view.begin()
        _, _, rest = position.cookie.partition(b"\n")
        other = b"1 00112233-4455-6677-8899-aabbccddeeff\n"
        with pytest.raises(ChangesRefused, match=r"another domain controller than the one of then \(00112233-"):
            view.since(replace(position, cookie=other + rest))


def test_a_controller_that_was_set_back_is_refused(views: Mapping[tuple[str, str], View]) -> None:
    """A counter that is lower than it was belongs to a database that was rolled back."""
    for view in views.values():
        position = view.begin()
        stamp, _, rest = position.cookie.partition(b"\n")
        number, _, identity = stamp.partition(b" ")
        cookie = b"%d %s\n%s" % (int(number) + 1, identity, rest)
        with pytest.raises(ChangesRefused, match=rf"was set back: .* was {int(number) + 1}, now {int(number)}"):
            view.since(replace(position, cookie=cookie))


def test_a_cookie_that_the_controller_cannot_read_is_refused(
    views: Mapping[tuple[str, str], View], administrator: Administrator
) -> None:
    """What Samba calls an unavailable critical extension is a cookie that it cannot read."""
    for who in WHO:
        view = views[who, "DirSync"]
        position = view.begin()
        administrator.person(f"after-{who}")
        with pytest.raises(ChangesRefused, match="unavailableCriticalExtension") as refused:
            view.since(replace(position, cookie=position.cookie[:-10]))
        assert refused.value.remedy == "Everything is read instead."
        assert view.since(position).touched, "the connection is still of use"


def test_a_user_without_the_right_is_refused_the_whole_sight(views: Mapping[tuple[str, str], View]) -> None:
    """A position taken by who may read all changes is refused to who may not any more."""
    position = views["administrator", "DirSync"].begin()
    cookie = position.cookie.replace(position.cookie.partition(b" ")[0], b"1", 1)
    with pytest.raises(ChangesRefused, match="insufficientAccessRights"):
        views["reader", "DirSync"].since(replace(position, cookie=cookie))


def test_the_right_to_read_changes_does_not_show_what_was_deleted_on_samba(
    samba: Samba, administrator: Administrator
) -> None:
    """Active Directory sends deleted objects to who may replicate changes, Samba does not: it is found out and said."""
    bind_dn = make_reader_of_changes(samba, "change-reader", samba.reader_password)
    settings = replace(settings_of(samba, "reader"), bind_dn=bind_dn)
    person = administrator.person("unseen")
    with client.connect(settings) as session:
        position = dirsync.begin(session, settings)
        assert position is not None
        assert position.cookie.partition(b"\n")[2].startswith(b"\x00MSDS"), "the whole sight"
        administrator.delete(person)
        changes = dirsync.since(session, settings, position)
    assert (changes.touched, changes.unsure) == ((), deleted_objects.NOT_VISIBLE)


def test_members_with_guids_in_pieces(views: Mapping[tuple[str, str], View], administrator: Administrator) -> None:
    """Names and members carry GUID and SID where they are asked for, in the pieces of range retrieval too."""
    people = [administrator.person(rf"a\, \; {number}", login=f"piece{number}") for number in range(5)]
    session, _ = asked_as(views["reader", "DirSync"])
    group = administrator.group("in-pieces", *people)
    wanted = (extended_dn.control(),)
    found: list[LdapEntry] = []
    for attribute in ("member;range=0-1", "member;range=2-*"):
        request = SearchRequest(WORLD, Scope.SUBTREE, equals("sAMAccountName", "in-pieces"), (attribute,), wanted)
        ask(session, request, "the group", found.append)
    values = [value for entry in found for values in entry.attributes.values() for value in values]
    members = [extended_dn.parse(value.decode()) for value in values]
    assert {member.guid for member in members} == {administrator.uuid(person) for person in people}
    assert {administrator.uuid(member.dn) for member in members} == {member.guid for member in members}
    assert all(member.sid is not None and member.sid.startswith("S-1-5-21-") for member in members)
    assert [extended_dn.parse(entry.dn).dn for entry in found] == [group, group]
    assert [extended_dn.parse(entry.dn).guid for entry in found] == [administrator.uuid(group)] * 2
