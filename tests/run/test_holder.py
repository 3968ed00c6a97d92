"""A lease says who holds it, and a host judges only what it can know."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ldap2scim.run import holder as module
from ldap2scim.run.holder import holder, is_dead

SIGN = "from ldap2scim.run.holder import holder; print(holder('r'), flush=True); input()"


@pytest.fixture
def other() -> Iterator["subprocess.Popen[str]"]:
    """Another process, which signs and runs until it is killed."""
    process = subprocess.Popen([sys.executable, "-c", SIGN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


def signature(process: "subprocess.Popen[str]") -> str:
    """Return how it signed."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_holder_is_named_with_host_and_process() -> None:
    """A person finds the process by it, and the run in the history."""
    assert holder("abc").startswith(f"{socket.gethostname()}, process {os.getpid()}, run abc, mark ")


def test_a_living_process_of_this_host_is_not_dead(other: "subprocess.Popen[str]") -> None:
    """Its lease is respected as long as it lives, and no longer."""
    signed = signature(other)
    assert not is_dead(signed)
    assert not is_dead(holder("mine"))
    other.kill()
    other.wait()
    assert is_dead(signed)


def test_a_dead_child_that_nobody_waited_for_is_dead(other: "subprocess.Popen[str]") -> None:
    """A zombie keeps its number and holds nothing."""
    signed = signature(other)
    other.kill()
    os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
    assert is_dead(signed)


def test_another_process_with_its_number_is_not_the_holder() -> None:
    """A number that was given again is told by when its process started."""
    *rest, _ = holder("r").rpartition("-")
    assert is_dead(f"{''.join(rest)}1")


def another_boot(_path: Path, encoding: str) -> str:
    """Return the name of another boot."""
    return "another-boot"


@pytest.mark.parametrize(
    ("spoil", "value"),
    [("Path.read_text", another_boot), ("os.readlink", lambda _path: "pid:[1]")],
    ids=["another boot", "another PID namespace"],
)
def test_elsewhere_nothing_is_known(monkeypatch: pytest.MonkeyPatch, spoil: str, value: Callable[..., str]) -> None:
    """A process number means nothing in another boot or PID namespace, though the host has the same name."""
    signed = holder("r").replace(f"process {os.getpid()}", "process 4194305")  # above pid_max: nobody has it
    assert is_dead(signed)
    monkeypatch.setattr(f"ldap2scim.run.holder.{spoil}", value)
    assert not is_dead(signed)


@pytest.mark.parametrize(
    "signed",
    [
        "",
        "x",
        "host, process 1, run a",
        f"{socket.gethostname()}, process 4194305, run a",
        "other, process 1, run a, mark b-1",
    ],
)
def test_what_says_too_little_is_not_judged(signed: str) -> None:
    """Holders of older programs and of other hosts are waited for."""
    assert not is_dead(signed)


def test_a_system_without_proc_judges_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the system does not say which boot this is, nothing is known."""
    monkeypatch.setattr(module, "_PROC", tmp_path)
    assert not is_dead(holder("r").replace(f"process {os.getpid()}", "process 4194305"))
