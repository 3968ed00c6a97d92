"""Memory between two phases."""

import ctypes
import gc
import threading
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

from ldap2scim.run import context, memory
from ldap2scim.run.context import Mode
from ldap2scim.settings import load
from tests.run.conftest import SETTINGS

MANY = 100_000
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
"""As malloc.h has them."""


def test_what_arrow_freed_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both allocators are told; what is in use stays."""
    asked: list[int] = []
    monkeypatch.setattr(memory, "_malloc_trim", lambda: asked.append)
    kept = pa.array(["a", "b"])

    memory.give_back(MANY)

    assert asked == [0]
    assert kept.to_pylist() == ["a", "b"]


def test_a_small_phase_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """To look through a whole process takes longer than a small run."""
    monkeypatch.setattr(gc, "collect", lambda: pytest.fail("looked through the process"))
    monkeypatch.setattr(memory, "_malloc_trim", lambda: lambda _pad: pytest.fail("trimmed"))
    memory.give_back(1000)


def test_another_c_library_has_nothing_to_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where malloc_trim is not known (musl, macOS), nothing is trimmed, and a run goes on without it."""
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: SimpleNamespace())
    memory._malloc_trim.cache_clear()
    try:
        assert memory._malloc_trim() is None
        memory.give_back(MANY)
        memory.keep_little()
    finally:
        memory._malloc_trim.cache_clear()


def test_the_process_keeps_one_heap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A heap for each thread that writes the state cost a large load ninety megabytes."""
    asked: dict[int, int] = {}
    monkeypatch.setattr(memory, "_glibc", lambda name: asked.__setitem__ if name == "mallopt" else None)
    memory.keep_little()
    assert asked[M_ARENA_MAX] == 1
    assert asked[M_MMAP_THRESHOLD] == 1 << 20


def test_each_run_asks_for_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Before it starts a thread of its own."""
    threads: list[int] = []
    monkeypatch.setattr(context, "keep_little", lambda: threads.append(threading.active_count()))
    (tmp_path / "ldap2scim.yml").write_text(SETTINGS, encoding="utf-8")
    with context.open_run(load(tmp_path / "ldap2scim.yml", {}), Mode.PLAN):
        assert threads == [threading.active_count() - 1]
