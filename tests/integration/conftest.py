"""Pairs of a directory and a service. Heavy servers are shared; every test has a world and a service of its own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from ldap2scim.sandbox.directory import embedded_directory
from ldap2scim.sandbox.service import PLAIN, Personality, embedded_service
from ldap2scim.sandbox.world import BASE_DN, Size
from tests.integration.everybody import everybody
from tests.integration.in_step import in_step, looked
from tests.integration.pairs import SMALL, Pair, paired, world
from tests.servers.available import require
from tests.servers.certificates import Certificates
from tests.servers.scim import ScimProcess, django_scim2, scim2_server
from tests.servers.slapd import SlapdOptions, running_slapd

__all__ = ["everybody", "in_step", "looked"]  # fixtures of modules of their own
EMBEDDED = "embedded"
REAL = pytest.param("real", marks=pytest.mark.slapd)

StartPair: TypeAlias = Callable[..., Pair]
"""Takes a size, and settings of the service; `patch=False` gives a service without PATCH, and the embedded one takes a
`personality`."""


class Scim2Servers:
    """scim2-server, one process for each variant and session: it takes seconds to start. Emptied before each use."""

    def __init__(self, folder: Path, running: ExitStack) -> None:
        self._folder = folder
        self._running = running
        self._started: dict[str, ScimProcess] = {}

    def get(self, variant: str) -> ScimProcess:
        """Return an empty one."""
        if variant not in self._started:
            server = scim2_server(self._folder / variant, variant)
            self._started[variant] = self._running.enter_context(server)
        self._started[variant].empty()
        return self._started[variant]


@pytest.fixture(scope="session")
def scim2_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scim2Servers]:
    """The services that we did not write."""
    with ExitStack() as running:
        yield Scim2Servers(tmp_path_factory.mktemp("scim2"), running)


@pytest.fixture
def start_embedded_pair(tmp_path: Path) -> Iterator[StartPair]:
    """Start the embedded directory and the embedded service."""
    with ExitStack() as running:

        def start(size: Size = SMALL, *, patch: bool = True, personality: Personality = PLAIN, **settings: Any) -> Pair:
            directory = running.enter_context(embedded_directory(world(size)))
            service = running.enter_context(embedded_service(replace(personality, patch_supported=patch)))
            return running.enter_context(paired(tmp_path / "installed", directory, service, **settings))

        yield start


@pytest.fixture
def start_real_pair(
    tmp_path: Path, server_certificates: Certificates, scim2_servers: Scim2Servers
) -> Iterator[StartPair]:
    """Start slapd and scim2-server."""
    require("slapd")
    with ExitStack() as running:

        def start(size: Size = SMALL, *, patch: bool = True, **settings: Any) -> Pair:
            options = SlapdOptions(BASE_DN)
            slapd = running.enter_context(running_slapd(tmp_path / "slapd", world(size), options, server_certificates))
            service = scim2_servers.get("standard" if patch else "without-patch")
            return running.enter_context(paired(tmp_path / "installed", slapd, service, **settings))

        yield start


@pytest.fixture
def start_django_pair(tmp_path: Path) -> Iterator[StartPair]:
    """Start the embedded directory and django-scim2, a service of yet another make."""
    with ExitStack() as running:

        def start(size: Size = SMALL, **settings: Any) -> Pair:
            directory = running.enter_context(embedded_directory(world(size)))
            service = running.enter_context(django_scim2(tmp_path / "django"))
            return running.enter_context(paired(tmp_path / "installed", directory, service, **settings))

        yield start


@pytest.fixture(params=[EMBEDDED, REAL])
def start_pair(request: pytest.FixtureRequest) -> StartPair:
    """Start either pair."""
    start: StartPair = request.getfixturevalue(f"start_{request.param}_pair")
    return start


@pytest.fixture
def embedded_pair(start_embedded_pair: StartPair) -> Pair:
    """The embedded pair, with a small company."""
    return start_embedded_pair()
