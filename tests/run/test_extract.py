"""Several directories in one run: in which order they are read, and what each is told of those before it."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ldap2scim.directory import currency
from ldap2scim.directory.reader import Completeness, Extract, ServerState
from ldap2scim.errors import DirectoryUnavailable
from ldap2scim.model import ResourceType
from ldap2scim.progress import Silent
from ldap2scim.run import extract as phase
from ldap2scim.run.extract import Unread
from ldap2scim.run.reading import Read
from ldap2scim.state.runs import ProvenRead
from tests.mapping.worlds import DIRECTORY, NOW

BASES = {"whole": "dc=x", "part": "OU=Branch, dc=x", "other": "dc=y"}
NEW, OLD = (ServerState("branch", (("001", f"2026112{day}000000.000000Z#000000#001#000000"),)) for day in (2, 1))


def read_in(name: str, state: ServerState = NEW) -> Read:
    """Return a read of a directory that came to its end."""
    counts = dict.fromkeys(ResourceType, 1)
    extract = Extract(name, Completeness("ldap1", (), state), counts, 1, "entryCSN", None, NOW, NOW)
    return Read(extract, cast("Any", None))


def away(name: str) -> Read:
    """Say that a directory could not be read."""
    raise DirectoryUnavailable(f"{name} is away", "Wait.")


def behind(name: str) -> Read:
    """Return the read of a server that lacks what the last one knew."""
    return read_in(name, OLD)


@pytest.mark.parametrize(
    ("answer", "told"), [(read_in, ("ou=branch,dc=x",)), (away, ()), (behind, ())], ids=["read", "away", "behind"]
)
def test_the_part_is_read_before_the_whole(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[str], Read], told: tuple[str, ...]
) -> None:
    """So the whole knows whether its part was read in this run; what comes back is in the order of the settings."""
    asked: dict[str, tuple[str, ...]] = {}

    def answering(_: Any, directory: Any, bases_read: tuple[str, ...], __: Any) -> Read:
        name = directory.settings.name
        asked[name] = bases_read
        return answer(name) if name == "part" else read_in(name)

    before = ProvenRead(1, 1, "branch", NOW, currency.to_json(NEW))
    run = SimpleNamespace(
        settings=SimpleNamespace(
            directories=[SimpleNamespace(settings=replace(DIRECTORY, name=name, base_dn=BASES[name])) for name in BASES]
        ),
        state=SimpleNamespace(
            runs=SimpleNamespace(last_believed_reads=lambda: {("part", kind): before for kind in ResourceType})
        ),
        progress=Silent(),
    )
    monkeypatch.setattr(phase, "_read", answering)
    monkeypatch.setattr(phase, "on_one_server", lambda _, question: question(None))
    reads = phase.extract(cast("Any", run))
    assert [*asked] == ["part", "whole", "other"]
    assert (asked["part"], asked["whole"]) == ((), told)
    assert [one.directory for one in reads] == [*BASES]
    assert [isinstance(one, Unread) for one in reads] == [False, answer is away, False]
