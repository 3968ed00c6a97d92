"""The state's disk is full, read-only or damaged, or its server goes away: it is said, and the next run goes on.

A full and a read-only disk are a small tmpfs of the test, which takes root.
"""

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ldap2scim.sandbox.service import EmbeddedService, Fault, FaultKind
from ldap2scim.sandbox.world import Size
from tests.integration.comparing import differences
from tests.integration.conftest import StartPair
from tests.integration.days import DISABLED, day_of_changes
from tests.integration.installation import Said
from tests.integration.pairs import Pair
from tests.integration.postgres_state import keep_in
from tests.seed import LONG, SEED
from tests.servers.available import require
from tests.servers.postgres import Postgres
from tests.waiting import until

COMPANY = Size(people=60, groups=12, largest_group=40)
ROOMS = (0, 40, 80, 120, 200, 300, 400)
"""Kilobytes that are left on the disk: the run ends in its first record, its read, its mapping or its load."""
WAYS = ("restart", "crash", "cut")
HARMED = range(40 if LONG else 3)


@pytest.fixture
def pair(start_embedded_pair: StartPair) -> Pair:
    """The embedded pair, nothing loaded yet."""
    pair = start_embedded_pair(COMPANY, concurrency=2)
    pair.program.others["mapping"] = DISABLED
    pair.program.write()
    return pair


def assert_failed(said: Said, *words: str) -> None:
    """The run failed with a message that has these words and what to do, and without a traceback."""
    assert said.code == 1, said.text
    assert "Traceback" not in said.text, said.text
    for word in words:
        assert word in said.err, said.text


def assert_converges(pair: Pair) -> None:
    """The next run brings both sides in step, nothing is there twice, and the one after it has nothing to do."""
    said = pair.program.run("sync", "--apply")
    assert (said.code, differences(pair)) == (0, []), said.text
    pair.service.clear_requests()
    assert pair.program("sync", "--apply").code == 0
    assert pair.writes() == 0


# A disk of its own


@pytest.fixture
def disk(pair: Pair) -> Iterator[Path]:
    """A small disk that holds the state and nothing else."""
    require("mounts")
    folder = pair.program.folder / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4M", "ldap2scim-test", str(folder)], check=True)
    try:
        pair.program.others["state"] = str(folder / "state.db")
        pair.program.write()
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def filled(disk: Path, kilobytes: int) -> Iterator[None]:
    """Leave so much room on the disk."""
    filler = disk / "filler"
    state = os.statvfs(disk)
    free = state.f_bavail * state.f_frsize
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(free - kilobytes * 1024, 4096))
    try:
        yield
    finally:
        filler.unlink()


@pytest.mark.parametrize("room", ROOMS if LONG else (40, *random.Random(SEED).sample(ROOMS[2:], 1)))
def test_a_full_disk(pair: Pair, disk: Path, room: int) -> None:
    """Wherever there is no more room, it is said which file wants it, and the next run finishes."""
    with filled(disk, room):
        assert_failed(
            pair.program.run("sync", "--apply"),
            f"no room left for the state file {disk}/state.db",
            "Free some space on its disk and run again; what was recorded before is kept.",
        )
    assert_converges(pair)


def test_a_disk_that_fills_in_the_middle_of_a_load(pair: Pair, disk: Path) -> None:
    """Operations that were sent and not recorded are asked about by the next run; nobody is created twice."""
    assert isinstance(pair.service, EmbeddedService)
    pair.service.faults.add(Fault(FaultKind.SLOW, seconds=0.15, method="POST", times=50))
    process = pair.program.start("sync", "--apply")
    _wait_for_writes(pair, process, 10)
    with filled(disk, 0):
        out, err = process.communicate(timeout=120)
    assert_failed(Said(process.returncode, out, err), "no room left")
    assert_converges(pair)
    assert len(pair.console.users()) == COMPANY.people


def test_a_read_only_disk(pair: Pair, disk: Path) -> None:
    """The message says what cannot be written; when it can be again, the next run goes on."""
    assert pair.program.run("sync", "--apply").code == 0
    day_of_changes(pair.administrator)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    pair.service.clear_requests()
    assert_failed(pair.program.run("sync", "--apply"), f"{disk}/state.db", "the user who runs ldap2scim")
    assert pair.writes() == 0
    assert f"FAILED  state: The state file {disk}/state.db cannot be opened." in pair.program.run("check").out
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    said = pair.program.run("sync", "--apply")
    assert said.code == 0, said.text
    assert pair.program("plan").code == 0


def test_check_sees_that_a_read_only_disk_cannot_be_written(pair: Pair, disk: Path) -> None:
    """Where a process died, SQLite's files beside the state are there, and it opens as if it could be written."""
    assert pair.program.run("sync", "--apply").code == 0
    die = "import os, sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT * FROM meta').fetchall(); os._exit(0)"
    subprocess.run([sys.executable, "-c", die, str(disk / "state.db")], check=True)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    try:
        said = pair.program.run("check")
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    assert said.code == 1
    assert f"FAILED  state: The state file {disk}/state.db cannot be written." in said.out


