"""The company of the demo: the made-up one, with nested groups and the entries that every directory has."""

import random
import uuid
from collections.abc import Iterator

from ldap2scim.sandbox.ldif import LdifEntry, write_ldif
from ldap2scim.sandbox.world import BASE_DN, DEPARTMENTS, GROUPS_DN, MAIL_DOMAIN, PEOPLE_DN, Size, company

DEMO_SIZE = Size(people=300, groups=16, largest_group=300)
GUESTS_DN = f"ou=guests,{PEOPLE_DN}"
OTHER_GROUPS_DN = f"ou=old,{GROUPS_DN}"


def demo_ldif(seed: int = 2026) -> str:
    """Return the world as LDIF text."""
    return "".join(write_ldif(demo_entries(seed)))


def demo_entries(seed: int = 2026) -> Iterator[LdifEntry]:
    """Yield the company, then what is awkward about it."""
    yield from company(DEMO_SIZE, seed)
    chance = random.Random(seed)  # noqa: S311 - a made-up world, not a secret
    yield from _awkward_people(chance)
    yield from _awkward_groups(chance)


def _awkward_people(chance: random.Random) -> Iterator[LdifEntry]:
    yield GUESTS_DN, {"objectClass": ["organizationalUnit"], "ou": ["guests"]}
    # Every character that RFC 4514 §2.4 wants escaped, and names outside of Japan.
    yield _guest(r"cn=Müller\, Bärbel \"BB\"", "b.mueller", "Müller", "Bärbel", chance)
    yield _guest(r"cn=O'Neill \+ Söhne", "s.oneill", "O'Neill", "Siân", chance)
    yield _guest(r"cn=\#1 Contractor\\Temp", "contractor1", "Contractor", "Number One", chance)
    # Nobody can log in without a login: held, and named in the findings.
    dn, nameless = _guest("cn=Meeting Room 7", "", "Room", "Meeting", chance)
    yield dn, {name: values for name, values in nameless.items() if name not in {"uid", "mail"}}


def _guest(rdn: str, uid: str, family: str, given: str, chance: random.Random) -> LdifEntry:
    common_name = f"{given} {family}"
    return f"{rdn},{GUESTS_DN}", {
        "objectClass": ["inetOrgPerson"],
        "uid": [uid],
        "cn": [rdn.removeprefix("cn=").replace("\\", ""), common_name],
        "sn": [family],
        "givenName": [given],
        "displayName": [common_name],
        "mail": [f"{uid}@{MAIL_DOMAIN}"],
        "employeeType": ["guest"],
        "entryUUID": [_uuid(chance)],
    }


def _awkward_groups(chance: random.Random) -> Iterator[LdifEntry]:
    departments = [f"cn=dept-{name},{GROUPS_DN}" for name, _ in DEPARTMENTS]
    yield _group(f"cn=all-departments,{GROUPS_DN}", "all-departments", departments, chance)
    # Two groups that contain one another.
    ring = [f"cn=ring-a,{GROUPS_DN}", f"cn=ring-b,{GROUPS_DN}"]
    yield _group(ring[0], "ring-a", [ring[1]], chance)
    yield _group(ring[1], "ring-b", [ring[0]], chance)
    yield OTHER_GROUPS_DN, {"objectClass": ["organizationalUnit"], "ou": ["old"]}
    # One name twice: a service takes only one of them, so both are left alone.
    yield _group(f"cn=Dept-Legal,{OTHER_GROUPS_DN}", "Dept-Legal", [BASE_DN], chance)


def _group(dn: str, name: str, members: list[str], chance: random.Random) -> LdifEntry:
    return dn, {"objectClass": ["groupOfNames"], "cn": [name], "member": members, "entryUUID": [_uuid(chance)]}


def _uuid(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))
