"""A server as a child process: free ports, readiness by connecting, an end that is certain, its log for messages."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

LOOPBACK = "127.0.0.1"


class ServerDidNotStart(RuntimeError):
    """A server of the tests ended, or did not answer in time; the message holds the end of its log."""


def ports_of(worker: int, workers: int) -> range:
    """Return the ports of one worker of a test run (pytest-xdist); no two workers share any.

    They are below those that systems give to outgoing connections, which could take one before its server listens.
    """
    return range(20_000 + worker % workers, 30_000, workers)


def _in_our_order() -> list[int]:
    """Return this process's ports, shuffled: other runs on this machine begin elsewhere."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    ports = ports_of(worker, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
    return random.Random(os.getpid()).sample(ports, len(ports))


_PORTS = _in_our_order()


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on now, and that this process has not had before."""
    while True:
        port = _PORTS.pop()
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((LOOPBACK, port))
            return port


def answers(port: int, host: str = LOOPBACK) -> bool:
    """Say whether something accepts connections on a port."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


@dataclass(slots=True)
class Daemon:
    """A program kept in the foreground as leader of its own process group."""

    command: Sequence[str]
    ports: tuple[int, ...]
    log_file: Path
    environment: dict[str, str] = field(default_factory=dict)
    host: str = LOOPBACK
    _process: subprocess.Popen[bytes] | None = None

    def start(self, seconds: float = 30) -> None:
        """Start and wait until every port answers.

        Raises:
            ServerDidNotStart: it ended, or `seconds` went by.
        """
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **self.environment},
            )
        deadline = time.monotonic() + seconds
        while not all(answers(port, self.host) for port in self.ports):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise ServerDidNotStart(f"{self.command[0]} did not answer on {self.ports}:\n{self.log()}")
            time.sleep(0.02)

    def stop(self, seconds: float = 10) -> None:
        """Ask it to end (SIGTERM), and make sure that it has."""
        if self._process is None:
            return
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self.kill()

    def kill(self) -> None:
        """End it and its children at once (SIGKILL), as a power cut would."""
        if self._process is None:
            return
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._process = None
        self._wait_until_silent()

    def _wait_until_silent(self, seconds: float = 10) -> None:
        """Wait until no port answers: children live on for a moment, and would be taken for the next start's."""
        deadline = time.monotonic() + seconds
        while any(answers(port, self.host) for port in self.ports):
            if time.monotonic() > deadline:
                raise ServerDidNotStart(f"{self.command[0]} was ended and still answers on {self.ports}")
            time.sleep(0.02)

    def log(self) -> str:
        """Return the end of what it wrote."""
        return self.log_file.read_text(errors="replace")[-4000:] if self.log_file.exists() else "(no log)"

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