# A file that is damaged


def _flip(state: Path, chance: random.Random) -> None:
    content = bytearray(state.read_bytes())
    for _ in range(chance.choice([1, 5, 50, 500])):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    state.write_bytes(content)


def _overwrite(state: Path, chance: random.Random) -> None:
    content = bytearray(state.read_bytes())
    start = chance.randrange(len(content))
    content[start : start + 4096 * chance.randint(1, 20)] = chance.randbytes(4096)
    state.write_bytes(content)


def _truncate(state: Path, chance: random.Random) -> None:
    os.truncate(state, chance.randrange(state.stat().st_size))


@pytest.mark.parametrize("harm", [_flip, _overwrite, _truncate])
def test_a_damaged_file(pair: Pair, harm: Callable[[Path, random.Random], None]) -> None:
    """Damage ends in a message or does no harm; without the file, a recovery creates nobody twice."""
    assert pair.program("sync", "--apply").code == 0
    state = pair.program.state
    whole = state.read_bytes()
    for number in HARMED:
        chance = random.Random(f"{SEED} {harm.__name__} {number}")
        pair.program.lose_state()
        state.write_bytes(whole)
        harm(state, chance)
        pair.service.clear_requests()
        said = pair.program("plan")
        assert "Traceback" not in said.text, (number, said.text)
        if said.code == 1:
            assert "state" in said.err, (number, said.text)
            assert "recover" in said.err or "report it" in said.err, (number, said.text)
        assert pair.writes() == 0
    pair.program.lose_state()
    pair.service.clear_requests()
    assert pair.program("recover", "--apply").code == 0
    assert [one.path for one in pair.service.writes() if one.method == "POST"] == []
    assert differences(pair) == []


# A server that goes away


def _wait_for_writes(pair: Pair, process: "subprocess.Popen[str]", count: int) -> None:
    until(lambda: len(pair.service.writes()) >= count or process.poll() is not None, f"{count} writes")
    assert process.poll() is None, "the run was too quick"


@pytest.fixture
def on_postgres(pair: Pair, postgres: Postgres) -> Iterator[Pair]:
    """The pair with its state in PostgreSQL, at a service that takes its time; the server runs again afterwards."""
    keep_in(pair.program, postgres, postgres.make_schema())
    assert isinstance(pair.service, EmbeddedService)
    pair.service.faults.add(Fault(FaultKind.SLOW, seconds=0.15, method="POST", times=50))
    yield pair
    postgres.kill()
    postgres.start()


@pytest.mark.postgres
def test_a_run_is_as_on_a_file(pair: Pair, postgres: Postgres) -> None:
    """A first load, a day of changes, a run without any, a recovery: both sides are in step each time."""
    keep_in(pair.program, postgres, postgres.make_schema())
    assert pair.program("sync", "--apply").code == 0
    assert differences(pair) == []
    day = day_of_changes(pair.administrator)
    assert pair.program("sync", "--apply").code == 0
    assert differences(pair, left=day.left) == []
    pair.service.clear_requests()
    assert pair.program("sync", "--apply").code == 0
    assert pair.program("recover", "--apply").code == 0
    assert pair.writes() == 0
    assert pair.program("drift").code == 0
    assert not pair.program.state.exists()
    said = pair.program("check")
    assert f"postgresql://sync@{postgres.host}:{postgres.port}/postgres can be read and written" in said.out
    assert postgres.password not in said.text + pair.program("settings").text


@pytest.mark.postgres
def test_postgresql_is_stopped_in_the_middle_of_a_load(on_postgres: Pair, postgres: Postgres) -> None:
    """The run says that the database cannot be reached; once it can, the next run settles and finishes."""
    process = on_postgres.program.start("sync", "--apply")
    _wait_for_writes(on_postgres, process, 10)
    postgres.stop()
    out, err = process.communicate(timeout=120)
    assert_failed(Said(process.returncode, out, err), f"{postgres.port}/postgres cannot be reached", "the next run")
    assert_failed(on_postgres.program.run("sync", "--apply"), "cannot be reached", "See that PostgreSQL runs")
    postgres.start()
    assert_converges(on_postgres)


@pytest.mark.postgres
@pytest.mark.parametrize("how", WAYS if LONG else random.Random(SEED).sample(WAYS, 1))
def test_postgresql_comes_back_in_the_middle_of_a_load(on_postgres: Pair, postgres: Postgres, how: str) -> None:
    """The run goes on with a new connection, or says that it lost one; the next run finishes in either case."""
    process = on_postgres.program.start("sync", "--apply")
    _wait_for_writes(on_postgres, process, 10)
    match how:
        case "restart":
            postgres.stop()
            postgres.start()
        case "crash":
            postgres.kill()
            postgres.start()
        case _:
            postgres.do("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ldap2scim'")
    out, err = process.communicate(timeout=120)
    said = Said(process.returncode, out, err)
    if said.code != 0:
        assert_failed(said, "cannot be reached")
    assert_converges(on_postgres)
