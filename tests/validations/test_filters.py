"""Filters that hold for nobody, for everybody, or that no service is asked."""

import pytest

from validations.filters import ldap_outcomes, scim_outcomes

EITHER, NEVER, ALWAYS = frozenset({True, False}), frozenset({False}), frozenset({True})


@pytest.mark.parametrize(
    ("text", "outcomes"),
    [
        ("!(cn=*)", NEVER),
        ("( !( cn=* ) )", NEVER),
        ("(!(objectClass=*))", NEVER),
        ("(&(department=sales)(!(department=sales)))", NEVER),
        ("(&(mail=a@example.jp)(!(mail=*)))", NEVER),
        ("(&(!(a=1))(|(A=1)(a=1)))", NEVER),
        ("(objectClass=*)", ALWAYS),
        ("(|(department=sales)(!(department=sales)))", ALWAYS),
        ("(|(mail=*)(cn=*))", ALWAYS),
        ("(mail=*)", EITHER),
        ("(&(department=sales)(department=legal))", EITHER),  # an attribute may have several values
        ("(|(title=x)(!(title=y)))", EITHER),
        ("(memberOf:1.2.840.113556.1.4.1941:=cn=x,dc=example)", EITHER),
    ],
)
def test_what_an_ldap_filter_can_come_to(text: str, outcomes: frozenset[bool]) -> None:
    """Every combination of answers is tried; whoever compares has a value, and everybody has a name."""
    assert ldap_outcomes(text) == outcomes


@pytest.mark.parametrize(
    ("text", "outcomes"),
    [
        ('userName eq ""', NEVER),
        ("not (id pr)", NEVER),
        ("active eq true and not (active eq true)", NEVER),
        ("userName pr", ALWAYS),
        ('id ne ""', ALWAYS),
        ("externalId pr or not (externalId pr)", ALWAYS),
        ('userName ew "@example.jp"', EITHER),
        ('emails[type eq "work"]', EITHER),
    ],
)
def test_what_a_scim_filter_can_come_to(text: str, outcomes: frozenset[bool]) -> None:
    """Everybody at a service has a login and an id."""
    assert scim_outcomes(text) == outcomes


def test_a_long_filter_is_not_tried() -> None:
    """The combinations double with each comparison; nothing is said of such a filter."""
    assert ldap_outcomes("(&" + "".join(f"(a{n}=1)(!(a{n}=1))" for n in range(11)) + ")") == EITHER
