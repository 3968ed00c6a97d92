"""What is remembered of runs: records, findings, and which reads are the measure."""

import pytest

from ldap2scim.errors import StateError
from ldap2scim.findings import Finding, Severity
from ldap2scim.model import ResourceType
from ldap2scim.state.access import StateReader
from ldap2scim.state.lease import Lease
from ldap2scim.state.runs import (
    Ended,
    RunRecord,
    believe_reads,
    finish_run,
    full_run_id,
    record_findings,
    run_named,
    start_run,
)
from ldap2scim.state.store import Store
from tests.state.worlds import CORP, MONDAY, group, person, read


def test_a_run_is_recorded_from_its_beginning(lease: Lease, reader: StateReader) -> None:
    """A run that died is one without an end."""
    start_run(lease, "r1", "plan", "digest")
    begun = RunRecord("r1", "plan", "digest", MONDAY, None, None, None, None, None)

    assert reader.runs.run("r1") == begun
    assert reader.runs.run("r2") is None

    finish_run(lease, "r1", Ended("in step", {"directory": {"held": 1}}, "p1", "settings 1.0"))

    assert reader.runs.run("r1") == RunRecord(
        "r1", "plan", "digest", MONDAY, MONDAY, "p1", "in step", {"directory": {"held": 1}}, "settings 1.0"
    )


def test_the_newest_run_comes_first(lease: Lease, reader: StateReader) -> None:
    """And no more than were asked for."""
    for run_id in ("r1", "r2", "r3"):
        start_run(lease, run_id, "plan", "digest")

    assert [run.run_id for run in reader.runs.latest_runs(2)] == ["r3", "r2"]


def test_a_run_that_was_not_begun_cannot_end(lease: Lease) -> None:
    """It would be lost without a word."""
    with pytest.raises(StateError, match="r9"):
        finish_run(lease, "r9", Ended("in step", {}))


def test_a_run_is_named_by_its_first_digits(lease: Lease, store: Store) -> None:
    """Eight digits or more, in either case, where they are one run's."""
    for run_id in ("0123456789abcdef", "01234567aaaabbbb", "fedcba9876543210"):
        start_run(lease, run_id, "plan", "digest")
    assert full_run_id(store, "FEDCBA98") == "fedcba9876543210"
    assert full_run_id(store, "0123456789abcdef") == "0123456789abcdef"
    assert run_named(store, "fedcba9") is None
    for start, message, remedy in (
        ("01234567", "Several runs begin with 01234567", "more digits"),
        ("fedcba9", "fedcba9 is too short for the id of a run", "at least 8"),
        ("fedcba99", "There is no run fedcba99", "history"),
        ("fedc%", "There is no run fedc%", "history"),
    ):
        with pytest.raises(StateError, match=message) as caught:
            full_run_id(store, start)
        assert remedy in caught.value.remedy


def test_findings_of_a_run_keep_their_order(lease: Lease, reader: StateReader) -> None:
    """They are shown as they were found."""
    start_run(lease, "r1", "plan", "digest")
    found = [Finding(f"rule-{number}", Severity.NOTE, "m", "r", ("dn",)) for number in (3, 1, 2)]
    record_findings(lease, "r1", found)

    assert reader.runs.findings("r1") == tuple(found)
    assert reader.runs.findings("r2") == ()


def test_a_proven_read_is_no_measure_before_it_is_believed(lease: Lease, reader: StateReader) -> None:
    """A short read made twice must not look complete the second time."""
    full = read(lease, [person("a"), person("b")], [group("g")])
    believe_reads(lease, [full.read_no])
    read(lease, [person("a")])
    measure = reader.runs.last_believed_reads()

    assert {kind: found.entries for (_, kind), found in measure.items()} == {
        ResourceType.USER: 2,
        ResourceType.GROUP: 1,
    }
    assert measure[CORP, ResourceType.USER].server == "ldap.example.com:389"
    assert measure[CORP, ResourceType.USER].finished_at == MONDAY


def test_each_directory_has_its_own_measure(lease: Lease, reader: StateReader) -> None:
    """The last read of one is not the measure of another."""
    one = read(lease, [person("a")])
    other = read(lease, directory="lab")
    newer = read(lease, [person("a"), person("b")])
    believe_reads(lease, [one.read_no, other.read_no, newer.read_no])
    measure = reader.runs.last_believed_reads()

    assert measure[CORP, ResourceType.USER].entries == 2
    assert measure["lab", ResourceType.USER].entries == 0
