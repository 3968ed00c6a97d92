"""The order of the tests, and what stays together when several processes share them."""

from pathlib import Path

from tests.workers import place, unit_of


def test_no_examples_are_drawn_after_the_flows() -> None:
    """Every file that uses Hypothesis comes before them."""
    tests = Path(__file__).parent
    drawing = [one for one in tests.rglob("*.py") if "from hypothesis" in one.read_text("utf-8")]
    assert len(drawing) > 10
    flows = place("tests/flows/test_a.py::test")
    assert [one for one in drawing if place(f"{one.relative_to(tests.parent)}::test") >= flows] == []


def test_what_takes_long_does_not_begin_last() -> None:
    """The longest file is the first; the quick ones are before the flows, so that those have company."""
    named = [
        "tests/integration/stateful/test_a.py::test",
        "tests/run/test_a.py::test",
        "tests/test_a.py::test",
        "tests/flows/test_a.py::test",
    ]
    named += ["tests/integration/test_a.py::test", "tests/contract/test_a.py::test"]
    assert [place(one) for one in named] == [0, 1, 1, 2, 3, 4]


def test_a_file_stays_together() -> None:
    """Its servers are started once."""
    assert unit_of("tests/run/test_a.py::TestIt::test[a::b]") == unit_of("tests/run/test_a.py::test")
    assert unit_of("tests/run/test_a.py::test") != unit_of("tests/run/test_b.py::test")


def test_folders_that_share_servers_stay_together() -> None:
    """The directories of the contract and the Prefect server of the flows are started once."""
    for folder in ("contract", "flows"):
        assert unit_of(f"tests/{folder}/test_a.py::test") == unit_of(f"tests/{folder}/test_b.py::test")
