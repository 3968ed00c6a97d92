"""Who writes to a domain controller, and each way to ask it what has changed, as each user."""

import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import ldap3

from ldap2scim.directory import client, deleted_objects, dirsync, usn
from ldap2scim.directory.changes import Changes, Position, Touch
from ldap2scim.directory.session import Session
from ldap2scim.directory.settings import DirectoryKind, DirectorySettings, Encryption, MemberReference
from ldap2scim.secret import Secret
from tests.servers.samba import BASE_DN, Samba

WORLD = f"OU=World,{BASE_DN}"
SHOW_DELETED = ("1.2.840.113556.1.4.417", True, None)
WHO = ("administrator", "reader")


class Way(Protocol):
    """A way of asking for changes."""

    def begin(self, session: Session, settings: DirectorySettings) -> Position | None:
        """Return the position of this moment."""

    def since(self, session: Session, settings: DirectorySettings, position: Position) -> Changes:
        """Return what was touched since a position."""


WAYS: Mapping[str, Way] = {"DirSync": dirsync, "uSNChanged": usn}


class Administrator:
    """Writes, over LDAP, with ldap3 and nothing of ours."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def uuid(self, dn: str) -> str:
        """Return the objectGUID of an entry."""
        self._connection.search(dn, "(objectClass=*)", ldap3.BASE, attributes=["objectGUID"])
        return str(UUID(bytes_le=self._connection.response[0]["raw_attributes"]["objectGUID"][0]))

    def unit(self, name: str, parent: str = WORLD) -> str:
        """Add an organisational unit."""
        self._connection.add(f"OU={name},{parent}", ["organizationalUnit"])
        return f"OU={name},{parent}"

    def person(self, name: str, parent: str = WORLD, login: str | None = None) -> str:
        """Add a person."""
        self._connection.add(f"CN={name},{parent}", ["user"], {"sAMAccountName": login or name})
        return f"CN={name},{parent}"

    def computer(self, name: str) -> str:
        """Add a computer."""
        values = {"sAMAccountName": f"{name}$", "userAccountControl": "4096"}
        self._connection.add(f"CN={name},{WORLD}", ["computer"], values)
        return f"CN={name},{WORLD}"

    def group(self, name: str, *members: str) -> str:
        """Add a group."""
        values = {"sAMAccountName": name} | ({"member": list(members)} if members else {})
        self._connection.add(f"CN={name},{WORLD}", ["group"], values)
        return f"CN={name},{WORLD}"

    def change(self, dn: str, attribute: str, how: str, *values: str) -> None:
        """Change one attribute."""
        self._connection.modify(dn, {attribute: [(how, list(values))]})

    def rename(self, dn: str, rdn: str, parent: str | None = None) -> str:
        """Rename or move an entry."""
        self._connection.modify_dn(dn, rdn, new_superior=parent)
        return f"{rdn},{parent or dn.partition(',')[2]}"

    def delete(self, dn: str) -> None:
        """Delete an entry."""
        self._connection.delete(dn)

    def undelete(self, uuid: str, dn: str) -> None:
        """Bring a deleted entry back ([MS-ADTS] §3.1.1.5.3.7)."""
        self._connection.search(f"<GUID={uuid}>", "(objectClass=*)", ldap3.BASE, controls=[SHOW_DELETED])
        changes = {"isDeleted": [(ldap3.MODIFY_DELETE, [])], "distinguishedName": [(ldap3.MODIFY_REPLACE, [dn])]}
        self._connection.modify(self._connection.response[0]["dn"], changes, controls=[SHOW_DELETED])


@dataclass(frozen=True, slots=True)
class View:
    """One way of asking, as one user."""

    who: str
    way: str
    session: Session
    settings: DirectorySettings

    def begin(self) -> Position:
        """Return the position of this moment."""
        position = WAYS[self.way].begin(self.session, self.settings)
        assert position is not None
        return position

    def since(self, position: Position) -> Changes:
        """Return what was touched since a position."""
        return WAYS[self.way].since(self.session, self.settings, position)

    @property
    def sees_deleted(self) -> bool:
        """A reader may not list the container of deleted objects; the administrator may."""
        return self.who == "administrator"


def make_reader_of_changes(samba: Samba, name: str, password: str) -> str:
    """Make an ordinary user with the right "Replicating Directory Changes" on the domain; return the DN."""
    dn, database = f"CN={name},CN=Users,{BASE_DN}", ("-H", str(samba.database), "-s", str(samba.configuration))
    right = ("--car=get-changes", "--action=allow", f"--objectdn={BASE_DN}", f"--trusteedn={dn}")
    for command in (("user", "create", name, password, *database), ("dsacl", "set", *right, *database)):
        subprocess.run(["samba-tool", *command], check=True, capture_output=True)
    return dn


@contextmanager
def administering(samba: Samba) -> Iterator[Administrator]:
    """Write to a domain controller, to which an empty organisational unit and a deleted object come first."""
    connection = ldap3.Connection(
        ldap3.Server(samba.host, samba.port, get_info=ldap3.NONE),
        samba.admin_dn,
        samba.admin_password,
        auto_bind=True,
        check_names=False,
        raise_exceptions=True,
    )
    found = Administrator(connection)
    found.unit("World", BASE_DN)
    found.delete(found.person("first-deleted"))
    yield found
    connection.unbind()


@contextmanager
def looking(samba: Samba) -> Iterator[Mapping[tuple[str, str], View]]:
    """Ask in each way, as each user; each user has one session."""
    with ExitStack() as open_sessions:
        found: dict[tuple[str, str], View] = {}
        for who in WHO:
            settings = settings_of(samba, who)
            session = open_sessions.enter_context(client.connect(settings))
            found |= {(who, way): View(who, way, session, settings) for way in WAYS}
        yield found


def settings_of(samba: Samba, who: str) -> DirectorySettings:
    """Return the settings of one user."""
    bind_dn, password = {
        "administrator": (samba.admin_dn, samba.admin_password),
        "reader": (samba.reader_dn, samba.reader_password),
    }[who]
    return DirectorySettings(
        name="corp",
        kind=DirectoryKind.ACTIVE_DIRECTORY,
        addresses=(samba.host,),
        port=samba.port,
        encryption=Encryption.NONE,
        verify_certificate=True,
        ca_file=None,
        bind_dn=bind_dn,
        bind_password=Secret(password),
        base_dn=WORLD,
        user_filter="",
        group_filter="",
        user_object_class="user",
        group_object_class="group",
        member_attribute="member",
        member_reference=MemberReference.DN,
        source_anchor="objectGUID",
    )


Seen = Callable[[Callable[[], object]], Mapping[View, Changes]]


def assert_all_see(found: Mapping[View, Changes], *touches: Touch) -> None:
    """Every view names exactly these; who cannot see what is deleted says so, and names the rest."""
    for view, changes in found.items():
        named = {touch for touch in touches if touch.dn is not None or view.sees_deleted}
        assert (view, set(changes.touched)) == (view, named)
        assert changes.unsure == (None if view.sees_deleted else deleted_objects.NOT_VISIBLE), view
        assert changes.transferred >= len(named)


def asked_as(view: View) -> tuple[Session, DirectorySettings]:
    """Return what questions of our own are asked with."""
    return view.session, view.settings
