"""Changes of Active Directory: what Samba does not play (see `little_controller`), and the octets behind them."""

import struct
from uuid import UUID

import pytest

from ldap2scim.directory import deleted_objects, dirsync, domain_controller, filters, usn
from ldap2scim.directory import replication_data as data
from ldap2scim.directory import watched_objects as watched
from ldap2scim.directory.ber import INTEGER, OCTETS, SEQUENCE, integer, tlv
from ldap2scim.directory.changes import ChangeMethod, Changes, Position, Touch
from ldap2scim.directory.controls import Control
from ldap2scim.directory.decoder import Done
from ldap2scim.directory.dirsync_control import OID, Reply, Sight, reply, request
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.reader import ServerState
from ldap2scim.directory.settings import DirectoryKind, DirectorySettings
from ldap2scim.directory.syntaxes import ValueSyntaxError
from ldap2scim.errors import ChangesRefused, DirectoryUnavailable
from tests.directory.conftest import MakeSettings
from tests.directory.little_controller import CONTEXT, INVOCATION, SETTINGS_DN, LittleController, changed

OTHER = UUID("00112233-4455-6677-8899-aabbccddeeff")
TARO, TEAM, UNIT = f"CN=Taro,{CONTEXT}", f"CN=Team,{CONTEXT}", f"OU=Unit,{CONTEXT}"


@pytest.fixture
def settings(make_settings: MakeSettings) -> DirectorySettings:
    """An Active Directory, of which an organisational unit is read."""
    return make_settings(
        kind=DirectoryKind.ACTIVE_DIRECTORY,
        base_dn=f"OU=People,{CONTEXT}",
        user_object_class="user",
        group_object_class="group",
    )


def uuid(number: int) -> str:
    """Return the GUID of `changed(number, …)`."""
    return str(UUID(int=number))


def placed(controller: LittleController, sight: Sight = Sight.ALL, cookie: bytes = b"0") -> Position:
    """Return a position of DirSync a little while ago."""
    return Position(ChangeMethod.DIRSYNC, f"90 {INVOCATION}\n".encode() + bytes([sight]) + cookie)


COUNTED = Position(ChangeMethod.USN, f"90 {INVOCATION}\n".encode())


# What controllers keep about replication


def vector(version: int, *cursors: bytes) -> bytes:
    """Encode an up-to-dateness vector or property metadata."""
    return struct.pack("<IIII", version, 0, len(cursors), 0) + b"".join(cursors)


@pytest.mark.parametrize(
    ("version", "time"), [(1, b""), (2, struct.pack("<Q", 13_300_000_000))], ids=["version 1", "version 2"]
)
def test_up_to_dateness_vector(version: int, time: bytes) -> None:
    """Each cursor says up to which USN the changes of one controller are known; version 2 has a time as well."""
    cursors = [
        origin.bytes_le + struct.pack("<Q", number) + time for origin, number in ((INVOCATION, 7), (OTHER, 1 << 40))
    ]
    assert data.up_to_dateness(vector(version, *cursors)) == ((str(INVOCATION), 7), (str(OTHER), 1 << 40))
    assert data.up_to_dateness(vector(version)) == ()


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        vector(1)[:-1],
        vector(3),
        vector(0),
        vector(1, bytes(23)),
        vector(2, bytes(24)),
        vector(1, bytes(24)) + b"\0",
    ],
)
def test_what_is_no_vector(octets: bytes) -> None:
    """A vector that is cut, padded or of another version is refused whole."""
    with pytest.raises(ValueSyntaxError, match="an up-to-dateness vector of version 1 or 2"):
        data.up_to_dateness(octets)


def stamp(attribute: int, written: int) -> bytes:
    """Encode the metadata of one attribute."""
    return struct.pack("<IIQ16sQQ", attribute, 1, 0, OTHER.bytes_le, 5, written)


def test_when_an_attribute_was_written() -> None:
    """The metadata of an object say at which USN of this controller each attribute was written."""
    metadata = vector(1, stamp(0, 40), stamp(data.NAME, 1 << 33), stamp(0x9030E, 41))
    assert data.stamped_at(metadata, data.NAME) == 1 << 33
    assert data.stamped_at(metadata, 3) is None
    with pytest.raises(ValueSyntaxError, match="property metadata"):
        data.stamped_at(vector(2, stamp(0, 40)), 0)


