"""Pytest fixtures that start SCIM services. They need Python packages alone, so a missing one is a failure."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ldap2scim.sandbox.service import IIJ_LIKE, PLAIN, EmbeddedService, embedded_service
from tests.servers.scim import ScimProcess, scim2_server, scim_client


@pytest.fixture
def scim_service() -> Iterator[EmbeddedService]:
    """The embedded service, as the RFCs have it, empty."""
    with embedded_service(PLAIN) as service:
        yield service


@pytest.fixture
def iij_like_service() -> Iterator[EmbeddedService]:
    """The embedded service with pending deletion, unique group names and external IDs, empty."""
    with embedded_service(IIJ_LIKE) as service:
        yield service


@pytest.fixture
def scim_http(scim_service: EmbeddedService) -> Iterator[httpx.Client]:
    """A plain HTTP client of `scim_service`."""
    with scim_client(scim_service) as client:
        yield client


@pytest.fixture
def iij_like_http(iij_like_service: EmbeddedService) -> Iterator[httpx.Client]:
    """A plain HTTP client of `iij_like_service`."""
    with scim_client(iij_like_service) as client:
        yield client


@pytest.fixture
def scim2(tmp_path: Path) -> Iterator[ScimProcess]:
    """scim2-server, empty, as a process that ends with the test."""
    with scim2_server(tmp_path) as server:
        yield server


@pytest.fixture(scope="module")
def shared_scim2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScimProcess]:
    """scim2-server for all tests of a module: each uses names of its own."""
    with scim2_server(tmp_path_factory.mktemp("scim2")) as server:
        yield server


@pytest.fixture(scope="module")
def scim2_without_patch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScimProcess]:
    """scim2-server that says, and means, that it has no PATCH."""
    with scim2_server(tmp_path_factory.mktemp("scim2"), "without-patch") as server:
        yield server
