"""Memory between two phases."""

import ctypes
import gc
from types import SimpleNamespace

import pyarrow as pa
import pytest

from ldap2scim.run import memory

MANY = 100_000


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
    finally:
        memory._malloc_trim.cache_clear()
