"""Changes of a real slapd: every kind is reported, nothing is lost, and what it cannot tell is said."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Thread
from time import monotonic
from typing import TypeAlias

import pytest

from ldap2scim.directory import change_sources, client, currency, filters, sync_messages
from ldap2scim.directory.changes import ChangeMethod, Changes, Position, Touch
from ldap2scim.directory.conversation import Found
from ldap2scim.directory.decoder import Done
from ldap2scim.directory.encoder import Scope, SearchRequest
from ldap2scim.directory.session import Session
from ldap2scim.directory.settings import DirectoryKind, DirectorySettings, Encryption, MemberReference
from ldap2scim.errors import ChangesRefused
from ldap2scim.secret import Secret
from tests.integration.ldap import Administrator
from tests.servers.fixtures import StartSlapd
from tests.servers.slapd import Slapd, SlapdOptions

pytestmark = pytest.mark.slapd

BASE = "dc=example,dc=com"
PEOPLE, GROUPS, OUTSIDE = (f"ou={name},{BASE}" for name in ("people", "groups", "outside"))
LOG = "syncprov-sessionlog 200"


@dataclass(slots=True)
class Directory:
    """A slapd, its administrator, and our connection to it."""

    slapd: Slapd
    admin: Administrator
    settings: DirectorySettings
    session: Session

    def begin(self) -> Position:
        """Return the first position."""
        found = change_sources.begin(self.session, self.settings)
        assert found is not None
        return found

    def since(self, position: Position) -> Changes:
        """Return what changed since."""
        return change_sources.since(self.session, self.settings, position)

    def uuid(self, dn: str) -> str:
        """Return an entry's UUID."""
        (found,) = (entry for entry in self.admin.find("(objectClass=*)", dn) if entry.dn == dn)
        return found.texts("entryUUID")[0]

    def close(self) -> None:
        """Unbind."""
        self.session.close()

    def reconnect(self) -> None:
        """Connect again."""
        self.session.close()
        self.session = client.connect(self.settings)


StartDirectory: TypeAlias = Callable[..., Directory]


def settings_of(slapd: Slapd, base: str) -> DirectorySettings:
    """Return the settings that lead to a slapd as its reader."""
    return DirectorySettings(
        name="corp",
        kind=DirectoryKind.OPENLDAP,
        addresses=(slapd.host,),
        port=slapd.port,
        encryption=Encryption.NONE,
        verify_certificate=True,
        ca_file=None,
        bind_dn=slapd.reader_dn,
        bind_password=Secret(slapd.reader_password),
        base_dn=base,
        user_filter="",
        group_filter="",
        user_object_class="inetOrgPerson",
        group_object_class="groupOfNames",
        member_attribute="member",
        member_reference=MemberReference.DN,
        source_anchor="entryUUID",
    )


def world(people: int = 6, suffix_lines: str = "") -> str:
    """Return the LDIF of a small company."""
    entries = [f"dn: {BASE}\nobjectClass: domain\ndc: example\n{suffix_lines}"]
    entries += [
        f"dn: {dn}\nobjectClass: organizationalUnit\nou: {dn[3:].partition(',')[0]}\n"
        for dn in (PEOPLE, GROUPS, OUTSIDE)
    ]
    entries += [
        f"dn: {person(number)}\nobjectClass: inetOrgPerson\nuid: u{number}\ncn: u{number}\nsn: u\n"
        for number in range(people)
    ]
    entries.append(f"dn: cn=staff,{GROUPS}\nobjectClass: groupOfNames\ncn: staff\nmember: {person(0)}\n")
    return "\n".join(entries)


def person(number: int) -> str:
    """Return somebody's name."""
    return f"uid=u{number},{PEOPLE}"


@pytest.fixture
def start_directory(start_slapd: StartSlapd) -> Iterator[StartDirectory]:
    """Start a slapd with the world, by default with syncprov and a session log, and connect to it."""
    with ExitStack() as running:

        def start(
            *lines: str, base: str = BASE, ldif: str | None = None, syncprov: bool = True, **options: object
        ) -> Directory:
            overlays = ("syncprov",) if syncprov else ()
            slapd = start_slapd(ldif or world(), SlapdOptions(overlays=overlays, database_lines=lines, **options))  # type: ignore[arg-type]
            admin = running.enter_context(Administrator.of(slapd, BASE))
            settings = settings_of(slapd, base)
            directory = Directory(slapd, admin, settings, client.connect(settings))
            running.callback(directory.close)
            return directory

        yield start


