"""Walking back over many renames: each costs what it concerns, and not what there is."""

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.model import Key
from ldap2scim.state.history_entries import Kind
from ldap2scim.state.walking_back import Entry, Pair, Walk, connected
from tests.state.worlds import key, known

NAMES = st.sampled_from("abcdef").map(key)


def renamed(number: int, old: Key, new: Key) -> Entry:
    """Return the entry that a row has another key since."""
    return Entry(number, new, Kind.RENAMED, {"from": old})


class _Once(list[Entry]):
    """A list that counts how often it is gone through."""

    rounds = 0

    def __iter__(self) -> Iterator[Entry]:
        """Begin."""
        self.rounds += 1
        return super().__iter__()


class _NotGoneThrough(dict[Pair, bool]):
    """Memberships that may be looked up alone."""

    def __iter__(self) -> Any:
        """Refuse."""
        raise AssertionError("all memberships were gone through")


def test_a_long_chain_of_renames_is_read_once() -> None:
    """Whichever end of it is asked about, and in whatever order it is told."""
    chain = [renamed(number, key(f"k{number}"), key(f"k{number + 1}")) for number in range(500)]
    for order in (chain, chain[::-1]):
        for end in ("k0", "k500"):
            renames = _Once(order)
            assert len(connected([key(end)], renames)) == 501
            assert renames.rounds == 1


@given(st.lists(st.tuples(NAMES, NAMES), max_size=6), st.frozensets(NAMES, max_size=2))
def test_what_is_connected_is_closed_and_reached(pairs: list[tuple[Key, Key]], begun: frozenset[Key]) -> None:
    """Every rename is inside or outside as a whole, and without one nothing is reached."""
    found = connected(begun, [renamed(number, *pair) for number, pair in enumerate(pairs)])
    expected = set(begun)
    for _ in pairs:
        expected |= {one for pair in pairs if not expected.isdisjoint(pair) for one in pair}
    assert found == expected


def test_a_rename_looks_at_its_own_memberships_alone() -> None:
    """The memberships of others that were met on the way are not gone through; its own go to the former key."""
    walk = Walk({key("g"): known("g"), key("new"): known("new")}, pairs=_NotGoneThrough())
    walk.back(Entry(3, key("g"), Kind.MEMBERS, {"removed": [key("new"), key("other")]}))
    walk.back(renamed(2, key("old"), key("new")))

    assert [pair for pair, there in walk.pairs.items() if there] == [(key("g"), key("other")), (key("g"), key("old"))]
    assert walk.rows[key("new")] is None
    assert walk.rows[key("old")] is not None
