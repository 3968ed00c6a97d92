"""Folders that are costly to make are made once."""

import threading
from contextlib import suppress
from pathlib import Path

import pytest

from tests.servers.cache import unpack_cached


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache that is empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_made_once_by_two_that_want_it_at_the_same_time(tmp_path: Path) -> None:
    """The second waits for the first, and both have the whole."""
    made: list[Path] = []
    both_want_it, both_make_it = threading.Barrier(2), threading.Barrier(2)

    def make(folder: Path) -> None:
        made.append(folder)
        with suppress(threading.BrokenBarrierError):
            both_make_it.wait(0.5)
        (folder / "content").write_text("costly")

    def want(folder: Path) -> None:
        folder.mkdir()
        both_want_it.wait(10)
        unpack_cached("thing", ("1",), folder, make)

    folders = [tmp_path / "a", tmp_path / "b"]
    threads = [threading.Thread(target=want, args=(folder,)) for folder in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(made) == 1
    assert [(folder / "content").read_text() for folder in folders] == ["costly", "costly"]


def test_other_inputs_are_made_anew(tmp_path: Path) -> None:
    """What decides the content is part of its name."""
    made: list[Path] = []
    folders = [tmp_path / name for name in ("first", "second", "again")]
    for version, folder in zip(("1", "2", "1"), folders, strict=True):
        folder.mkdir()
        unpack_cached("thing", (version,), folder, made.append)
    assert made == folders[:2]