# The control of DirSync


def test_request_of_dirsync() -> None:
    """Flags go out as 32 bits with the sign of Windows: values by increments, and with the sight of the bind user."""
    body = b"\x02\x04\x80\x00\x00\x01" + b"\x02\x03\x10\x00\x00" + b"\x04\x03abc"
    assert request(Sight.OWN, b"abc") == Control(OID, critical=True, value=b"\x30" + bytes([len(body)]) + body)
    assert b"\x02\x04\x80\x00\x00\x00" in (request(Sight.ALL, b"").value or b"")


def ended(value: bytes | None) -> Done:
    """Return the end of a search with a control of DirSync."""
    return Done(0, "", "", (), None, (Control("1.2.3"), Control(OID, value=value)))


def test_reply_of_dirsync() -> None:
    """Any flag but zero means that there is more; a reply without a cookie, or damaged, is none."""
    ending = integer(0) + tlv(OCTETS, b"next")
    assert reply(ended(tlv(SEQUENCE, integer(0), ending))) == Reply(more=False, cookie=b"next")
    assert reply(ended(tlv(SEQUENCE, integer(1), ending))) == Reply(more=True, cookie=b"next")
    assert reply(ended(tlv(SEQUENCE, tlv(INTEGER, b"\x80\x00\x00\x00"), ending))) == Reply(more=True, cookie=b"next")
    assert reply(ended(tlv(SEQUENCE, integer(0), integer(0), tlv(OCTETS)))) is None
    assert reply(ended(b"\x30\x05\x02")) is None
    assert reply(ended(None)) is None
    assert reply(Done(0, "", "", (), None)) is None


# What a controller is and knows


def test_naming_context_of_the_base() -> None:
    """The nearest naming context that holds the base DN counts, however both are written."""
    root = LdapEntry("", {"namingcontexts": (b"DC=Example,DC=com", b"DC=sub,DC=example,DC=com", b"DC=le,DC=com")})
    assert domain_controller.naming_context(root, "ou=x, dc=example, dc=com") == "DC=Example,DC=com"
    assert domain_controller.naming_context(root, "ou=x,dc=sub,dc=example,dc=com") == "DC=sub,DC=example,DC=com"
    assert domain_controller.naming_context(root, "DC=example,DC=com") == "DC=Example,DC=com"
    assert domain_controller.naming_context(root, "dc=notexample,dc=com") is None


def test_server_state_with_partners(settings: DirectorySettings) -> None:
    """Of the others the vector says what is known; of itself the counter, whatever the vector says."""
    cursors = [origin.bytes_le + struct.pack("<QQ", 42, 0) for origin in (OTHER, INVOCATION)]
    state = domain_controller.server_state(LittleController(vector=vector(2, *cursors)), settings)
    knows = ((str(OTHER), "00000000000000000042"), (str(INVOCATION), "00000000000000000100"))
    assert state == ServerState(str(INVOCATION), knows)


@pytest.mark.parametrize(
    ("controller", "expected"),
    [
        (
            LittleController(invocation_id=None),
            ServerState(SETTINGS_DN, ((SETTINGS_DN, "00000000000000000100"),)),
        ),
        (
            LittleController(vector=b"of a later kind"),
            ServerState(str(INVOCATION), ((str(INVOCATION), "00000000000000000100"),)),
        ),
        (LittleController(root={"highestcommittedusn": ()}), ServerState("dc1:389")),
        (LittleController(root={"dsservicename": ()}), ServerState("dc1:389")),
        (LittleController(root={"namingcontexts": (b"DC=elsewhere",)}), ServerState("dc1:389")),
    ],
    ids=["invocationId hidden", "vector unknown", "no counter", "no name", "base elsewhere"],
)
def test_server_state_without_rights(
    controller: LittleController, expected: ServerState, settings: DirectorySettings
) -> None:
    """What may not be read, or is not said, is left out, and stops nothing."""
    assert domain_controller.server_state(controller, settings) == expected


