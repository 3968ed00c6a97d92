"""A pair in step, and what a run without changes says and does."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ldap2scim.run import conclusion
from ldap2scim.run.believe import Believed, believe
from ldap2scim.run.context import Run
from ldap2scim.run.extract import Unread
from ldap2scim.run.reading import Read
from ldap2scim.sandbox.service import embedded_service
from ldap2scim.sandbox.world import BASE_DN
from tests.integration.pairs import SMALL, Pair, paired, world
from tests.servers.fixtures import StartSlapd
from tests.servers.slapd import SlapdOptions


@pytest.fixture
def in_step(start_slapd: StartSlapd, tmp_path: Path) -> Iterator[Pair]:
    """A pair in step, on a slapd that tells its changes; the last run found nothing to do."""
    lines = ("syncprov-sessionlog 1000",)
    slapd = start_slapd(world(SMALL), SlapdOptions(suffix=BASE_DN, overlays=("syncprov",), database_lines=lines))
    with embedded_service() as service, paired(tmp_path / "installed", slapd, service) as pair:
        assert pair.program("sync", "--apply").code == 0
        assert pair.program("sync", "--apply").code == 0
        service.clear_requests()
        yield pair


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """The runs that looked at the whole state."""
    runs: list[Run] = []

    def look(run: Run, reads: tuple[Read | Unread, ...]) -> Believed:
        runs.append(run)
        return believe(run, reads)

    monkeypatch.setattr(conclusion, "believe", look)
    return runs


def rules(pair: Pair, *arguments: str, code: int = 0) -> list[str]:
    """Run, and return what the report tells of."""
    said = pair.program(*(arguments or ("sync", "--apply")), "--json")
    assert said.code == code, said.text
    return [one["rule"] for one in said.document["findings"]]


def reads(pair: Pair) -> dict[str, object]:
    """Run, and return how its directory was read."""
    said = pair.program("sync", "--apply", "--json")
    assert said.code == 0, said.text
    (line,) = said.document["reads"]
    return dict(line)


def tell_the_state(pair: Pair, statement: str, *values: str) -> None:
    """Change the state behind the program's back."""
    with closing(sqlite3.connect(pair.program.state)) as state:
        state.execute(statement, values)
        state.commit()


def let_a_full_read_be_due(pair: Pair, *lost: str) -> None:
    """Set the last full read back by two days, and take entries out of the image."""
    with sqlite3.connect(pair.program.state) as state:
        state.execute("PRAGMA foreign_keys = ON")
        state.execute("UPDATE positions SET full_read_at = full_read_at - 172800000000")
        state.executemany("DELETE FROM image WHERE dn = ?", [(dn,) for dn in lost])
    state.close()
