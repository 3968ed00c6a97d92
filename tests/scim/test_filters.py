"""Filters of RFC 7644 §3.4.2.2: built, read, evaluated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.scim.filter_match import matches
from ldap2scim.scim.filter_parser import FilterProblem, ParsedFilter, parse
from ldap2scim.scim.filters import And, Comparison, Or, ValuePath, eq
from tests.scim.strategies import sample


def parsed(text: str) -> ParsedFilter:
    """Return a filter that can be read."""
    result = parse(text)
    assert isinstance(result, ParsedFilter), result
    return result


@given(st.text(st.characters(codec="utf-8")))
def test_any_value_survives_building_and_reading(value: str) -> None:
    """Quotation marks, backslashes and control characters are escaped."""
    assert parsed(eq("externalId", value)).root == Comparison("externalId", "eq", value)


@given(st.text(st.characters(codec="utf-8"), min_size=1), st.text(min_size=1))
def test_a_built_filter_selects_exactly_its_value(value: str, other: str) -> None:
    """Whoever has the value is selected; an injected value selects nobody else."""
    root = parsed(eq("externalId", value)).root

    assert matches(root, {"externalId": value})
    assert matches(root, {"externalId": other}) is (value == other)


def test_an_attribute_that_is_none_is_a_mistake_of_the_program() -> None:
    """No text of a user comes in where an attribute belongs."""
    with pytest.raises(ValueError, match="not an attribute path"):
        eq('userName eq "x" or id', "y")


@pytest.mark.parametrize("text", sample("rfc7644-3.4.2.2"))
def test_the_filters_of_the_rfc_can_be_read(text: str) -> None:
    """Every example of RFC 7644 §3.4.2.2."""
    assert parsed(text).attributes


def test_and_binds_closer_than_or() -> None:
    """RFC 7644 §3.4.2.2, table 5."""
    match parsed('a pr or b pr and c pr or d eq "x"').root:
        case Or((Comparison("a"), And((Comparison("b"), Comparison("c"))), Comparison("d"))):
            pass
        case other:
            pytest.fail(f"read as {other}")


def test_attributes_and_operators_are_told() -> None:
    """Those inside a value path with its attribute, each once."""
    result = parsed('emails[type EQ "work" and value co "@x"] and NOT (userName pr) and userName pr')

    assert result.attributes == ("emails.type", "emails.value", "userName")
    assert result.operators == ("eq", "co", "pr")
    assert isinstance(parsed('emails[type eq "x"]').root, ValuePath)


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", 1, "ends where an attribute"),
        ("userName", 9, "ends where an operator"),
        ('userName = "x"', 10, "`=` is not an operator"),
        ("userName eq", 12, "ends where a value"),
        ("userName eq bob", 13, '`bob` is not a value; a text stands in quotation marks: "bob"'),
        ('userName eq "bob', 13, "no closing quotation mark"),
        ('userName eq "bob" title pr', 19, "`and`, `or` or the end"),
        ('(userName eq "bob"', 19, "ends where `)`"),
        ('emails[type eq "x")', 19, "`]` is expected"),
        ("not userName pr", 5, "`not` is followed by `(`"),
        ('"userName" pr', 1, "an attribute is expected"),
        ("userName pr and", 16, "ends where an attribute"),
        ("user+name pr", 1, "an attribute is expected"),
        ("(" * 2000 + "a pr" + ")" * 2000, 51, "brackets"),
    ],
)
def test_a_filter_that_cannot_be_read_says_where(text: str, column: int, words: str) -> None:
    """The column counts from 1, and the message says what is expected."""
    problem = parse(text)

    assert isinstance(problem, FilterProblem)
    assert problem.column == column
    assert words in problem.message
    assert str(problem).startswith(f"column {column}: ")


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    """Anything is either a filter or a problem."""
    assert isinstance(parse(text), ParsedFilter | FilterProblem)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('userName eq "BJENSEN@example.com"', True),
        ('externalId eq "701984"', True),
        ('id eq "2819C223-7f76-453a-919d-413861904646"', False),  # case counts
        ('name.familyName co "ens"', True),
        ('userName sw "b" and userName ew ".com"', True),
        ('emails eq "babs@jensen.org"', True),
        ('emails.type eq "home"', True),
        ('emails[type eq "home" and value co "example"]', False),
        ('emails[type eq "work" and primary eq true]', True),
        ("active eq true", True),
        ("active eq false", False),
        ('active eq "true"', True),
        ("title pr and not (nickName pr)", False),
        ('title ne "Boss"', True),
        ('nothing ne "x"', True),
        ("nothing pr", False),
        ('nothing eq ""', True),
        ("nothing eq null", True),
        ('displayName eq ""', False),
        ('meta.lastModified ge "2011-05-13T04:42:34Z" and meta.lastModified le "2011-05-13T04:42:34Z"', True),
        ('meta.lastModified gt "2011-05-13T04:42:34Z" or meta.created lt "2010"', False),
        ('urn:ietf:params:scim:schemas:core:2.0:User:userName sw "B"', True),
        ('schemas eq "urn:ietf:params:scim:schemas:core:2.0:User"', True),
    ],
)
def test_a_resource_is_judged_as_the_rfc_says(text: str, expected: bool) -> None:
    """Against the full user of RFC 7643 §8.2; case counts in id and externalId alone."""
    assert matches(parsed(text).root, sample("rfc7643-8.2")) is expected


def test_the_pair_that_owns_no_group_selects_none() -> None:
    """`displayName eq ""` of the IIJ ID Service: no group has an empty name."""
    root = parsed('displayName eq ""').root

    assert not matches(root, sample("rfc7643-8.4"))


def test_an_extension_attribute_is_found_by_its_urn() -> None:
    """RFC 7644 §3.10."""
    text = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "tour operations"'

    assert matches(parsed(text).root, sample("rfc7643-8.3"))


@pytest.mark.parametrize(
    ("written", "selected"),
    [
        ("2026-11-22T07:00:00Z", True),
        ("2026-11-22T16:00:00.000+09:00", True),
        ("2026-11-22T07:00:01Z", False),
        ("2026-11-22T16:00:01+09:00", False),
        ("yesterday", False),
    ],
)
def test_moments_are_compared_as_moments(written: str, selected: bool) -> None:
    """Zone and precision are a matter of writing (RFC 7643 §2.3.5); as text 07:00 would be before 16:00."""
    parsed = parse(f'meta.lastModified ge "{written}"')
    assert isinstance(parsed, ParsedFilter)
    assert matches(parsed.root, {"meta": {"lastModified": "2026-11-22T07:00:00.5Z"}}) is selected