def test_a_controller_that_wrote_nothing_since() -> None:
    """A state and a position of one controller with the same counter leave nothing to ask; anything else does."""
    state = ServerState(str(INVOCATION), ((str(OTHER), f"{90:020}"), (str(INVOCATION), f"{100:020}")))
    standing = f"100 {INVOCATION}\n\x01cookie".encode()
    assert domain_controller.stands_still(Position(ChangeMethod.DIRSYNC, standing), state)
    assert domain_controller.stands_still(Position(ChangeMethod.USN, f"100 {INVOCATION}\n".encode()), state)
    for cookie in (f"90 {INVOCATION}\n", f"101 {INVOCATION}\n", f"100 {OTHER}\n", f" {INVOCATION}\n", ""):
        assert not domain_controller.stands_still(Position(ChangeMethod.USN, cookie.encode()), state)
    unknown = ServerState("dc1:389")
    assert not domain_controller.stands_still(Position(ChangeMethod.USN, b"100 dc1:389\n"), unknown)


# DirSync


def test_dirsync_begins_without_reading(settings: DirectorySettings) -> None:
    """The first search looks for nothing, goes on while the server has more, and keeps the last cookie."""
    controller = LittleController(members=((changed(1, TARO),), (), ()), tombstones=((), ()))
    position = dirsync.begin(controller, settings)
    assert position == Position(ChangeMethod.DIRSYNC, f"100 {INVOCATION}\n".encode() + b"\x0090")
    searches = [asked for asked in controller.requests if asked.base == CONTEXT][:3]
    assert {filters.render(asked.filter) for asked in searches} == {"(objectGUID=" + "\\00" * 16 + ")"}


@pytest.mark.parametrize("code", [1, 2, 12, 50, 53])
def test_dirsync_with_the_own_sight_where_the_whole_is_refused(code: int, settings: DirectorySettings) -> None:
    """Who may not read all changes asks for those of what she may read."""
    position = dirsync.begin(LittleController(refusals={Sight.ALL: code}), settings)
    assert position is not None
    assert position.cookie.partition(b"\n")[2] == b"\x0190"


def test_usn_where_dirsync_is_refused(settings: DirectorySettings) -> None:
    """Where DirSync is not to be had at all, the counter of the controller serves; without it there is no position."""
    refusing = LittleController(refusals={Sight.ALL: 50, Sight.OWN: 12})
    assert dirsync.begin(refusing, settings) is None
    assert usn.begin(refusing, settings) == Position(ChangeMethod.USN, f"100 {INVOCATION}\n".encode())
    silent = LittleController(root={"highestcommittedusn": ()})
    assert (dirsync.begin(silent, settings), usn.begin(silent, settings)) == (None, None)


def test_a_busy_controller_is_no_refusal(settings: DirectorySettings) -> None:
    """Busy is temporary: neither is another way tried, nor is everything read."""
    controller = LittleController(refusals={Sight.ALL: 51, Sight.OWN: 51}, search_code=52)
    with pytest.raises(DirectoryUnavailable, match="busy"):
        dirsync.begin(controller, settings)
    with pytest.raises(DirectoryUnavailable, match="busy"):
        dirsync.since(controller, settings, placed(controller))
    with pytest.raises(DirectoryUnavailable, match="unavailable"):
        usn.since(controller, settings, COUNTED)


def test_dirsync_in_several_answers(settings: DirectorySettings) -> None:
    """While the server has more it is asked again; an object that comes twice counts once, as it was last."""
    controller = LittleController(
        members=((changed(1, TARO), changed(2, TEAM)), (), (changed(1, f"CN=Taro\nDEL,{CONTEXT}", isDeleted=b"TRUE"),)),
        containers=((changed(3, UNIT, name=b"Unit"),), (changed(4, f"OU=New,{CONTEXT}", whenCreated=b"20260401"),)),
    )
    assert dirsync.since(controller, settings, placed(controller)) == Changes(
        touched=(Touch(uuid(1), None), Touch(uuid(2), TEAM), Touch(uuid(3), UNIT, may_hold_others=True)),
        unsure=None,
        position=Position(ChangeMethod.DIRSYNC, f"100 {INVOCATION}\n".encode() + b"\x0290"),
        transferred=5,
    )


