"""Several processes and hosts at one state: one writes, all others are refused and told who it is.

The hosts are network namespaces with host names of their own, joined by a virtual cable, which takes root.
"""

import json
import os
import secrets
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass

import pytest

from ldap2scim.sandbox.service import EmbeddedService, Fault, FaultKind
from ldap2scim.sandbox.world import Size
from tests.integration.comparing import differences
from tests.integration.conftest import StartPair
from tests.integration.installation import Said
from tests.integration.pairs import Pair
from tests.integration.postgres_state import keep_in
from tests.servers.available import require
from tests.servers.postgres import Postgres
from tests.servers.process import LOOPBACK
from tests.servers.scim import ROOT
from tests.waiting import until

COMPANY = Size(people=40, groups=5, largest_group=20)
SQLITE = "sqlite"
POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgres)


@dataclass
class Shared:
    """A pair whose state several runs share."""

    pair: Pair
    query: Callable[[str], None]
    """Does something to the state by hand."""


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def shared(request: pytest.FixtureRequest, start_embedded_pair: StartPair) -> Shared:
    """An installation at a service that takes its time."""
    pair = start_embedded_pair(COMPANY, concurrency=2)
    assert isinstance(pair.service, EmbeddedService)
    pair.service.faults.add(Fault(FaultKind.SLOW, seconds=0.1, method="POST", times=45))
    if request.param == SQLITE:

        def query(statement: str) -> None:
            with closing(sqlite3.connect(pair.program.state, isolation_level=None)) as state:
                state.execute(statement)

    else:
        server: Postgres = request.getfixturevalue("postgres")
        place = server.make_schema()
        keep_in(pair.program, server, place)
        schema = place.url.rpartition("%3D")[2]

        def query(statement: str) -> None:
            server.do(f"SET search_path = {schema}", f"SET search_path = {schema}; {statement}")

    return Shared(pair, query)


@pytest.fixture
def paused(shared: Shared) -> "Iterator[subprocess.Popen[str]]":
    """A run that was stopped in the middle of its load, outside of a transaction; it ends with the test."""
    process = shared.pair.program.start("sync", "--apply")
    until(lambda: len(shared.pair.service.writes()) >= 6 or process.poll() is not None, "6 writes")
    assert process.poll() is None, "the run was too quick"
    process.send_signal(signal.SIGSTOP)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def outside_of_a_transaction(shared: Shared, process: "subprocess.Popen[str]") -> Said:
    """Start another run; let the paused one finish a transaction first where it was stopped within one."""
    while (said := shared.pair.program.run("sync", "--apply")).code == 1 and "in use by another process" in said.err:
        asked = len(shared.pair.service.writes())
        process.send_signal(signal.SIGCONT)
        _one_more_write(shared, process, asked)
        process.send_signal(signal.SIGSTOP)
    return said


def _one_more_write(shared: Shared, process: "subprocess.Popen[str]", asked: int) -> None:
    until(lambda: len(shared.pair.service.writes()) > asked or process.poll() is not None, "one more write")


def test_the_second_run_is_refused_and_told_who_works(shared: Shared, paused: "subprocess.Popen[str]") -> None:
    """However long the first one sleeps: it lives, and its lease has not ended. Then it finishes."""
    said = outside_of_a_transaction(shared, paused)
    assert said.code == 3, said.text
    assert f"process {paused.pid}, run " in said.err
    assert " UTC" in said.err
    paused.send_signal(signal.SIGCONT)
    out, err = paused.communicate(timeout=120)
    assert paused.returncode == 0, out + err
    assert differences(shared.pair) == []


def test_one_who_wakes_after_its_lease_writes_nothing_more(shared: Shared, paused: "subprocess.Popen[str]") -> None:
    """The next run takes over when the lease has ended; the sleeper is refused when it wakes, and says by whom."""
    assert outside_of_a_transaction(shared, paused).code == 3
    shared.query("UPDATE lease SET expires_at = 1")  # as if it had slept for two minutes
    said = shared.pair.program.run("sync", "--apply")
    assert said.code == 0, said.text
    assert differences(shared.pair) == []
    shared.query("UPDATE lease SET holder = 'the one after it', expires_at = 9000000000000000")
    paused.send_signal(signal.SIGCONT)
    out, err = paused.communicate(timeout=120)
    assert paused.returncode == 3, out + err
    assert "lost its lease `service` (the one after it holds it now)" in err
    shared.query("UPDATE lease SET holder = NULL")
    assert differences(shared.pair) == []
    said = shared.pair.program.run("sync")
    assert said.code == 0, said.text


