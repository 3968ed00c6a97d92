"""Who holds the lease, in words that a person can follow up and that tell this host whether the holder is dead.

A host's name is not enough: two hosts may have the same, as containers often do, and a process number means something
only within one boot and one PID namespace (pid_namespaces(7)). Elsewhere nothing is known, and the lease's end is
waited for. A number that another process has by now is told by when that one started (proc(5), field 22 of `stat`).
"""

import hashlib
import os
import socket
from pathlib import Path

_PROC = Path("/proc")


def holder(run_id: str) -> str:
    """Return how this process signs its lease."""
    pid = os.getpid()
    return f"{socket.gethostname()}, process {pid}, run {run_id}, mark {_realm()}-{_started(pid)}"


def is_dead(signed: str) -> bool:
    """Say whether a holder was a process of this host that is no more; False where that cannot be known."""
    host, _, rest = signed.partition(", process ")
    process, _, rest = rest.partition(", run ")
    realm, _, started = rest.partition(", mark ")[2].partition("-")
    here = host == socket.gethostname() and realm == _realm() and bool(started)
    if not here or not process.isdecimal():
        return False
    return _started(int(process)) != started


def _realm() -> str:
    """Return what tells this boot and PID namespace from all others; empty where the system does not say."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = os.readlink(_PROC / "self/ns/pid")  # noqa: PTH115 (it leads to no path)
    except OSError:
        return ""
    return hashlib.sha256(f"{boot} {namespace}".encode()).hexdigest()[:12]


def _started(pid: int) -> str:
    """Return when a process started, in ticks since boot; empty where there is none (or a dead one not waited for)."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()  # the name before it may hold anything
    return "" if fields[0] in {"Z", "X"} else fields[19]
