"""SCIM services for tests: ours in a thread or as a process, and scim2-server and django-scim2, which we did not write.

All have the same face: a base URL, a token, and the requests that they were asked.
"""

import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx

from ldap2scim.sandbox.service import PLAIN, RecordedRequest
from tests.servers.process import Daemon, free_port

ROOT = Path(__file__).parents[2]
_SCIM2_PROCESS = Path(__file__).with_name("scim2_process.py")
_DJANGO_SCIM_PROCESS = Path(__file__).with_name("django_scim_process.py")


class ScimServer(Protocol):
    """A running SCIM service that counts what it is asked."""

    @property
    def base_url(self) -> str:
        """URL below which the endpoints are."""

    @property
    def token(self) -> str:
        """The bearer token that it takes."""

    @property
    def requests(self) -> tuple[RecordedRequest, ...]:
        """Every request since the start or the last `clear_requests`, oldest first."""

    def writes(self) -> tuple[RecordedRequest, ...]:
        """Return the requests that asked for a change."""

    def clear_requests(self) -> None:
        """Forget the requests so far."""


@dataclass(frozen=True, slots=True)
class ScimProcess:
    """A SCIM service in a process of its own: it outlives a crash of the tested program, and can be killed."""

    base_url: str
    token: str
    daemon: Daemon

    @property
    def requests(self) -> tuple[RecordedRequest, ...]:
        """Every request since the start or the last `clear_requests`, oldest first."""
        recorded = self._control("GET", "/requests").json()
        return tuple(
            RecordedRequest(each["method"], each["path"], each["query"], each["raw_body"].encode(), each["status"])
            for each in recorded
        )

    def writes(self) -> tuple[RecordedRequest, ...]:
        """Return the requests that asked for a change."""
        return tuple(request for request in self.requests if request.is_write)

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        self._control("DELETE", "/requests")

    def empty(self) -> None:
        """Forget every resource and request; the services that we did not write can."""
        self._control("DELETE", "/all")

    def set_fault(self, kind: str, **fields: Any) -> None:
        """Set a fault by the names of `Fault`; the embedded service alone has them."""
        self._control("POST", "/faults", {"kind": kind, **fields})

    def clear_faults(self) -> None:
        """Take all faults away."""
        self._control("DELETE", "/faults")

    def _control(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        url = httpx.URL(self.base_url).copy_with(path=f"/_sandbox{path}")
        answer = httpx.request(method, url, json=body, headers=bearer(self.token), trust_env=False)
        return answer.raise_for_status()


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


def scim_client(server: ScimServer) -> httpx.Client:
    """Return a plain HTTP client of a service; the caller closes it."""
    return httpx.Client(base_url=server.base_url, headers=bearer(server.token), timeout=30, trust_env=False)


@contextmanager
def scim2_server(folder: Path, variant: str = "standard") -> Iterator[ScimProcess]:
    """Run scim2-server; `variant` is `standard` or `without-patch`.

    Raises:
        ServerDidNotStart: it ended, also where the package is missing.
    """
    port, token = free_port(), secrets.token_urlsafe(16)
    command = (sys.executable, str(_SCIM2_PROCESS), f"--port={port}", f"--variant={variant}", f"--token={token}")
    with _running(command, port, folder / "scim2-server.log") as daemon:
        yield ScimProcess(f"http://127.0.0.1:{port}/v2", token, daemon)


@contextmanager
def django_scim2(folder: Path) -> Iterator[ScimProcess]:
    """Run django-scim2.

    Raises:
        ServerDidNotStart: it ended, also where the package is missing.
    """
    port, token = free_port(), secrets.token_urlsafe(16)
    command = (sys.executable, str(_DJANGO_SCIM_PROCESS), f"--port={port}", f"--token={token}")
    with _running(command, port, folder / "django-scim2.log") as daemon:
        yield ScimProcess(f"http://127.0.0.1:{port}/v2", token, daemon)


@contextmanager
def embedded_process(folder: Path, personality: str = PLAIN.name) -> Iterator[ScimProcess]:
    """Run the embedded service as a process, as `python -m ldap2scim.sandbox.service` does."""
    port, token = free_port(), secrets.token_urlsafe(16)
    module = ("-m", "ldap2scim.sandbox.service")
    command = (sys.executable, *module, f"--port={port}", f"--personality={personality}", f"--token={token}")
    with _running(command, port, folder / "embedded-service.log") as daemon:
        yield ScimProcess(f"http://127.0.0.1:{port}/scim/v2", token, daemon)


@contextmanager
def _running(command: tuple[str, ...], port: int, log_file: Path) -> Iterator[Daemon]:
    log_file.parent.mkdir(parents=True, exist_ok=True)
    daemon = Daemon(command, (port,), log_file, {"PYTHONPATH": str(ROOT)})
    daemon.start()
    try:
        yield daemon
    finally:
        daemon.stop()