# Two hosts

_WRITER = """
import json, os, sys
from ldap2scim.errors import Ldap2ScimError
from ldap2scim.run.holder import holder, is_dead
from ldap2scim.state.lease import acquire
from ldap2scim.state.store import open_store
from ldap2scim.state.marks import remember
lease = None
for line in sys.stdin:
    try:
        if line.strip() == "take":
            lease = acquire(open_store(os.environ["STATE"]), "service", holder("r"), abandoned=is_dead)
            said = lease.holder
        else:
            said = remember(lease, "note", line.strip())
    except Ldap2ScimError as error:
        said = f"{type(error).__name__}: {error}"
    print(json.dumps(said), flush=True)
"""


@dataclass
class Host:
    """A host of its own on the cable, with one program on it."""

    process: "subprocess.Popen[str]"

    def ask(self, line: str) -> str:
        """Let the program do something and return what it said."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return str(json.loads(self.process.stdout.readline()))


@dataclass
class Network:
    """Hosts and the server that they share."""

    hosts: Sequence[Host]
    cut: Callable[[int], None]
    mend: Callable[[int], None]
    server: Postgres
    schema: str


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture
def network(postgres: Postgres) -> Iterator[Network]:
    """Two hosts of the same name, each with a process numbered as the other's, and PostgreSQL between them."""
    require("namespaces")
    mark, random_net = secrets.token_hex(3), secrets.randbelow(120)  # another session may test on this machine
    with ExitStack() as undo:
        hosts, addresses = [], []
        place = postgres.make_schema()
        for number in (1, 2):
            space, here, there = f"l2s-{mark}-{number}", f"l2s{mark}{number}", f"l2t{mark}{number}"
            net = f"10.213.{2 * random_net + number}"
            ours = f"{net}.1"
            _ip("netns", "add", space)
            undo.callback(_ip, "netns", "delete", space)  # the cable goes with it
            _ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", space)
            _ip("address", "add", f"{ours}/24", "dev", here)
            _ip("link", "set", here, "up")
            _ip("-n", space, "address", "add", f"{net}.2/24", "dev", there)
            _ip("-n", space, "link", "set", there, "up")
            addresses.append(ours)
            url = postgres.url(place).replace(f"@{LOOPBACK}:", f"@{ours}:") + "&tcp_user_timeout=1000&connect_timeout=2"
            alone = ["unshare", "--uts", "--pid", "--fork", "--mount-proc", "--kill-child"]
            program = ["sh", "-c", 'hostname same-name; exec "$0" -c "$PROGRAM"', sys.executable]
            process = subprocess.Popen(
                ["ip", "netns", "exec", space, *alone, *program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": str(ROOT), "PROGRAM": _WRITER, "STATE": url},
            )
            undo.callback(process.communicate)
            undo.callback(process.kill)
            hosts.append(Host(process))
        postgres.stop()
        postgres.listen(LOOPBACK, *addresses)
        postgres.start()
        undo.callback(postgres.start)
        undo.callback(postgres.listen, LOOPBACK)
        undo.callback(postgres.kill)
        yield Network(
            hosts,
            lambda number: _ip("link", "set", f"l2s{mark}{number + 1}", "down"),
            lambda number: _ip("link", "set", f"l2s{mark}{number + 1}", "up"),
            postgres,
            place.url.rpartition("%3D")[2],
        )


@pytest.mark.postgres
def test_two_hosts_at_one_state(network: Network) -> None:
    """One holds the lease, the other is refused; one that was cut off is not taken for dead, and fenced afterwards."""
    first, second = network.hosts
    holder = first.ask("take")
    assert holder.startswith("same-name, process 1, run r, mark ")
    refused = second.ask("take")
    assert refused.startswith(f"RunRefused: Another run holds the lease `service`: {holder}, since ")
    assert first.ask("one") == "True"

    network.cut(0)
    assert "StateError: The state database" in (lost := first.ask("two"))
    assert "cannot be reached" in lost
    assert second.ask("take").startswith("RunRefused: Another run holds")
    network.server.do(f"SET search_path = {network.schema}; UPDATE lease SET expires_at = 1")  # noqa: S608 (ours)
    taken = second.ask("take")
    assert taken.startswith("same-name, process 1, run r, mark ")
    assert second.ask("three") == "True"

    network.mend(0)
    assert first.ask("four").startswith(f"RunRefused: This run lost its lease `service` ({taken} holds it now)")
    assert second.ask("three") == "False"  # nobody wrote over it