def test_dirsync_of_what_may_not_be_read_any_more(settings: DirectorySettings) -> None:
    """A deleted object that the bind user may not read comes with its GUID alone, and without a name."""
    controller = LittleController(members=((changed(1, ""),),))
    changes = dirsync.since(controller, settings, placed(controller, Sight.OWN))
    assert (changes.touched, changes.unsure) == ((Touch(uuid(1), None),), None)


@pytest.mark.parametrize("sight", Sight)
def test_dirsync_of_a_bind_that_was_never_sent_a_deleted_object(sight: Sight, settings: DirectorySettings) -> None:
    """Which rights show what was deleted is tried out: until one was sent, it is not known who is gone."""
    controller = LittleController(members=((changed(1, TARO),),))
    changes = dirsync.since(controller, settings, placed(controller, sight))
    assert (changes.touched, changes.unsure) == ((Touch(uuid(1), TARO),), "the bind user may not see deleted objects")
    gone = LittleController(usn=110, members=((changed(2, "CN=x", isDeleted=b"TRUE"),),))
    assert dirsync.since(gone, settings, changes.position).unsure is None


def test_dirsync_looks_for_a_deleted_object_when_it_begins(settings: DirectorySettings) -> None:
    """One answer with a deleted object is enough, and the position remembers it."""
    tombstones = ((), (changed(5, "CN=x", isDeleted=b"TRUE"),), (changed(6, "CN=y", isDeleted=b"TRUE"),))
    controller = LittleController(tombstones=tombstones)
    position = dirsync.begin(controller, settings)
    assert position is not None
    assert [asked.attributes for asked in controller.requests].count(("isDeleted",)) == 2
    later = LittleController(usn=110, members=((changed(1, TARO),),))
    changes = dirsync.since(later, settings, position)
    assert (changes.touched, changes.unsure) == ((Touch(uuid(1), TARO),), None)
    assert changes.position.cookie == f"110 {INVOCATION}\n".encode() + b"\x0290"


@pytest.mark.parametrize(
    ("controller", "cookie", "why"),
    [
        (LittleController(), b"", "is damaged in the state"),
        (LittleController(), f"90 {INVOCATION}\n\x000".encode()[3:], "is damaged in the state"),
        (LittleController(), f"90 {INVOCATION}\n".encode(), "is damaged in the state"),
        (LittleController(), f"90 {INVOCATION}\n\x00".encode(), "is damaged in the state"),
        (LittleController(), f"90 {INVOCATION}\n\x040".encode(), "is damaged in the state"),
        (LittleController(), f"101 {INVOCATION}\n\x000".encode(), "was set back: .* was 101, now 100"),
        (LittleController(), f"90 {OTHER}\n\x000".encode(), f"another domain controller than the one of then .{OTHER}"),
        (LittleController(root={"dsservicename": ()}), b"", "does not say which domain controller it is"),
        (LittleController(refusals={Sight.ALL: 12}), None, "ended the search for them with unavailableCriticalExt"),
        (LittleController(refusals={Sight.ALL: 50}), None, "ended the search for them with insufficientAccessRights"),
        (LittleController(without_reply=True), None, "does not say where to go on"),
        (LittleController(members=((), ()), repeats_cookie=True), None, "the same changes again and again"),
        (LittleController(members=((LdapEntry(TARO, {}),),)), None, "does not say of every object which one it is"),
    ],
)
def test_dirsync_that_does_not_go_on(
    controller: LittleController, cookie: bytes | None, why: str, settings: DirectorySettings
) -> None:
    """Whatever keeps the changes from being complete is refused, with the reason, and everything is read instead."""
    position = placed(controller) if cookie is None else Position(ChangeMethod.DIRSYNC, cookie)
    with pytest.raises(ChangesRefused, match=why) as refused:
        dirsync.since(controller, settings, position)
    assert str(refused.value).startswith("dc1:389 does not tell what changed since the last run: ")


# uSNChanged


