"""The world that every directory of the contract holds, in the words of OpenLDAP and of Active Directory. Pure."""

from collections.abc import Iterator
from enum import Enum, auto

from ldap2scim.sandbox.ldif import LdifEntry, LdifValue, write_ldif

PEOPLE = 2500
"""Entries of the crowd: more than two pages of a thousand."""
CROWD = 1650
"""Members of the large group: more than one range of 1,500."""
ALL_BYTES = bytes(range(256))
AWKWARD = (
    "comma, Inc.",
    "plus + minus",
    'quoted "name"',
    "back\\slash",
    " leading blank",
    "trailing blank ",
    "#hash first",
    "semi;colon",
    "<angles>",
    "equals=sign",
    "slash/inside",
    "Jürgen Müßig",
    "山田　太郎",
    "emoji 😀",
)
"""Common names that need escapes in a DN (RFC 4514 §2.4), or more than ASCII."""


class Dialect(Enum):
    """Whose schema the world is written in."""

    OPENLDAP = auto()
    ACTIVE_DIRECTORY = auto()


def dn_of(common_name: str, *above: str) -> str:
    """Return a DN; every character of the name that is no letter or digit is escaped as hexadecimal pairs."""
    escaped = "".join(
        character if character.isalnum() or character in " -_." else _hexadecimal(character)
        for character in common_name
    )
    if escaped.startswith(" "):
        escaped = f"\\20{escaped[1:]}"
    if escaped.endswith(" "):
        escaped = f"{escaped[:-1]}\\20"
    return ",".join((f"cn={escaped}", *above))


def world_ldif(base: str, dialect: Dialect) -> str:
    """Return the whole world below `base`, which is its first entry."""
    return "".join(write_ldif(_world(base, dialect)))


def _world(base: str, dialect: Dialect) -> Iterator[LdifEntry]:
    groups = _groups(base, dialect)
    member_of: dict[str, list[LdifValue]] = {}
    for dn, attributes in groups:
        for member in attributes["member"]:
            member_of.setdefault(str(member), []).append(dn)
    yield _top(base)
    for name in ("crowd", "few", "awkward", "changing"):
        yield f"ou={name},{base}", {"objectClass": ["organizationalUnit"], "ou": [name]}
    for dn, attributes in _people(base, dialect):
        # slapadd runs no overlays, so OpenLDAP's memberOf is part of its world.
        computed = {"memberOf": member_of[dn]} if dialect is Dialect.OPENLDAP and dn in member_of else {}
        yield dn, {**attributes, **computed}
    yield f"ou=groups,{base}", {"objectClass": ["organizationalUnit"], "ou": ["groups"]}
    for dn, attributes in groups:
        computed = {"memberOf": member_of[dn]} if dialect is Dialect.OPENLDAP and dn in member_of else {}
        yield dn, {**attributes, **computed}


def _top(base: str) -> LdifEntry:
    kind, _, rest = base.partition("=")
    value = rest.partition(",")[0]
    if kind.lower() == "dc":
        return base, {"objectClass": ["domain"], "dc": [value]}
    return base, {"objectClass": ["organizationalUnit"], "ou": [value]}


def _people(base: str, dialect: Dialect) -> Iterator[LdifEntry]:
    for number in range(PEOPLE):
        name = f"person {number:04d}"
        yield (
            dn_of(name, f"ou=crowd,{base}"),
            {
                "objectClass": ["inetOrgPerson"],
                "cn": [name],
                "sn": [f"Sn{number}"],
                "mail": [f"person{number}@example.com"],
                "title": ["課長" if number % 7 == 0 else "clerk"],
            },
        )
    for name in AWKWARD:
        yield dn_of(name, f"ou=awkward,{base}"), {"objectClass": ["inetOrgPerson"], "cn": [name], "sn": [name]}
    yield from _few(f"ou=few,{base}", dialect)


def _few(unit: str, dialect: Dialect) -> Iterator[LdifEntry]:
    posix = ["posixAccount"] if dialect is Dialect.OPENLDAP else []
    berta = dn_of("Berta", unit)
    people: list[tuple[str, int, dict[str, list[LdifValue]]]] = [
        ("Berta", 1002, {"sn": ["MUELLER"], "mail": ["berta@example.com"]}),
        ("Anna", 1001, {"sn": ["Müller"], "mail": ["anna@example.com"], "manager": [berta], "jpegPhoto": [ALL_BYTES]}),
        ("Carl", 1003, {"sn": ["a*b(c)\\d"], "departmentNumber": ["sales", "営業部"]}),
        ("Taro", 1010, {"sn": ["山田"], "givenName": ["太郎"]}),
    ]
    for name, number, attributes in people:
        needed = {"gidNumber": ["100"], "homeDirectory": ["/"]} if posix else {}
        fixed = {"objectClass": ["inetOrgPerson", *posix], "cn": [name], "uid": [name], "uidNumber": [str(number)]}
        yield dn_of(name, unit), {**fixed, **needed, **attributes}


def _groups(base: str, dialect: Dialect) -> list[LdifEntry]:
    kind = "group" if dialect is Dialect.ACTIVE_DIRECTORY else "groupOfNames"
    unit = f"ou=groups,{base}"
    members = {
        "everybody": [dn_of(f"person {number:04d}", f"ou=crowd,{base}") for number in range(CROWD)],
        "team": [dn_of("Anna", f"ou=few,{base}"), dn_of("Berta", f"ou=few,{base}")],
        "department": [dn_of("team", unit), dn_of("Carl", f"ou=few,{base}")],
        "awkward": [dn_of(name, f"ou=awkward,{base}") for name in AWKWARD],
    }
    return [
        (dn_of(name, unit), {"objectClass": [kind], "cn": [name], "member": list(found)})
        for name, found in members.items()
    ]


def _hexadecimal(character: str) -> str:
    return "".join(f"\\{byte:02X}" for byte in character.encode())
