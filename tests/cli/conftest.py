"""An embedded directory and service for the whole file, and an installation for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ldap2scim.sandbox.directory import EmbeddedDirectory, embedded_directory
from ldap2scim.sandbox.service import EmbeddedService, embedded_service
from tests.cli.installation import Installation, world

TOKEN = "bearer-SECRET-of-the-service"


@pytest.fixture(scope="module")
def directory() -> Iterator[EmbeddedDirectory]:
    """Five people and a group, which no test changes."""
    with embedded_directory(world()) as running:
        yield running


@pytest.fixture
def service() -> Iterator[EmbeddedService]:
    """An empty service."""
    with embedded_service(token=TOKEN) as running:
        yield running


@pytest.fixture
def installed(
    tmp_path: Path, directory: EmbeddedDirectory, service: EmbeddedService, capsys: pytest.CaptureFixture[str]
) -> Iterator[Installation]:
    """Valid settings of both; no state yet."""
    yield Installation(tmp_path, directory, service, capsys)
    directory.mend()
