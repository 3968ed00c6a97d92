"""Totals of a read, and entries that nobody can name."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ldap2scim.findings import Severity
from ldap2scim.model import ResourceType
from ldap2scim.planning.states import ReadState
from tests.validations.worlds import GROUP, NOW, USER, read, rules, verdict
from validations.state import LONGEST_BLOCK


def test_a_directory_without_any_user_stops_the_run() -> None:
    """An empty read is a fault of rights or filter until a person says otherwise; the filter is named."""
    found = verdict(reads=(read(USER, 0, 100, "(ou=nowhere)"),))

    assert rules(found.findings) == [("empty-read", "stop")]
    assert "(ou=nowhere)" in found.findings[0].message
    assert found.findings[0].subjects == ("ad",)
    assert found.state_of(read(USER, 0)) is ReadState.SHORT


def test_an_empty_first_read_stops_the_run_too() -> None:
    """That nothing was believed before makes an empty read no better."""
    assert rules(verdict(reads=(read(USER, 0, None),)).findings) == [("empty-read", "stop")]


@pytest.mark.parametrize("kind", [USER, GROUP])
def test_a_short_read_removes_nobody_and_shows_the_counts(kind: object) -> None:
    """Less than 90 % of the last read that was believed is held."""
    fact = read(USER if kind is USER else GROUP, 89, 100)
    found = verdict(users=[("ad:1", "a", "1")], reads=(fact,))

    assert rules(found.findings) == [("short-read", "hold")]
    assert "gave 89" in found.findings[0].message
    assert "gave 100" in found.findings[0].message
    assert found.state_of(fact) is ReadState.SHORT


def test_a_read_at_the_limit_is_proven() -> None:
    """90 % exactly is enough."""
    fact = read(USER, 90, 100)
    found = verdict(users=[("ad:1", "a", "1")], reads=(fact,))

    assert found.findings == ()
    assert found.state_of(fact) is ReadState.PROVEN


def test_a_short_read_of_groups_says_nothing_of_people() -> None:
    """Each kind is judged apart."""
    people, groups = read(USER, 100, 100), read(GROUP, 0, 10)
    found = verdict(users=[("ad:1", "a", "1")], reads=(people, groups))

    assert rules(found.findings) == [("short-read", "hold")]
    assert found.state_of(people) is ReadState.PROVEN
    assert found.state_of(groups) is ReadState.SHORT


def test_a_group_filter_that_selects_nothing_is_noted() -> None:
    """Where groups were never seen, none can be lost; the filter deserves a word."""
    found = verdict(reads=(read(GROUP, 0, None, "(cn=app-*)"),))

    assert rules(found.findings) == [("no-groups-read", "note")]
    assert "(cn=app-*)" in found.findings[0].message


def test_a_group_filter_that_is_meant_to_select_nothing_is_not_noted() -> None:
    """`!(cn=*)` is the administrator's word for no groups."""
    assert verdict(reads=(read(GROUP, 0, None, "!(cn=*)"),)).findings == ()


def test_a_directory_of_whom_everybody_is_held_is_said_once() -> None:
    """A mapped attribute that no entry has holds everybody; one finding says so of the directory."""
    found = verdict(users=[("ad2:1", "a", "1")], reads=(read(USER, 7, 7),))

    assert rules(found.findings) == [("nobody-mapped", "hold")]
    assert "None of the 7 users" in found.findings[0].message


@pytest.mark.parametrize(
    ("since", "severity"), [(timedelta(), "note"), (LONGEST_BLOCK, "note"), (LONGEST_BLOCK * 1.01, "stop")]
)
def test_an_entry_without_a_key_calls_a_person_after_a_day(since: timedelta, severity: str) -> None:
    """While nobody knows who it is nobody is removed; that may not last unseen."""
    found = verdict(keyless_since={("ad", USER): NOW - since})

    assert rules(found.findings) == [("removals-blocked", severity)]
    assert found.holds == frozenset()


def test_a_server_that_is_behind_removes_nobody_and_is_named_once() -> None:
    """What it lacks stands in the finding; both of its reads are held."""
    reads = tuple(replace(read(kind, 100, 100), behind="it lacks the last 20 changes") for kind in ResourceType)

    found = verdict([("ad:1", "a", "1")], reads=reads)

    (behind,) = [one for one in found.findings if one.rule == "server-behind"]
    assert "ldap.example" in behind.message
    assert "it lacks the last 20 changes" in behind.message
    assert behind.severity is Severity.HOLD
    assert {found.state_of(fact) for fact in reads} == {ReadState.SHORT}
