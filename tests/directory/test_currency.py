"""Is a server behind the one that was read last?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.directory.currency import behind, from_json, to_json
from ldap2scim.directory.reader import ServerState

A, B = "5f3d0a7e-1111-4c00-8a00-000000000001", "5f3d0a7e-2222-4c00-8a00-000000000002"
OLD, NEW = "20261121100000.000000Z#000000#001#000000", "20261121100500.000000Z#000000#001#000000"


def usn(number: int) -> str:
    """Return a mark of Active Directory."""
    return f"{number:020}"


def test_the_same_server_with_later_changes_is_not_behind() -> None:
    """It knows all that it knew, and more."""
    assert behind(ServerState("dc1", ((A, usn(1001)),)), ServerState("dc1", ((A, usn(1000)),))) is None
    assert behind(ServerState("dc1", ((A, usn(1000)),)), ServerState("dc1", ((A, usn(1000)),))) is None


def test_a_controller_that_lacks_changes_of_another_says_how_many() -> None:
    """The numbers are compared as numbers of the one where the changes were made."""
    found = behind(ServerState(B, ((A, usn(980)), (B, usn(70)))), ServerState(A, ((A, usn(1000)),)))

    assert found == f"it lacks the last 20 update sequence numbers of {A}"


def test_a_controller_that_does_not_know_an_origin_may_lack_anything() -> None:
    """Without its up-to-dateness vector nobody can say that it has what the other had."""
    found = behind(ServerState(B, ((B, usn(70)),)), ServerState(A, ((A, usn(1000)),)))

    assert found == f"it does not say whether it knows the changes made at {A}"


def test_a_replica_with_an_older_change_stamp_says_both_times() -> None:
    """They tell the administrator since when replication stands still."""
    found = behind(ServerState("b:389", (("001", OLD),)), ServerState("a:389", (("001", NEW),)))

    assert found is not None
    assert "2026-11-21 10:00:00" in found
    assert "2026-11-21 10:05:00" in found


def test_another_server_is_not_believed_where_neither_says_anything() -> None:
    """Of a server without any mark only the same one is known not to be older."""
    assert behind(ServerState("a:389"), ServerState("a:389")) is None
    assert behind(ServerState("b:389"), ServerState("a:389")) is not None


def test_a_server_that_begins_to_say_how_current_it_is_is_believed() -> None:
    """An overlay was loaded: what was not known before cannot be lacking."""
    assert behind(ServerState("a:389", (("001", NEW),)), ServerState("a:389")) is None


@pytest.mark.parametrize("mark", ["no stamp", "20261121T#0#0#0"])
def test_a_mark_that_cannot_be_read_is_shown_as_it_is(mark: str) -> None:
    """It still compares as text."""
    found = behind(ServerState("a:389", (("001", mark),)), ServerState("a:389", (("001", f"{mark}z"),)))

    assert found is not None
    assert mark in found


marks = st.dictionaries(st.sampled_from([A, B, "c"]), st.integers(0, 10**9).map(usn)).map(
    lambda known: tuple(sorted(known.items()))
)


@given(marks, marks)
def test_who_knows_all_is_not_behind(now: tuple[tuple[str, str], ...], before: tuple[tuple[str, str], ...]) -> None:
    """A server is behind if, and only if, it knows of some origin less than was known."""
    known = dict(now)
    lacks = any(known.get(origin, "") < mark for origin, mark in before)

    assert (behind(ServerState("s", now), ServerState("s", before)) is not None) is lacks


@given(marks)
def test_a_state_is_kept(known: tuple[tuple[str, str], ...]) -> None:
    """What is written is read again."""
    assert from_json(to_json(ServerState("dc1.corp.example:389", known))) == ServerState("dc1.corp.example:389", known)
