"""A day in the life of the demo's company, written over LDAP as an administrator's tool would."""

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import ldap3

from ldap2scim.sandbox.demo_world import GUESTS_DN, OTHER_GROUPS_DN
from ldap2scim.sandbox.directory import EmbeddedDirectory
from ldap2scim.sandbox.world import GROUPS_DN, MAIL_DOMAIN, PEOPLE_DN, person


@contextmanager
def administrator(directory: EmbeddedDirectory) -> Iterator[ldap3.Connection]:
    """Give a connection that may write."""
    server = ldap3.Server(directory.host, port=directory.port, get_info=ldap3.NONE)
    connection = ldap3.Connection(
        server, directory.admin_dn, directory.admin_password, auto_bind=True, raise_exceptions=True
    )
    try:
        yield connection
    finally:
        connection.unbind()


def day_of_changes(directory: EmbeddedDirectory) -> tuple[str, ...]:
    """Hire, rename, promote, move and let go; return the day as sentences, each counted from what was written."""
    with administrator(directory) as connection:
        people = _people(connection)
        return (
            _hired(connection),
            _married(connection, people[3]),
            _promoted(connection, people[10:15]),
            _left(connection, people[20:22]),
            _joined(connection, people),
            _renamed_group(connection),
            _mended(connection),
        )


def _people(connection: ldap3.Connection) -> list[str]:
    connection.search(f"ou=sales,{PEOPLE_DN}", "(objectClass=inetOrgPerson)", attributes=["1.1"])
    return sorted(entry["dn"] for entry in connection.response or ())


def _hired(connection: ldap3.Connection, count: int = 3) -> str:
    chance = random.Random(77)  # noqa: S311 - a made-up world, not a secret
    for number in range(9001, 9001 + count):
        dn, attributes = person(number, chance)
        values = {name: value for name, value in attributes.items() if name not in {"objectClass", "entryUUID"}}
        connection.add(dn, attributes["objectClass"], {**values, "entryUUID": str(uuid.UUID(int=number, version=4))})
    return f"{count} people were hired"


def _married(connection: ldap3.Connection, dn: str) -> str:
    changes = {"sn": [(ldap3.MODIFY_REPLACE, ["星野"])], "displayName": [(ldap3.MODIFY_REPLACE, ["星野 花子"])]}
    connection.modify(dn, changes)
    return "one took another family name"


def _promoted(connection: ldap3.Connection, people: list[str]) -> str:
    for dn in people:
        connection.modify(dn, {"title": [(ldap3.MODIFY_REPLACE, ["本部長"])]})
    return f"{len(people)} were promoted"


def _left(connection: ldap3.Connection, people: list[str]) -> str:
    for dn in people:
        connection.delete(dn)
    return f"{len(people)} left the company"


def _joined(connection: ldap3.Connection, people: list[str], count: int = 4) -> str:
    group = f"cn=project-0000,{GROUPS_DN}"
    connection.search(group, "(objectClass=*)", ldap3.BASE, attributes=["member"])
    members = {member for entry in connection.response or () for member in entry["attributes"]["member"]}
    joining = [dn for dn in people[-count * 3 :] if dn not in members][:count]
    connection.modify(group, {"member": [(ldap3.MODIFY_ADD, joining)]})
    return f"{len(joining)} joined project-0000"


def _renamed_group(connection: ldap3.Connection) -> str:
    connection.modify_dn(f"cn=project-0001,{GROUPS_DN}", "cn=project-moonlight")
    return "project-0001 was renamed project-moonlight"


def _mended(connection: ldap3.Connection) -> str:
    connection.modify_dn(f"cn=Dept-Legal,{OTHER_GROUPS_DN}", "cn=legal-archive")
    room = {"uid": [(ldap3.MODIFY_ADD, ["room7"])], "mail": [(ldap3.MODIFY_ADD, [f"room7@{MAIL_DOMAIN}"])]}
    connection.modify(f"cn=Meeting Room 7,{GUESTS_DN}", room)
    return "what the findings named was mended"
