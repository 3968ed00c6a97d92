"""An installation of Directory Sync moved over: config.yml and secret.yml as its manual has them, an AD, a tenant."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ldap2scim.sandbox.directory import ACTIVE_DIRECTORY, EmbeddedDirectory, embedded_directory
from ldap2scim.sandbox.ldif import LdifEntry, write_ldif
from tests.integration.installation import Installation
from tests.integration.ldap import Administrator
from tests.integration.pairs import Console
from tests.servers.scim import ScimServer

BASE = "DC=corp,DC=example"
PEOPLE = f"OU=People,{BASE}"
GROUPS = f"OU=Groups,{BASE}"
DOMAIN = "corp.example"
ENABLED, DISABLED = ["512"], ["514"]
"""userAccountControl: NORMAL_ACCOUNT, and ACCOUNTDISABLE beside it."""
IN_SCOPE = {"extensionAttribute1": ["idaas"]}
COLLEAGUES = ("aoi", "ren", "hina", "sho", "yui", "ken", "mei", "rio", "jun", "eri", "kai", "nao")
"""Who is there from the beginning: one of a dozen may leave without a visibly short read."""

TEAMS = tuple(f"team-{number}" for number in range(10))
"""Groups that are there from the beginning, for the same reason; Ken is in each. Sales has Aoi and Ren."""
SALES = f"CN=sales,{GROUPS}"

LINKED = """
          downstreamId:
            - mS-DS-ConsistencyGuid
            - objectGUID"""
CONFIG = """\
log:
  loglevel: info
ad:
  ldap:
    server:
      addresses:
        - 127.0.0.1
      port: {port}
      user: '{user}'
      encryption: none
    base_dn: '{base}'
    filter:
      user:  'extensionAttribute1=idaas'
      group: 'extensionAttribute1=idaas'
    cache_disabled: true
iid:
  scim:
    http:
      proxy:
        use: false
    attribute:
      user:
        default:
          emails:
            - primary: true
        ad_bind:
          externalId: {external_id}{linked}
          userName: userPrincipalName
          name:
            familyName: sn
            givenName: givenName
          active:
            - userAccountControl
            - accountExpires
          title: title
          emails:
            - value: mail
      group:
        ad_bind:
          externalId: objectGUID
          displayName: cn
ldap2scim:
  service:
    profile: {profile}
    base_url: '{base_url}'
    leavers: delete
    retry_budget: 2{assume}
  state: '{state}'
"""
SECRET = """\
ad:
  ldap:
    server:
      password: '{password}'
iid:
  scim:
    token: '{token}'
"""


class MovedOver(Installation):
    """An installation whose settings are the two files of Directory Sync."""

    def __init__(self, folder: Path, directory: EmbeddedDirectory, service: ScimServer, profile: str) -> None:
        self.folder = folder
        self.settings = folder / "config.yml"
        self.state = folder / "state.db"
        self.values: dict[str, Any] = {
            "port": directory.port,
            "user": directory.reader_dn,
            "base": BASE,
            "external_id": "objectGUID",
            "linked": LINKED if profile == "iij-id" else "",
            "profile": profile,
            "assume": "",
            "base_url": service.base_url,
            "state": self.state,
        }
        folder.mkdir(parents=True, exist_ok=True)
        secret = folder / "secret.yml"
        secret.touch(mode=0o600)
        secret.write_text(SECRET.format(password=directory.reader_password, token=service.token), encoding="utf-8")
        self.write()

    def write(self) -> None:
        """Write config.yml."""
        self.settings.write_text(CONFIG.format(**self.values), encoding="utf-8")


@dataclass
class Moved:
    """A company, its service, and the program between them."""

    administrator: Administrator
    service: ScimServer
    console: Console
    program: MovedOver

    def hire(self, name: str, **attributes: list[str]) -> str:
        """Add a person, and return the DN."""
        return self._add(*person(name, **attributes))

    def found_group(self, name: str, *members: str) -> str:
        """Add a group, and return its DN."""
        return self._add(*group(name, *members))

    def _add(self, dn: str, attributes: Mapping[str, Sequence[str | bytes]]) -> str:
        values = dict(attributes)
        classes = [str(value) for value in values.pop("objectClass")]
        self.administrator.add(dn, classes, **values)
        return dn

    def sync(self) -> int:
        """Run to the end, and return the exit code."""
        return self.program("sync", "--apply").code

    def user(self, name: str) -> Mapping[str, Any] | None:
        """Return a user as the service shows it; None where it shows none."""
        return self.console.users().get(login(name))


def login(name: str) -> str:
    """Return a user principal name."""
    return f"{name}@{DOMAIN}"


def dn_of(name: str) -> str:
    """Return the DN of a person."""
    return f"CN={name},{PEOPLE}"


def person(name: str, **attributes: list[str]) -> LdifEntry:
    """Return a person in scope, enabled."""
    return dn_of(name), {
        "objectClass": ["user"],
        "objectCategory": ["person"],  # a real one derives it from the class
        "cn": [name],
        "sn": ["Hoshi"],
        "givenName": [name.capitalize()],
        "userPrincipalName": [login(name)],
        "mail": [login(name)],
        "userAccountControl": ENABLED,
        **IN_SCOPE,
        **attributes,
    }


def group(name: str, *members: str) -> LdifEntry:
    """Return a group in scope."""
    listed = {"member": list(members)} if members else {}
    return f"CN={name},{GROUPS}", {
        "objectClass": ["group"],
        "objectCategory": ["group"],
        "cn": [name],
        **IN_SCOPE,
        **listed,
    }


def _company() -> Iterator[LdifEntry]:
    yield BASE, {"objectClass": ["domain"], "dc": ["corp"]}
    for unit in (PEOPLE, GROUPS):
        name = unit.partition(",")[0].partition("=")[2]
        yield unit, {"objectClass": ["organizationalUnit"], "ou": [name]}
    for name in COLLEAGUES:
        yield person(name)
    for team in TEAMS:
        yield group(team, dn_of("ken"))
    yield group("sales", dn_of("aoi"), dn_of("ren"))


@contextmanager
def moved_over(folder: Path, service: ScimServer, profile: str = "iij-id", assume: str = "") -> Iterator[Moved]:
    """Run an Active Directory with a few colleagues, all of them synchronised.

    `assume` is a line of what is known of the tenant, in the place of what the profile assumes.
    """
    ldif = "".join(write_ldif(_company()))
    with embedded_directory(ldif, ACTIVE_DIRECTORY) as directory, Administrator.of(directory, BASE) as administrator:
        program = MovedOver(folder, directory, service, profile)
        if assume:
            program.values["assume"] = f"\n    assume:\n      {assume}"
            program.write()
        console = Console(service)
        try:
            moved = Moved(administrator, service, console, program)
            said = program("sync", "--apply")
            assert said.code == 0, said.text
            yield moved
        finally:
            console.close()
