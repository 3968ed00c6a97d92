"""A made-up Japanese company as LDIF: any number of people and groups, the same for the same seed.

The demo, the tests and the benchmarks all start from here. Nobody in it exists.
"""

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from ldap2scim.sandbox.ldif import LdifEntry, write_ldif

BASE_DN = "dc=hoshizora,dc=example"
PEOPLE_DN = f"ou=people,{BASE_DN}"
GROUPS_DN = f"ou=groups,{BASE_DN}"
MAIL_DOMAIN = "hoshizora.example"

FAMILY_NAMES = (
    ("佐藤", "sato"), ("鈴木", "suzuki"), ("高橋", "takahashi"), ("田中", "tanaka"), ("伊藤", "ito"),
    ("渡辺", "watanabe"), ("山本", "yamamoto"), ("中村", "nakamura"), ("小林", "kobayashi"), ("加藤", "kato"),
    ("吉田", "yoshida"), ("山田", "yamada"), ("佐々木", "sasaki"), ("山口", "yamaguchi"), ("松本", "matsumoto"),
    ("井上", "inoue"), ("木村", "kimura"), ("林", "hayashi"), ("斎藤", "saito"), ("清水", "shimizu"),
    ("山崎", "yamazaki"), ("森", "mori"), ("池田", "ikeda"), ("橋本", "hashimoto"),
)  # fmt: skip
GIVEN_NAMES = (
    ("太郎", "taro"), ("花子", "hanako"), ("翔", "sho"), ("陽菜", "hina"), ("蓮", "ren"),
    ("葵", "aoi"), ("大翔", "hiroto"), ("結衣", "yui"), ("健太", "kenta"), ("美咲", "misaki"),
    ("拓海", "takumi"), ("さくら", "sakura"), ("直樹", "naoki"), ("恵", "megumi"), ("誠", "makoto"),
    ("明美", "akemi"), ("浩", "hiroshi"), ("由美", "yumi"), ("修", "osamu"), ("真由美", "mayumi"),
)  # fmt: skip
DEPARTMENTS = (
    ("sales", "営業部"), ("development", "開発部"), ("finance", "経理部"), ("people", "人事部"),
    ("support", "サポート部"), ("legal", "法務部"), ("purchasing", "購買部"), ("research", "研究所"),
)  # fmt: skip
TITLES = ("部長", "課長", "係長", "主任", "")
CITIES = ("東京", "大阪", "名古屋", "福岡", "札幌", "仙台")


@dataclass(frozen=True, slots=True)
class Size:
    """How large a world is."""

    people: int
    groups: int
    largest_group: int
    """Members of the first group."""
    group_members: int = 20
    """Members of each other group that is not a department."""


def person(number: int, chance: random.Random) -> LdifEntry:
    """Return one person of a department."""
    family, family_latin = chance.choice(FAMILY_NAMES)
    given, given_latin = chance.choice(GIVEN_NAMES)
    department, department_name = DEPARTMENTS[number % len(DEPARTMENTS)]
    uid = f"{given_latin[0]}.{family_latin}{number:04d}"
    title = chance.choice(TITLES)
    entry = {
        "objectClass": ["inetOrgPerson"],
        "uid": [uid],
        "cn": [f"{family} {given}"],
        "sn": [family],
        "givenName": [given],
        "displayName": [f"{family} {given}"],
        "mail": [f"{uid}@{MAIL_DOMAIN}"],
        "employeeNumber": [f"{number + 10000}"],
        "employeeType": ["regular" if chance.random() < 0.9 else "contract"],
        "departmentNumber": [department_name],
        "telephoneNumber": [f"+81-3-{chance.randrange(1000, 9999)}-{chance.randrange(1000, 9999)}"],
        "mobile": [f"+81-90-{chance.randrange(1000, 9999)}-{chance.randrange(1000, 9999)}"],
        "preferredLanguage": ["ja-JP"],
        "l": [chance.choice(CITIES)],
        "o": ["星空製作所"],
        "roomNumber": [f"{chance.randrange(1, 9)}F-{chance.randrange(1, 60)}"],
        "entryUUID": [str(uuid.UUID(int=chance.getrandbits(128), version=4))],
    }
    if title:
        entry["title"] = [title]
    return f"uid={uid},ou={department},{PEOPLE_DN}", entry


def group(name: str, members: list[str], chance: random.Random) -> LdifEntry:
    """Return a groupOfNames. It must have a member (RFC 4519 §3.5), so an empty one lists the base."""
    return f"cn={name},{GROUPS_DN}", {
        "objectClass": ["groupOfNames"],
        "cn": [name],
        "member": members or [BASE_DN],
        "entryUUID": [str(uuid.UUID(int=chance.getrandbits(128), version=4))],
    }


def tree() -> list[LdifEntry]:
    """Return the entries above people and groups."""
    units = [(PEOPLE_DN, "people"), (GROUPS_DN, "groups")]
    units += [(f"ou={department},{PEOPLE_DN}", department) for department, _ in DEPARTMENTS]
    top: LdifEntry = (
        BASE_DN,
        {"objectClass": ["dcObject", "organization"], "dc": ["hoshizora"], "o": ["星空製作所"]},
    )
    return [top, *((dn, {"objectClass": ["organizationalUnit"], "ou": [name]}) for dn, name in units)]


def company(size: Size, seed: int = 1) -> Iterator[LdifEntry]:
    """Yield a whole company: the tree, the people, one group a department, then other groups."""
    chance = random.Random(seed)  # noqa: S311 - a made-up world, not a secret
    yield from tree()
    people: list[str] = []
    for number in range(size.people):
        entry = person(number, chance)
        people.append(entry[0])
        yield entry
    departments = DEPARTMENTS[: max(0, size.groups - 1)]
    if size.groups:
        yield group("everybody", people[: size.largest_group], chance)
    for position, (name, _) in enumerate(departments):
        yield group(f"dept-{name}", people[position :: len(DEPARTMENTS)][: size.largest_group], chance)
    for number in range(size.groups - 1 - len(departments)):
        members = chance.sample(people, min(size.group_members, len(people)))
        yield group(f"project-{number:04d}", members, chance)


def company_ldif(size: Size, seed: int = 1) -> Iterator[str]:
    """Yield the company as LDIF text, entry by entry."""
    yield from write_ldif(company(size, seed))
