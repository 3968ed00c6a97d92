"""The directories of the contract: started once, filled with the same world; and its services."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from ldap2scim.sandbox.directory import ACTIVE_DIRECTORY, OPENLDAP, embedded_directory
from ldap2scim.sandbox.service import PLAIN, EmbeddedService, embedded_service
from tests.contract.directories import Subject
from tests.contract.directory_world import Dialect, world_ldif
from tests.servers.available import require
from tests.servers.process import ServerDidNotStart
from tests.servers.samba import BASE_DN, running_samba
from tests.servers.scim import ScimServer, scim_client
from tests.servers.slapd import SlapdOptions, running_slapd

_SUFFIX = "dc=example,dc=com"
_OPENLDAP_LIKE = ("embedded", pytest.param("slapd", marks=pytest.mark.slapd))
_ACTIVE_DIRECTORY_LIKE = ("embedded-ad", pytest.param("samba", marks=pytest.mark.samba))


class Subjects:
    """Starts each directory when the first test wants it; they end with the session."""

    def __init__(self, folder: Path, running: ExitStack) -> None:
        self._folder = folder
        self._running = running
        self._started: dict[str, Subject] = {}
        self._failed: dict[str, ServerDidNotStart] = {}

    def get(self, name: str) -> Subject:
        """Return a running directory by its name; one that could not be started is not tried again."""
        if name in self._failed:
            raise self._failed[name]
        if name not in self._started:
            try:
                self._started[name] = self._running.enter_context(_start(name, self._folder / name))
            except ServerDidNotStart as error:
                self._failed[name] = error
                raise
        return self._started[name]


@contextmanager
def _start(name: str, folder: Path) -> Iterator[Subject]:
    ldif = world_ldif(_SUFFIX, Dialect.OPENLDAP)
    match name:
        case "embedded":
            with embedded_directory(ldif) as embedded:
                yield Subject(embedded, _SUFFIX, Dialect.OPENLDAP)
        case "embedded-limited":
            with embedded_directory(ldif, replace(OPENLDAP, size_limit=500)) as embedded:
                yield Subject(embedded, _SUFFIX, Dialect.OPENLDAP)
        case "embedded-ad":
            with embedded_directory(world_ldif(_SUFFIX, Dialect.ACTIVE_DIRECTORY), ACTIVE_DIRECTORY) as embedded:
                yield Subject(embedded, _SUFFIX, Dialect.ACTIVE_DIRECTORY)
        case "slapd" | "slapd-limited":
            require("slapd")
            limit = 500 if name == "slapd-limited" else None
            with running_slapd(folder, ldif, SlapdOptions(_SUFFIX, size_limit=limit)) as slapd:
                yield Subject(slapd, _SUFFIX, Dialect.OPENLDAP)
        case "samba":
            require("samba")
            base = f"OU=World,{BASE_DN}"
            with running_samba(folder, world_ldif(base, Dialect.ACTIVE_DIRECTORY)) as samba:
                yield Subject(samba, base, Dialect.ACTIVE_DIRECTORY)


@pytest.fixture(scope="session")
def subjects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subjects]:
    """Directories by name."""
    with ExitStack() as running:
        yield Subjects(tmp_path_factory.mktemp("contract"), running)


@pytest.fixture(params=[*_OPENLDAP_LIKE, *_ACTIVE_DIRECTORY_LIKE])
def directory(request: pytest.FixtureRequest, subjects: Subjects) -> Subject:
    """Every directory, one after the other."""
    return subjects.get(request.param)


@pytest.fixture(params=_OPENLDAP_LIKE)
def openldap(request: pytest.FixtureRequest, subjects: Subjects) -> Subject:
    """Directories with OpenLDAP's habits."""
    return subjects.get(request.param)


@pytest.fixture(params=_ACTIVE_DIRECTORY_LIKE)
def active_directory(request: pytest.FixtureRequest, subjects: Subjects) -> Subject:
    """Directories with Active Directory's habits."""
    return subjects.get(request.param)


@pytest.fixture(params=["embedded-limited", pytest.param("slapd-limited", marks=pytest.mark.slapd)])
def limited(request: pytest.FixtureRequest, subjects: Subjects) -> Subject:
    """Directories that give an ordinary name 500 entries of a search and no more."""
    return subjects.get(request.param)


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedService]:
    """The embedded service for the cases without faults."""
    with embedded_service(PLAIN) as service:
        yield service


@pytest.fixture(params=["embedded", "shared_scim2"])
def server(request: pytest.FixtureRequest) -> ScimServer:
    """Each service in turn."""
    chosen: ScimServer = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture
def http(server: ScimServer) -> Iterator[httpx.Client]:
    """A plain HTTP client of each service in turn."""
    with scim_client(server) as client:
        yield client