def names(changes: Changes) -> set[tuple[str, str | None]]:
    """Return who was touched."""
    return {(touch.uuid, touch.dn) for touch in changes.touched}


def test_every_kind_of_change(start_directory: StartDirectory) -> None:
    """What is added, changed, renamed, moved, deleted and made again is reported by one name each, and then no more."""
    directory = start_directory(LOG)
    admin = directory.admin
    uuids = [directory.uuid(person(number)) for number in range(6)]
    position = directory.begin()
    admin.add(f"uid=new,{PEOPLE}", ["inetOrgPerson"], cn="new", sn="n")
    admin.replace(person(0), sn=["changed"])
    admin.replace(person(0), sn=["changed again"])
    renamed = admin.rename(person(1), "uid=renamed")
    moved = admin.rename(person(2), "uid=u2", OUTSIDE)
    admin.delete(person(3), person(4))
    admin.add(person(4), ["inetOrgPerson"], cn="u4", sn="again")
    admin.insert(f"cn=staff,{GROUPS}", "member", person(5))
    changes = directory.since(position)
    assert names(changes) == {
        (directory.uuid(f"uid=new,{PEOPLE}"), f"uid=new,{PEOPLE}"),
        (uuids[0], person(0)),
        (uuids[1], renamed),
        (uuids[2], moved),
        (uuids[3], None),
        (uuids[4], None),
        (directory.uuid(person(4)), person(4)),
        (directory.uuid(f"cn=staff,{GROUPS}"), f"cn=staff,{GROUPS}"),
    }
    assert changes.unsure is None
    assert changes.transferred == 6
    again = directory.since(changes.position)
    assert (again.touched, again.unsure, again.transferred) == ((), None, 0)
    assert again.position == changes.position


def test_renamed_container_is_reported_alone(start_directory: StartDirectory) -> None:
    """A renamed unit is reported without those below it, and says that it holds others; an empty one does not."""
    directory = start_directory(LOG)
    position = directory.begin()
    directory.admin.rename(OUTSIDE, "ou=empty")
    directory.admin.rename(PEOPLE, "ou=staff")  # and its group, which names people
    changes = directory.since(position)
    assert {(touch.dn, touch.may_hold_others) for touch in changes.touched} == {
        (f"ou=staff,{BASE}", True),
        (f"ou=empty,{BASE}", False),
        (f"cn=staff,{GROUPS}", False),
    }
    assert changes.unsure is None


def test_base_that_is_a_part_of_the_database(start_directory: StartDirectory) -> None:
    """Who enters the base is reported, who leaves it is gone; what is elsewhere took nobody along unless it can."""
    directory = start_directory(LOG, base=PEOPLE)
    admin = directory.admin
    leaver, group = directory.uuid(person(1)), directory.uuid(f"cn=staff,{GROUPS}")
    admin.add(f"uid=far,{OUTSIDE}", ["inetOrgPerson"], cn="far", sn="f")
    admin.add(f"ou=team,{PEOPLE}", ["organizationalUnit"])
    admin.add(f"uid=t,ou=team,{PEOPLE}", ["inetOrgPerson"], cn="t", sn="t")
    team, far = directory.uuid(f"ou=team,{PEOPLE}"), directory.uuid(f"uid=far,{OUTSIDE}")
    position = directory.begin()
    admin.rename(f"ou=team,{PEOPLE}", "ou=team", OUTSIDE)
    admin.rename(person(1), "uid=u1", OUTSIDE)
    admin.replace(f"cn=staff,{GROUPS}", description=["changed"])
    admin.rename(f"uid=far,{OUTSIDE}", "uid=far", PEOPLE)
    changes = directory.since(position)
    assert set(changes.touched) == {
        Touch(leaver, None),
        Touch(group, None),
        Touch(team, None, may_hold_others=True),
        Touch(far, f"uid=far,{PEOPLE}"),
    }
    assert changes.unsure is None


