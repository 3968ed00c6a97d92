"""Distinguished names of the embedded directory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.sandbox.directory.names import escape, is_within, key_of, parent_of, parse, split_first
from ldap2scim.sandbox.directory.results import Refused

VALUES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@pytest.mark.parametrize(
    "other",
    [
        "CN=Müller\\, Jo,OU=People,DC=example",
        "cn=müller\\2C jo , ou=people , dc=example",
        "cn=M\\c3\\BCller\\, Jo,ou=People,dc=EXAMPLE",
        "commonName=Müller\\,  Jo,2.5.4.11=People,dc=example",
    ],
)
def test_the_same_name(other: str) -> None:
    """Case, blanks, ways to escape and other names of an attribute type make no other name (RFC 4517 §4.2.15)."""
    assert key_of(other) == key_of("cn=Müller\\, Jo,ou=People,dc=example")


def test_parts_of_an_rdn_have_no_order() -> None:
    """An RDN of several values is a set."""
    assert key_of("cn=a+uid=b,dc=x") == key_of("uid=B + cn=A,dc=x") != key_of("cn=a,dc=x")


def test_a_value_that_looks_like_a_suffix_is_not_below_it() -> None:
    """An escaped comma does not open a new level."""
    assert not is_within(key_of("cn=a\\,dc=x"), key_of("dc=x"))
    assert is_within(key_of("cn=a\\,b,dc=x"), key_of("dc=x"))


@given(VALUES)
def test_every_value_can_be_escaped(value: str) -> None:
    """A value that is escaped into a DN is parsed out of it again, and leaves the rest of the name alone."""
    dn = f"cn={escape(value)},dc=x"
    assert parse(dn) == ((("cn", value),), (("dc", "x"),))
    assert parent_of(key_of(dn)) == key_of("dc=x")
    assert split_first(dn) == (f"cn={escape(value)}", "dc=x")


@pytest.mark.parametrize("dn", ["nonsense", "cn=a,,dc=x", "=a,dc=x"])
def test_what_is_no_name_is_refused(dn: str) -> None:
    """A text without attribute types is invalidDNSyntax."""
    with pytest.raises(Refused, match="invalid DN"):
        key_of(dn)
