"""The order of the tests, and what stays together when several processes share them."""

from tests.workers import place, unit_of


def test_nothing_runs_after_the_flows() -> None:
    """They are last, whatever the folders are called."""
    named = ["tests/flows/test_a.py::test", "tests/a/test_a.py::test", "tests/z/test_z.py::test"]
    named += ["tests/contract/test_a.py::test", "tests/integration/test_a.py::test", "tests/test_a.py::test"]
    assert max(named, key=place) == named[0]
    assert [place(one) for one in named].count(place(named[0])) == 1


def test_a_file_stays_together() -> None:
    """Its servers are started once."""
    assert unit_of("tests/run/test_a.py::TestIt::test[a::b]") == unit_of("tests/run/test_a.py::test")
    assert unit_of("tests/run/test_a.py::test") != unit_of("tests/run/test_b.py::test")


def test_folders_that_share_servers_stay_together() -> None:
    """The directories of the contract and the Prefect server of the flows are started once."""
    for folder in ("contract", "flows"):
        assert unit_of(f"tests/{folder}/test_a.py::test") == unit_of(f"tests/{folder}/test_b.py::test")
