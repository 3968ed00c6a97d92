"""What Prefect adds: the same run as a command and as a flow, each a process of its own from its start to its exit."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.servers.process import Daemon, free_port

PATIENCE = 300
"""Seconds that a server may take to start."""


class Took(NamedTuple):
    """What a process took."""

    seconds: float
    mebibytes: float
    """Its peak."""


@contextmanager
def prefect_server(folder: Path) -> Iterator[Mapping[str, str]]:
    """Run a Prefect server and give the environment of its clients."""
    port = free_port()
    environment = {"PREFECT_HOME": str(folder), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    command = (sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port))
    server = Daemon(command, (port,), folder.with_suffix(".log"), environment)
    server.start(seconds=PATIENCE)
    try:
        yield {**environment, "PREFECT_API_URL": f"http://127.0.0.1:{port}/api"}
    finally:
        server.stop()


def command(settings: Path, *arguments: str) -> Took:
    """Run `ldap2scim sync`."""
    return _took(("-m", "ldap2scim", "sync", "--config", str(settings), "--json", *arguments), {})


def flow(settings: Path, mode: str, environment: Mapping[str, str]) -> Took:
    """Run the flow; without an address in the environment, Prefect starts a server for it."""
    return _took(("-m", "flows.sync", "--config", str(settings), "--mode", mode), environment)


def _took(arguments: tuple[str, ...], environment: Mapping[str, str]) -> Took:
    started = time.perf_counter()
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(
            (sys.executable, *arguments), env={**os.environ, **environment}, stdout=said, stderr=said
        ) as process,
    ):
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise SystemExit(said.read()[-4000:])
    return Took(time.perf_counter() - started, used.ru_maxrss / 1024)
