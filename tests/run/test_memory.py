"""Memory between two phases."""

import ctypes
from types import SimpleNamespace

import pyarrow as pa
import pytest

from ldap2scim.run import memory


def test_what_arrow_freed_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both allocators are told; what is in use stays."""
    asked: list[int] = []
    monkeypatch.setattr(memory, "_malloc_trim", lambda: asked.append)
    kept = pa.array(["a", "b"])

    memory.give_back()

    assert asked == [0]
    assert kept.to_pylist() == ["a", "b"]


def test_another_c_library_has_nothing_to_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where malloc_trim is not known (musl, macOS), nothing is trimmed, and a run goes on without it."""
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: SimpleNamespace())
    memory._malloc_trim.cache_clear()
    try:
        assert memory._malloc_trim() is None
        memory.give_back()
    finally:
        memory._malloc_trim.cache_clear()
