"""Servers of tests that run at the same time do not meet."""

from tests.servers.process import free_port, ports_of


def test_no_port_is_given_twice() -> None:
    """Each call gives another port."""
    assert len({free_port() for _ in range(20)}) == 20


def test_workers_share_no_port() -> None:
    """The workers of a run have all ports between them, and each has its own."""
    shares = [set(ports_of(worker, 3)) for worker in range(3)]
    assert sum(map(len, shares)) == len(set().union(*shares)) == 10_000


def test_a_worker_that_replaces_another_has_ports_too() -> None:
    """After a crash pytest-xdist counts on: the fourth of three workers takes the place of the first."""
    assert ports_of(3, 3) == ports_of(0, 3)
