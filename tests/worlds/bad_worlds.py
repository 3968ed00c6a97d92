"""The catalogue of bad worlds: a small company that is well, and what becomes of it, as data.

Every world of `bad/*.yml` is a name and:

    why: what went wrong, in a sentence
    without: [uid or cn, …]     entries of the company that are missing now
    entries: |                   LDIF: entries that are there now; one with a name of the company's takes its place
    groups: {cn: [uid, …]}       groups that are there now, by their members (DNs as they are)
    directory / service / others: settings over the usual ones, of the bad run alone
    hide, withhold, fail_after   what the directory does not show, and where it breaks off
    console: […]                 resources that somebody made at the service by hand
    personality: iij             which service it is
    first: true                  nothing was synchronised before
    findings: [rule severity, …] exactly these
    removals: 0                  requests of the bad run that take something away
    error: NAME                  the run is refused with this error
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

BASE = "dc=hoshizora,dc=example"
PEOPLE = f"ou=people,{BASE}"
GROUPS = f"ou=groups,{BASE}"
NAMES = ("aiko", "ben", "chie", "dai", "emi", "fumi", "goro", "hana", "ichi", "jun", "kei", "lena")
TEAMS = {
    "everybody": NAMES,
    "legal": ("aiko", "ben", "chie"),
    "sales": ("dai", "emi", "fumi", "goro"),
}
_FRAME = f"""\
dn: {BASE}
objectClass: domain
dc: hoshizora

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people

dn: {GROUPS}
objectClass: organizationalUnit
ou: groups
"""


@dataclass(frozen=True, slots=True)
class World:
    """One bad world."""

    name: str
    why: str
    findings: tuple[tuple[str, str], ...] = ()
    without: tuple[str, ...] = ()
    entries: str = ""
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    directory: Mapping[str, Any] = field(default_factory=dict)
    service: Mapping[str, Any] = field(default_factory=dict)
    others: Mapping[str, Any] = field(default_factory=dict)
    hide: str = ""
    withhold: str = ""
    fail_after: tuple[int, int] = ()  # type: ignore[assignment]  # none
    console: tuple[Mapping[str, Any], ...] = ()
    personality: str = "plain"
    first: bool = False
    removals: int = 0
    error: str = ""

    def ldif(self) -> str:
        """Return the directory as it is now."""
        kept = {dn: text for dn, text in company().items() if _name(dn) not in self.without}
        kept |= {group_dn(cn): group(cn, members) for cn, members in self.groups.items()}
        for text in filter(None, (part.strip() for part in self.entries.split("\n\n"))):
            kept[text.partition("\n")[0].removeprefix("dn: ")] = text
        return "\n\n".join((_FRAME, *kept.values())) + "\n"


def well_ldif() -> str:
    """Return the directory while it was well."""
    return "\n\n".join((_FRAME, *company().values())) + "\n"


def company() -> dict[str, str]:
    """Return the entries of the company by DN."""
    people = {person_dn(uid): person(uid) for uid in NAMES}
    return people | {group_dn(cn): group(cn, members) for cn, members in TEAMS.items()}


def person_dn(uid: str) -> str:
    """Return the name of a person."""
    return f"uid={uid},{PEOPLE}"


def group_dn(cn: str) -> str:
    """Return the name of a group."""
    return f"cn={cn},{GROUPS}"


def person(uid: str) -> str:
    """Return an ordinary person."""
    name = uid.capitalize()
    return (
        f"dn: {person_dn(uid)}\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {name} Sato\nsn: Sato\n"
        f"givenName: {name}\nmail: {uid}@hoshizora.example\nemployeeNumber: 7{len(uid)}{uid}\ndepartmentNumber: east"
    )


def group(cn: str, members: tuple[str, ...]) -> str:
    """Return a group; a member is a uid of the company or a DN."""
    dns = [member if "=" in member else person_dn(member) for member in members]
    return "\n".join(
        (f"dn: {group_dn(cn)}", "objectClass: groupOfNames", f"cn: {cn}", *(f"member: {dn}" for dn in dns))
    )


def catalogue() -> Iterator[World]:
    """Yield every world, in the order of the files."""
    for file in sorted((Path(__file__).parent / "bad").glob("*.yml")):
        for name, written in yaml.safe_load(file.read_text(encoding="utf-8")).items():
            known = {key: _frozen(key, value) for key, value in written.items()}
            yield World(name=name, **known)


def _frozen(key: str, value: Any) -> Any:
    match key:
        case "findings":
            return tuple(sorted((rule, severity) for rule, severity in map(str.split, value)))
        case "groups":
            return {cn: tuple(members) for cn, members in value.items()}
        case "without" | "console" | "fail_after":
            return tuple(value)
        case _:
            return value


def _name(dn: str) -> str:
    return dn.partition(",")[0].partition("=")[2]