def test_moved_out_of_sight(start_directory: StartDirectory) -> None:
    """A unit that is moved to where the bind user may not look is named as gone, and may have taken others along."""
    directory = start_directory(LOG, hidden_subtrees=(OUTSIDE,))
    people = directory.uuid(PEOPLE)
    position = directory.begin()
    directory.admin.rename(PEOPLE, "ou=people", OUTSIDE)
    changes = directory.since(position)
    assert Touch(people, None, may_hold_others=True) in changes.touched


@pytest.mark.parametrize("lines", [(), ("syncprov-sessionlog 2",)], ids=["no log", "short log"])
def test_session_log_that_does_not_reach_back(start_directory: StartDirectory, lines: tuple[str, ...]) -> None:
    """Where the session log does not say who is gone, the changes are unsure; who changed is still named."""
    directory = start_directory(*lines, ldif=world(300))
    position = directory.begin()
    directory.admin.delete(person(0), person(1))
    directory.admin.replace(person(2), sn=["changed"])
    changes = directory.since(position)
    assert [touch.dn for touch in changes.touched] == [person(2)]
    assert changes.transferred == 1
    assert changes.unsure is not None
    assert "syncprov-sessionlog" in changes.unsure
    again = directory.since(changes.position)
    assert (again.touched, again.unsure) == ((), None)


def test_restart_of_slapd(start_directory: StartDirectory) -> None:
    """A restart loses no change: the position holds, what was deleted before is unsure, what is deleted later not."""
    directory = start_directory(LOG)
    before = directory.begin()
    directory.admin.delete(person(0))
    gone = directory.uuid(person(1))
    after = directory.since(before).position
    directory.slapd.stop()
    directory.slapd.start()
    directory.reconnect()
    assert directory.since(after).touched == ()
    with directory.admin.reconnected(directory.slapd):
        directory.admin.delete(person(1))
    assert directory.since(before).unsure is not None
    changes = directory.since(after)
    assert (names(changes), changes.unsure) == ({(gone, None)}, None)


def test_garbage_instead_of_a_cookie(start_directory: StartDirectory) -> None:
    """A cookie that slapd cannot read gets everything, and slapd says that all is well; so none is sent to it."""
    directory = start_directory(LOG)
    control = (sync_messages.request(b"garbage"),)
    request = SearchRequest(BASE, Scope.SUBTREE, filters.parse("(objectClass=*)"), ("1.1",), control)
    *entries, end = directory.session.ask(request, "the search with garbage")
    assert sum(isinstance(answer, Found) for answer in entries) == 11
    assert isinstance(end, Done)
    assert end.code == 0
    assert sync_messages.sync_done(end.controls[0].value).deletes
    with pytest.raises(ChangesRefused, match="damaged"):
        directory.since(Position(ChangeMethod.SYNC, b"garbage"))


def test_server_that_is_behind(start_directory: StartDirectory) -> None:
    """A server that lacks what the last one knew refuses to go on, and is seen to be behind."""
    directory, older = start_directory(LOG), start_directory(LOG)
    directory.admin.replace(person(0), sn=["changed"])
    position = directory.begin()
    with pytest.raises(ChangesRefused, match="behind") as caught:
        older.since(position)
    assert f"{older.slapd.host}:{older.slapd.port}" in caught.value.message
    newer_state = change_sources.server_state(directory.session, directory.settings)
    older_state = change_sources.server_state(older.session, older.settings)
    assert currency.behind(older_state, newer_state) is not None
    assert currency.behind(newer_state, older_state) is None
    assert newer_state.identity == f"{directory.slapd.host}:{directory.slapd.port}"


def test_position_of_a_crashed_server(start_directory: StartDirectory) -> None:
    """A killed slapd forgets what it knew until the next write: the position is refused, and nothing concluded."""
    directory = start_directory(LOG)
    directory.admin.replace(person(0), sn=["changed"])
    position = directory.begin()
    directory.slapd.kill()
    directory.slapd.start()
    directory.reconnect()
    with pytest.raises(ChangesRefused, match="behind"):
        directory.since(position)


