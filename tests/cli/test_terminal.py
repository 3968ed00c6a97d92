"""Long lines on a terminal, and in a pipe."""

import io

import pytest

from ldap2scim.cli import output
from ldap2scim.cli.terminal import fitted

REASON = (
    "21 users would be removed or deactivated; the limit is 15 of 303, so that all of them are held: "
    "approve the plan's id if this is wanted."
)


class Terminal(io.StringIO):
    """A stream that somebody looks at."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_a_long_line_goes_on_below_its_column() -> None:
    """What belongs together stands together, and nothing of it is lost."""
    lines = fitted(f"  deactivate  held    {REASON}", 80)
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("  deactivate  held    21 users")
    assert {line[:22] for line in lines[1:]} == {" " * 22}
    assert " ".join(line.strip() for line in lines) == f"deactivate  held    {REASON}"


def test_a_table_whose_last_column_begins_far_right_goes_on_below_an_earlier_one() -> None:
    """Else a word would stand on each line."""
    lines = fitted(f"  2026-11-20 18:30:01  c3e400eb  a3a8cb25  deactivate  h.ikeda0120  applied  {REASON}", 80)
    assert max(map(len, lines)) <= 80
    assert len(lines) < 6


def test_a_long_word_stays_whole() -> None:
    """A DN can be copied."""
    dn = ",".join(f"ou=department{number}" for number in range(12))
    assert dn in fitted(f"  DN  {dn} and more words behind it", 80)[1].strip().split(" ")


@pytest.mark.parametrize(("stream", "longest"), [(Terminal(), 80), (io.StringIO(), len(REASON) + 4)])
def test_lines_are_broken_for_people_alone(stream: io.StringIO, longest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a pipe a line stays a line."""
    monkeypatch.setenv("COLUMNS", "80")
    output.page(f"  why  {REASON[4:]}\nshort\n", stream)
    written = stream.getvalue().splitlines()
    assert max(map(len, written)) <= longest
    assert (len(written) == 2) is not isinstance(stream, Terminal)
    assert written[-1] == "short"
