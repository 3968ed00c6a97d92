"""Pytest fixtures that start servers; a missing one is skipped by name, or fails in CI (`available.require`)."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Protocol

import pytest

from ldap2scim.sandbox.directory import OPENLDAP, DirectoryOptions, EmbeddedDirectory, embedded_directory
from tests.servers.available import require
from tests.servers.certificates import Certificates, make_certificates
from tests.servers.postgres import Postgres, running_postgres
from tests.servers.samba import Samba, running_samba
from tests.servers.slapd import Slapd, SlapdOptions, running_slapd


class StartSlapd(Protocol):
    """Starts a slapd with a world of its own; it ends with the test."""

    def __call__(self, ldif: str | Path, options: SlapdOptions | None = None) -> Slapd:
        """Start one, filled with LDIF text or a file that begins with the suffix entry."""


class StartSamba(Protocol):
    """Starts a domain controller with a world of its own; it ends with the test."""

    def __call__(self, ldif: str = "") -> Samba:
        """Start one, with the LDIF's entries added below `samba.BASE_DN`."""


class StartEmbedded(Protocol):
    """Starts an embedded directory with a world of its own; it ends with the test."""

    def __call__(self, ldif: str | Path, options: DirectoryOptions = OPENLDAP) -> EmbeddedDirectory:
        """Start one, filled with LDIF text or a file that begins with the suffix entry."""


@pytest.fixture(scope="session")
def server_certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """One authority and one certificate for 127.0.0.1, shared by all servers of a session."""
    return make_certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL for all; each test has a schema or a database of its own, and leaves it running."""
    require("postgres")
    with running_postgres() as server:
        yield server


@pytest.fixture
def start_slapd(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[StartSlapd]:
    """Start slapds for one test, each with an own folder, world and options."""
    require("slapd")
    certificates: Certificates = request.getfixturevalue("server_certificates")
    number = count(1)
    with ExitStack() as running:

        def start(ldif: str | Path, options: SlapdOptions | None = None) -> Slapd:
            folder = tmp_path / f"slapd{next(number)}"
            return running.enter_context(running_slapd(folder, ldif, options, certificates))

        yield start


@pytest.fixture
def start_samba(tmp_path: Path) -> Iterator[StartSamba]:
    """Start domain controllers for one test, each with an own folder, address and world."""
    require("samba")
    number = count(1)
    with ExitStack() as running:
        yield lambda ldif="": running.enter_context(running_samba(tmp_path / f"samba{next(number)}", ldif))


@pytest.fixture
def start_embedded() -> Iterator[StartEmbedded]:
    """Start embedded directories for one test."""
    with ExitStack() as running:
        yield lambda ldif, options=OPENLDAP: running.enter_context(embedded_directory(ldif, options))