def test_nothing_is_lost_under_concurrent_writes(start_directory: StartDirectory) -> None:
    """Whatever is written while changes are read, from before the first read on, is reported in the end."""
    directory = start_directory("syncprov-sessionlog 100000", ldif=world(12))
    position = directory.begin()
    last: dict[str, str] = {}
    end = monotonic() + 1.5

    def write(numbers: range) -> None:
        with Administrator.of(directory.slapd, BASE) as admin:
            count = 0
            while monotonic() < end:
                count += 1
                dn = person(numbers[count % len(numbers)])
                admin.replace(dn, sn=[f"n{count}"])
                last[dn] = f"n{count}"

    writers = [Thread(target=write, args=(range(start, start + 3),)) for start in (0, 3, 6, 9)]
    seen: dict[str, str] = {}
    for writer in writers:
        writer.start()
    writing = True
    while writing:
        writing = any(writer.is_alive() for writer in writers)
        changes = directory.since(position)
        assert changes.unsure is None
        for touch in changes.touched:
            assert touch.dn is not None
            entry = directory.session.lookup(touch.dn, ("sn",))
            assert entry is not None
            seen[touch.dn] = entry.attributes["sn"][0].decode()
        position = changes.position
    assert len(last) == 12
    assert seen == last


def test_more_changes_than_the_limit(start_directory: StartDirectory) -> None:
    """More changes than the server's size limit are refused, so that everything is read by pages instead."""
    directory = start_directory(LOG, size_limit=3)
    position = directory.begin()
    for number in range(4):
        directory.admin.replace(person(number), sn=["changed"])
    with pytest.raises(ChangesRefused, match="size limit"):
        directory.since(position)


def test_bind_user_without_rights(start_directory: StartDirectory) -> None:
    """Who may not read contextCSN, or any stamp, gets no position and no marks, and no error."""
    directory = start_directory(LOG)
    stranger = settings_of(directory.slapd, BASE)
    stranger = DirectorySettings(
        **{name: getattr(stranger, name) for name in stranger.__slots__}
        | {"bind_dn": directory.slapd.stranger_dn, "bind_password": Secret(directory.slapd.stranger_password)}
    )
    with client.connect(stranger) as session:
        assert change_sources.begin(session, stranger) is None
        assert change_sources.server_state(session, stranger).knows == ()


def test_what_several_servers_wrote(start_directory: StartDirectory) -> None:
    """A server knows the changes of each server that writes, and goes on from all of them."""
    marks = ("20260101000000.000000Z#000000#001#000000", "20260102000000.000000Z#000000#00a#000000")
    directory = start_directory(LOG, ldif=world(suffix_lines="".join(f"contextCSN: {mark}\n" for mark in marks)))
    state = change_sources.server_state(directory.session, directory.settings)
    assert state.knows == (("001", marks[0]), ("00a", marks[1]))
    position = directory.begin()
    assert directory.since(position).touched == ()
    directory.admin.replace(person(0), sn=["changed"])
    changes = directory.since(position)
    assert person(0) in {touch.dn for touch in changes.touched}
    assert directory.since(changes.position).touched == ()


def test_without_syncprov(start_directory: StartDirectory) -> None:
    """Without the overlay the stamps of entries tell what changed and where it is now, and never who is gone."""
    directory = start_directory(syncprov=False)
    position = directory.begin()
    assert position.method is ChangeMethod.ENTRY_CSN
    renamed = directory.admin.rename(person(0), "uid=renamed")
    directory.admin.rename(PEOPLE, "ou=staff")
    gone = directory.uuid(f"uid=u1,ou=staff,{BASE}")
    directory.admin.delete(f"uid=u1,ou=staff,{BASE}")
    changes = directory.since(position)
    touched = {touch.dn: touch.may_hold_others for touch in changes.touched}
    assert touched[renamed.replace("ou=people", "ou=staff")] is False
    assert touched[f"ou=staff,{BASE}"] is True
    assert gone not in {touch.uuid for touch in changes.touched}
    assert changes.unsure is not None
    assert changes.position != position
    assert changes.position.method is ChangeMethod.ENTRY_CSN
