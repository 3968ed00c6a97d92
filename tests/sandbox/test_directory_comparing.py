"""How the embedded directory compares values."""

import pytest

from ldap2scim.sandbox.directory.comparing import comparable_as
from ldap2scim.sandbox.directory.syntaxes import Syntax


@pytest.mark.parametrize(
    ("syntax", "one", "other"),
    [
        (Syntax.TEXT, "Straße", "STRASSE"),
        (Syntax.TEXT, "山田　太郎", "山田 太郎"),
        (Syntax.TEXT, " a   b ", "A B"),
        (Syntax.INTEGER, "0012", "12"),
        (Syntax.TIME, "20260101090000+0900", "20260101000000Z"),
        (Syntax.TIME, "20260101000000.0Z", "20260101000000Z"),
        (Syntax.DN, "cn=A, dc=x", "CN=a,DC=X"),
    ],
)
def test_equal(syntax: Syntax, one: str, other: str) -> None:
    """Values that mean the same are equal, though they are written differently."""
    assert comparable_as(one.encode(), syntax) == comparable_as(other.encode(), syntax) is not None


@pytest.mark.parametrize(("syntax", "value"), [(Syntax.INTEGER, b"x"), (Syntax.TIME, b"2026"), (Syntax.TEXT, b"\xff")])
def test_what_a_syntax_does_not_allow_equals_nothing(syntax: Syntax, value: bytes) -> None:
    """Such a value has no form to be compared."""
    assert comparable_as(value, syntax) is None


def test_times_sort() -> None:
    """Times compare as times, whatever their zone."""
    early, late = (comparable_as(time, Syntax.TIME) for time in (b"20260101090000+0900", b"202601010001Z"))
    assert str(early) < str(late)
