"""Search filters: what administrators write is read, and what is built cannot be misread."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.directory import filters
from ldap2scim.directory.filters import (
    And,
    Comparison,
    Extensible,
    Filter,
    FilterError,
    Not,
    Operator,
    Or,
    Present,
    Substrings,
)

NAMES = st.sampled_from(["cn", "objectClass", "2.5.4.3", "cn;lang-ja", "msDS-PhoneticLastName"])
VALUES = st.binary(max_size=8) | st.text(max_size=8).map(str.encode) | st.sampled_from([b"(*)", b"\\2a", b" x "])
SUBSTRINGS = st.builds(Substrings, NAMES, VALUES, st.lists(VALUES.filter(bool), max_size=2).map(tuple), VALUES).filter(
    lambda found: bool(found.initial or found.middle or found.final)
)
EXTENSIBLE = st.builds(
    Extensible,
    NAMES | st.just(""),
    st.booleans(),
    st.sampled_from(["1.2.840.113556.1.4.1941", "caseExactMatch"]),
    VALUES,
) | st.builds(Extensible, NAMES, st.booleans(), st.just(""), VALUES)
ITEMS = (
    st.builds(Comparison, NAMES, st.sampled_from(Operator), VALUES)
    | st.builds(Present, NAMES)
    | SUBSTRINGS
    | EXTENSIBLE
)
FILTERS: st.SearchStrategy[Filter] = st.recursive(
    ITEMS,
    lambda inner: (
        st.builds(And, st.lists(inner, max_size=3).map(tuple))
        | st.builds(Or, st.lists(inner, max_size=3).map(tuple))
        | st.builds(Not, inner)
    ),
    max_leaves=8,
)


@given(FILTERS)
def test_rendered_filter_means_the_same(found: Filter) -> None:
    """A filter that is rendered and read again is the same filter."""
    assert filters.parse(filters.render(found)) == found


@given(FILTERS)
def test_outer_parentheses_do_not_matter(found: Filter) -> None:
    """A filter without its outer parentheses, as in config.yml, is the same filter."""
    bare = filters.render(found)[1:-1]
    assert filters.parse(bare) == found or bare != bare.strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("!(cn=*)", "(!(cn=*))"),
        ("CN=IIJ Taro", "(CN=IIJ Taro)"),
        (
            "memberOf:1.2.840.113556.1.4.1941:=CN=idaas,OU=G,DC=corp,DC=example",
            "(memberOf:1.2.840.113556.1.4.1941:=CN=idaas,OU=G,DC=corp,DC=example)",
        ),
        (" (&(a=b)\n  (|(c=d*e*)(!(f>=1)))\n) ", "(&(a=b)(|(c=d*e*)(!(f>=1))))"),
        ("(a=**)", "(a=*)"),
    ],
)
def test_filters_of_administrators(text: str, expected: str) -> None:
    """Missing outer parentheses and line breaks between filters are read as they are meant."""
    assert filters.render(filters.parse(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(cn=Babs Jensen)", Comparison("cn", Operator.EQUAL, b"Babs Jensen")),
        ("(!(cn=Tim Howes))", Not(Comparison("cn", Operator.EQUAL, b"Tim Howes"))),
        ("(o=univ*of*mich*)", Substrings("o", b"univ", (b"of", b"mich"), b"")),
        ("(seeAlso=)", Comparison("seeAlso", Operator.EQUAL, b"")),
        ("(cn:caseExactMatch:=Fred Flintstone)", Extensible("cn", False, "caseExactMatch", b"Fred Flintstone")),
        ("(cn:=Betty Rubble)", Extensible("cn", False, "", b"Betty Rubble")),
        ("(sn:dn:2.4.6.8.10:=Barney Rubble)", Extensible("sn", True, "2.4.6.8.10", b"Barney Rubble")),
        ("(o:dn:=Ace Industry)", Extensible("o", True, "", b"Ace Industry")),
        ("(:1.2.3:=Wilma Flintstone)", Extensible("", False, "1.2.3", b"Wilma Flintstone")),
        ("(:DN:2.4.6.8.10:=Dino)", Extensible("", True, "2.4.6.8.10", b"Dino")),
        ("(cn=*\\2A*)", Substrings("cn", b"", (b"*",), b"")),
        ("(bin=\\00\\00\\00\\04)", Comparison("bin", Operator.EQUAL, b"\0\0\0\4")),
        ("(sn=Lu\\c4\\8di\\c4\\87)", Comparison("sn", Operator.EQUAL, "Lučić".encode())),
        ("(&)", And(())),
    ],
)
def test_examples_of_rfc_4515(text: str, expected: Filter) -> None:
    """The examples of RFC 4515 §4 (and the true filter of RFC 4526) are read as described there."""
    assert filters.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("", 1, "attribute name"),
        ("cn", 3, '"="'),
        ("(cn=a", 6, 'closes the "\\(" of column 1'),
        ("(cn=a(b)", 6, "28"),
        ("cn=x)", 5, "end of the filter"),
        ("(a=b)(c=d)", 6, "end of the filter"),
        ("(&(a=b)x)", 8, "next filter"),
        ("(!(a=b)(c=d))", 3, "exactly one"),
        ("(cn=\\x)", 6, "hexadecimal"),
        ("(cn>=a*)", 6, "2a"),
        ("(:=x)", 2, "attribute or a matching rule"),
        ("(cn:rule=x)", 9, '":="'),
    ],
)
def test_error_names_column_and_what_was_expected(text: str, column: int, expected: str) -> None:
    """A filter that cannot be read is refused with the column and what was expected there."""
    with pytest.raises(FilterError, match=expected) as caught:
        filters.parse(text)
    assert caught.value.column == column


@given(st.text(alphabet="()&|!=*\\:<>~acn1.2 ", max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the parser fail with anything but its own error."""
    try:
        found = filters.parse(text)
    except FilterError as error:
        column = error.column
    else:
        column = 1
        assert filters.parse(filters.render(found)) == found
    assert 1 <= column <= len(text) + 1


@given(st.text(max_size=10))
def test_builders_escape(value: str) -> None:
    """Nothing in a value changes the shape of the filter that is built with it."""
    assert filters.parse(filters.render(filters.equals("cn", value))) == Comparison(
        "cn", Operator.EQUAL, value.encode()
    )


def test_object_class_joins_the_administrators_filter() -> None:
    """The filter of the class and the administrator's are both wanted; an empty one adds nothing."""
    assert filters.render(filters.with_object_class("inetOrgPerson", "|(uid=a)(uid=b)")) == (
        "(&(objectClass=inetOrgPerson)(|(uid=a)(uid=b)))"
    )
    assert filters.render(filters.with_object_class("inetOrgPerson", " ")) == "(objectClass=inetOrgPerson)"
