"""The stage of the accidents: one slapd and one scim2-server for all of them, a small company for each.

Each accident has a base of its own in the directory, and the service is emptied before it.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from ldap2scim.sandbox.ldif import LdifEntry, write_ldif
from tests.integration.comparing import differences
from tests.integration.conftest import Scim2Servers
from tests.integration.days import DISABLED
from tests.integration.installation import Said, openldap
from tests.integration.ldap import Administrator, Found
from tests.integration.pairs import Pair, paired
from tests.servers.available import require
from tests.servers.certificates import Certificates
from tests.servers.slapd import Slapd, SlapdOptions, running_slapd

SUFFIX = "dc=example,dc=com"
SCENES = 12
UNITS = ("sales", "engineering")
PERSON = ["inetOrgPerson", "shadowAccount"]
PEOPLE = 24
"""So many that six of them leaving at once are more than may leave without a person."""


@dataclass
class Scene:
    """A company of 24 people in two units, with a group for each unit and one for all, and its service."""

    slapd: Slapd
    pair: Pair
    base: str

    @property
    def people(self) -> list[Found]:
        """Return everybody, in the order of their names."""
        return self.pair.administrator.people()

    def unit(self, name: str) -> str:
        """Return the DN of a unit."""
        return f"ou={name},ou=people,{self.base}"

    def hire(self, uid: str, unit: str = "sales", **attributes: Any) -> str:
        """Add somebody, and return the DN."""
        dn, found = person(uid, self.unit(unit))
        others = {name: values for name, values in found.items() if name != "objectClass"}
        self.pair.administrator.add(dn, PERSON, **{**others, **attributes})
        return dn

    def disable(self, *people: Found) -> None:
        """Let accounts expire in the directory."""
        for one in people:
            self.pair.administrator.replace(one.dn, shadowExpire=["1"])

    def settings(self, **others: Any) -> None:
        """Write other settings: parts of the file beside directory and service; None takes one away."""
        self.pair.program.others.update(others)
        for name, value in others.items():
            if value is None:
                del self.pair.program.others[name]
        self.pair.program.write()

    def connection(self, **changes: Any) -> None:
        """Write other settings of the directory; None takes one away."""
        self.pair.program.directory.update(changes)
        for name, value in changes.items():
            if value is None:
                del self.pair.program.directory[name]
        self.pair.program.write()

    def sync(self, *arguments: str) -> Said:
        """Run `sync --apply`."""
        return self.pair.program("sync", "--apply", *arguments)

    def approve(self) -> Said:
        """Approve what is held, as a person does who has looked at the plan."""
        plan = self.pair.program("plan", "--json").document
        said = self.pair.program("approve", plan["plan_id"])
        assert said.code == 0, said.text
        return said

    def active(self) -> set[str]:
        """Return the logins that work at the service."""
        return {name for name, user in self.pair.console.users().items() if user["active"]}

    def ids(self) -> dict[str, str]:
        """Return the service's ids by login."""
        return {name: user["id"] for name, user in self.pair.console.users().items()}

    def members(self, group: str) -> set[str]:
        """Return the logins in a group at the service."""
        names = {identifier: name for name, identifier in self.ids().items()}
        return {names[member["value"]] for member in self.pair.console.groups()[group].get("members", ())}

    def writes(self) -> list[str]:
        """Return the changes that the service was asked for since the last call: method and kind of resource."""
        writes = [f"{one.method} {one.path.strip('/').split('/')[0]}" for one in self.pair.service.writes()]
        self.pair.service.clear_requests()
        return writes

    @contextmanager
    def directory(self, **options: Any) -> Iterator[None]:
        """Run the directory with other options while the block lasts; it is restarted before and after."""
        sound = self.slapd.options
        self._restart(replace(sound, **options))
        try:
            with self.pair.administrator.reconnected(self.slapd):
                yield
        finally:
            self._restart(sound)
            self.pair.administrator = self._bound()

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Stop the directory while the block lasts."""
        self.slapd.stop()
        try:
            yield
        finally:
            self.slapd.start()
            self.pair.administrator = self._bound()

    def in_step(self, left: tuple[str, ...] = (), foreign: tuple[str, ...] = ()) -> None:
        """Show that the next run has nothing to do, and that the service holds what the directory says."""
        self.writes()
        said = self.sync()
        assert (said.code, self.writes()) == (0, []), said.text
        assert differences(self.pair, left, foreign) == []

    def _restart(self, options: SlapdOptions) -> None:
        self.slapd.stop()
        self.slapd.configure(options)
        self.slapd.start()

    def _bound(self) -> Administrator:
        return self._binding.enter_context(Administrator.of(self.slapd, self.base))

    def __post_init__(self) -> None:
        self._binding = ExitStack()

    def close(self) -> None:
        """Close what was opened meanwhile."""
        self._binding.close()


StartScene: TypeAlias = Callable[..., Scene]


def person(uid: str, unit: str) -> LdifEntry:
    """Return somebody of a unit."""
    return f"uid={uid},{unit}", {
        "objectClass": PERSON,
        "uid": [uid],
        "cn": [f"{uid.title()} Example"],
        "sn": ["Example"],
        "givenName": [uid.title()],
        "mail": [f"{uid}@example.com"],
        "title": ["employee"],
    }


def base_of(row: int) -> str:
    """Return the base of a row."""
    return f"ou=row{row:02},{SUFFIX}"


def world() -> Iterator[LdifEntry]:
    """Yield the companies of all rows."""
    yield SUFFIX, {"objectClass": ["organization", "dcObject"], "o": ["Example"], "dc": ["example"]}
    for row in range(1, SCENES + 1):
        yield from company(base_of(row))


def company(base: str) -> Iterator[LdifEntry]:
    """Yield one company."""
    folders = (base, f"ou=people,{base}", f"ou=groups,{base}", *(f"ou={unit},ou=people,{base}" for unit in UNITS))
    for dn in folders:
        yield dn, {"objectClass": ["organizationalUnit"], "ou": [dn.partition(",")[0].partition("=")[2]]}
    everybody: list[str] = []
    for unit in UNITS:
        names = [f"{unit[:1]}{number:02}" for number in range(PEOPLE // len(UNITS))]
        people = [person(name, f"ou={unit},ou=people,{base}") for name in names]
        yield from people
        members = [dn for dn, _ in people]
        everybody += members
        yield group(unit, base, members)
    yield group("everybody", base, everybody)


def group(name: str, base: str, members: list[str]) -> LdifEntry:
    """Return a group."""
    return f"cn={name},ou=groups,{base}", {"objectClass": ["groupOfNames"], "cn": [name], "member": members}


@pytest.fixture(scope="module")
def companies(tmp_path_factory: pytest.TempPathFactory, server_certificates: Certificates) -> Iterator[Slapd]:
    """Run the directory, which tells its changes."""
    require("slapd")
    options = SlapdOptions(SUFFIX, overlays=("syncprov",), database_lines=("syncprov-sessionlog 1000",))
    folder = tmp_path_factory.mktemp("accidents") / "slapd"
    with running_slapd(folder, "".join(write_ldif(world())), options, server_certificates) as slapd:
        yield slapd


@pytest.fixture
def start_scene(companies: Slapd, scim2_servers: Scim2Servers, tmp_path: Path) -> Iterator[StartScene]:
    """Set the scene of a row: the company is loaded into the service, and all is in step."""
    with ExitStack() as running:

        def start(row: int, directory: dict[str, Any] | None = None) -> Scene:
            base = base_of(row)
            connection = openldap(companies, base, **(directory or {}))
            service = scim2_servers.get("standard")
            pair = running.enter_context(paired(tmp_path / "installed", companies, service, base, connection))
            scene = Scene(companies, pair, base)
            running.callback(scene.close)
            scene.settings(mapping=DISABLED)
            said = scene.sync()
            assert said.code == 0, said.text
            assert differences(scene.pair) == []
            scene.writes()
            return scene

        yield start