def test_usn_in_pages_with_the_deleted(settings: DirectorySettings) -> None:
    """People, groups and the deleted come page by page; the next read goes on from the counter before the search."""
    controller = LittleController(
        members=((changed(1, TARO),), (changed(2, TEAM), changed(5, "CN=x\nDEL", isDeleted=b"TRUE"))),
        deleted=((changed(8, "c"), changed(5, "x")), (changed(9, "y"),)),
    )
    assert usn.since(controller, settings, COUNTED) == Changes(
        touched=(Touch(uuid(1), TARO), Touch(uuid(2), TEAM), Touch(uuid(5), None)),
        unsure=None,
        position=Position(ChangeMethod.USN, f"100 {INVOCATION}\n".encode()),
        transferred=3,
    )
    searches = [asked for asked in controller.requests if asked.base == CONTEXT]
    assert all(filters.render(asked.filter).startswith("(&(uSNChanged>=91)(&") for asked in searches)
    assert all(deleted_objects.SHOW_DELETED in asked.controls for asked in searches)


def test_usn_of_containers(settings: DirectorySettings) -> None:
    """A container counts if its name was written since; where that may not be read, if it is neither new nor gone."""
    renamed, changed_otherwise = vector(1, stamp(data.NAME, 91)), vector(1, stamp(data.NAME, 90), stamp(3, 95))
    containers = (
        changed(1, UNIT, uSNCreated=b"20", replPropertyMetaData=renamed),
        changed(2, UNIT, uSNCreated=b"20", replPropertyMetaData=changed_otherwise),
        changed(3, UNIT, uSNCreated=b"91", replPropertyMetaData=renamed),
        changed(4, UNIT, isDeleted=b"TRUE", replPropertyMetaData=renamed),
        changed(5, UNIT, uSNCreated=b"20"),
        changed(6, UNIT, uSNCreated=b"?", replPropertyMetaData=b"of a later kind"),
        changed(7, UNIT),
    )
    changes = usn.since(LittleController(containers=(containers,)), settings, COUNTED)
    assert [touch.uuid for touch in changes.touched] == [uuid(number) for number in (1, 5, 6, 7)]
    assert all(touch.may_hold_others for touch in changes.touched)
    assert (changes.transferred, changes.unsure) == (7, deleted_objects.NOT_VISIBLE)


def test_usn_when_nothing_was_written(settings: DirectorySettings) -> None:
    """A counter that stands where it stood says that nothing happened, deleted objects visible or not."""
    controller = LittleController(usn=90)
    assert usn.since(controller, settings, COUNTED) == Changes((), None, COUNTED, 0)
    position = placed(controller, Sight.OWN)
    assert dirsync.since(controller, settings, position) == Changes((), None, position, 0)
    assert {asked.base for asked in controller.requests} == {"", SETTINGS_DN}


def test_usn_that_is_cut_is_refused(settings: DirectorySettings) -> None:
    """A search for changes that is not answered to the end is no read of changes."""
    with pytest.raises(ChangesRefused, match="sizeLimitExceeded"):
        usn.since(LittleController(search_code=4), settings, COUNTED)


# Which objects, and what is said


def test_watched_classes(make_settings: MakeSettings) -> None:
    """The classes of the settings are watched besides people and groups; computers are in neither filter."""
    settings = make_settings(user_object_class="Contact", group_object_class="group")
    members = "(&(|(objectClass=user)(objectClass=group)(objectClass=contact))(!(objectClass=computer)))"
    assert filters.render(watched.members(settings)) == members
    assert filters.render(watched.containers(settings)) == f"(&(!{members})(!(objectClass=computer)))"


def test_finding_of_deleted_objects_that_are_not_visible(settings: DirectorySettings) -> None:
    """The finding names the user and the naming context, and has the commands that help."""
    found = deleted_objects.finding(LittleController(), settings)
    assert found.rule == "deleted-objects-not-visible"
    assert found.message.startswith(f"{settings.bind_dn} may not see what was deleted in {CONTEXT}: ")
    assert f'dsacls "{CONTEXT}" /G "DOMAIN\\user:CA;Replicating Directory Changes"' in found.remedy
    assert f'dsacls "CN=Deleted Objects,{CONTEXT}" /takeownership' in found.remedy
