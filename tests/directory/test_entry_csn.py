"""Changes by stamp: no write is missed that ends within the overlap, and damaged positions are refused."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.directory import entry_csn
from ldap2scim.directory.changes import ChangeMethod, Position, Touch
from ldap2scim.directory.entry_csn import Place
from ldap2scim.errors import ChangesRefused, DirectoryUnavailable, ReadIncomplete
from tests.directory.scripted import Answer, ScriptedWire, Start, done, entry

EPOCH = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECONDS = st.integers(min_value=0, max_value=600)
WRITES = st.lists(st.tuples(SECONDS, st.integers(min_value=0, max_value=59)), max_size=20)
SKEWS = st.integers(min_value=-3600, max_value=3600)
UUID = "00000000-0000-0000-0000-000000000001"


def at(second: float) -> datetime:
    """Return a moment of the test."""
    return EPOCH + timedelta(seconds=second)


@pytest.mark.parametrize("attribute", ["entryCSN", "modifyTimestamp"])
@given(WRITES, st.lists(SECONDS, min_size=1, max_size=15).map(sorted), SKEWS)
def test_no_write_is_missed(attribute: str, writes: list[tuple[int, int]], looks: list[int], skew: int) -> None:
    """A write that takes up to a minute is reported by a look after its end, however the clocks differ.

    Each write has its stamp when it begins, by the server's clock, and is seen from its end on.
    """
    stamps = [(entry_csn.stamp(at(begin + skew), attribute), begin + lasts) for begin, lasts in writes]
    start = entry_csn.stamp(at(skew - 86400), attribute)
    place, reported = Place(attribute, start, start, at(0)), set()
    for look in [*looks, looks[-1] + 60]:
        seen = {found for found in stamps if found[1] <= look and found[0] >= place.bound}
        reported |= seen
        place = place.next(max((found for found, _ in seen), default=place.greatest), at(look), at(look))
        assert reported >= {found for found in stamps if found[1] <= look}
    assert place.bound <= place.greatest


def test_quiet_directory_reports_the_last_write_alone() -> None:
    """When a minute has passed without a write, the overlap is over: what was written before is not sent again."""
    place = Place(
        "entryCSN", "20261121120000.000000Z#000000#000#000000", "20261121120130.123456Z#000000#001#000000", at(0)
    )
    same = place.next("", at(30), at(31))
    assert same.bound == "20261121120030.000000Z#000000#000#000000"
    assert same.next("", at(60), at(60)).bound == place.greatest


def test_overlap_is_counted_from_the_end_of_the_look() -> None:
    """A look that took long saw its greatest stamp at its end at the latest."""
    low, high = (entry_csn.stamp(at(second), "entryCSN") for second in (0, 100))
    place = Place("entryCSN", low, low, at(0)).next(high, at(10), at(50))
    assert place.seen_at == at(50)
    assert place.next(high, at(100), at(100)).bound < high
    assert place.next(high, at(110), at(110)).bound == high


def position(**changes: object) -> Position:
    """Return a position, changed by what is given."""
    stamp = "20261121120000.000000Z#000000#000#000000"
    values = {"attribute": "entryCSN", "bound": stamp, "greatest": stamp, "seen_at": at(0)}
    return Position(ChangeMethod.ENTRY_CSN, orjson.dumps(values | changes))


BASE_FOUND = [entry("dc=example,dc=com", entryCSN=[b"20261121110000.000000Z#000000#000#000000"]), done(cookie=None)]


@pytest.mark.parametrize(
    "found",
    [
        Position(ChangeMethod.ENTRY_CSN, b""),
        Position(ChangeMethod.ENTRY_CSN, b"[]"),
        Position(ChangeMethod.ENTRY_CSN, b"{}"),
        position(attribute="description"),
        position(bound="yesterday"),
        position(greatest=7),
        position(seen_at="noon"),
        position(seen_at="2026-11-21T12:00:00"),
    ],
)
def test_damaged_position_is_refused(start: Start, found: Position) -> None:
    """A position that we did not write, whatever is wrong with it, is refused before anything is asked."""
    session = start(ScriptedWire())
    with pytest.raises(ChangesRefused, match="damaged"):
        entry_csn.since(session, session._settings, found)


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        ([[done(cookie=None)]], ChangesRefused, "may not search entryCSN"),
        ([[done(52, cookie=None)]], DirectoryUnavailable, "unavailable"),
        ([BASE_FOUND, [done(4, cookie=None)]], ChangesRefused, "sizeLimitExceeded"),
        ([BASE_FOUND, [done(50, cookie=None)]], ReadIncomplete, "insufficientAccessRights"),
        ([BASE_FOUND, [entry("cn=a"), done(cookie=None)]], ChangesRefused, "entryUUID of cn=a"),
    ],
    ids=["no right to the stamp", "unavailable", "limit", "refused", "no right to the name"],
)
def test_search_that_tells_nothing(
    start: Start, script: list[list[Answer] | OSError], kind: type[Exception], words: str
) -> None:
    """What may not be searched is silently not found; that is noticed, and is not taken for no change."""
    session = start(ScriptedWire(*script))
    with pytest.raises(kind, match=words):
        entry_csn.since(session, session._settings, position())


def test_changes_are_never_sure(start: Start) -> None:
    """Changed entries are named; that deleted ones are not is said each time."""
    csn = [b"20261121120130.000000Z#000000#000#000000"]
    changed = entry("cn=a", entryUUID=[UUID.upper().encode()], entryCSN=csn, hasSubordinates=[b"FALSE"])
    session = start(ScriptedWire(BASE_FOUND, [changed, done(cookie=None)]))
    found = entry_csn.since(session, session._settings, position(), lambda: at(10))
    assert found.touched == (Touch(UUID, "cn=a"),)
    assert found.unsure is not None
    assert "deleted" in found.unsure
    assert b"20261121120030" in found.position.cookie
    assert found.transferred == 2


def test_first_position_looks_back_no_further_than_needed(start: Start) -> None:
    """The greatest stamp of the last minute, hour or day begins it; where there is none, the bound of a day does."""
    late = entry("cn=a", entryCSN=[b"20261121113000.000000Z#000000#000#000000"])
    wire = ScriptedWire(BASE_FOUND, [done(cookie=None)], [late, done(cookie=None)])
    session = start(wire)
    found = entry_csn.begin(session, session._settings, lambda: EPOCH)
    assert found is not None
    assert b'"bound":"20261121112900' in found.cookie
    empty = [done(cookie=None)]
    session = start(ScriptedWire(BASE_FOUND, empty, empty, empty))
    found = entry_csn.begin(session, session._settings, lambda: EPOCH)
    assert found is not None
    assert b'"bound":"20261120120000' in found.cookie


def test_modify_timestamp_stands_in(start: Start) -> None:
    """Where entryCSN may not be searched, modifyTimestamp is; where neither may, there is no position."""
    stamp = [b"20261121113000Z"]
    base = [entry("dc=example,dc=com", modifyTimestamp=stamp), done(cookie=None)]
    changed = [entry("cn=a", modifyTimestamp=stamp), done(cookie=None)]
    session = start(ScriptedWire([done(cookie=None)], base, changed))
    found = entry_csn.begin(session, session._settings, lambda: EPOCH)
    assert found is not None
    assert b'"bound":"20261121112900Z"' in found.cookie
    session = start(ScriptedWire([done(cookie=None)], [done(cookie=None)]))
    assert entry_csn.begin(session, session._settings, lambda: EPOCH) is None
