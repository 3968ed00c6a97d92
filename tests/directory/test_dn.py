"""Distinguished names: reading them, writing them, and telling that two are the same name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.directory import dn
from ldap2scim.directory.dn import Assertion, DnError

VALUES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
AWKWARD = st.text(alphabet=' ,+"\\<>;=#\0\nAbß山ﬁＡ', min_size=1, max_size=8)
TYPES = st.sampled_from(["cn", "OU", "dc", "uid", "organizationalUnitName", "2.5.4.3", "employeeType"])
RDNS = st.lists(st.lists(st.tuples(TYPES, VALUES | AWKWARD), min_size=1, max_size=3), min_size=1, max_size=4)


def written(rdns: list[list[tuple[str, str]]]) -> str:
    """Write RDNs as a DN."""
    return ",".join("+".join(f"{name}={dn.escape_value(value)}" for name, value in rdn) for rdn in rdns)


@given(RDNS)
def test_what_is_escaped_is_read_back(rdns: list[list[tuple[str, str]]]) -> None:
    """A DN written with escape_value parses to the same types and values."""
    assert dn.parse(written(rdns)) == tuple(tuple(Assertion(*part) for part in rdn) for rdn in rdns)


@given(RDNS)
def test_normal_form_is_stable(rdns: list[list[tuple[str, str]]]) -> None:
    """The comparable form of a comparable form is itself, so the quick path and the parser agree."""
    once = dn.normalise(written(rdns))
    assert dn.normalise(once) == once


@given(RDNS)
def test_quick_path_and_parser_give_one_form(rdns: list[list[tuple[str, str]]]) -> None:
    """A name with every character written as a hexadecimal escape (never quick) compares equal to the plain one."""
    hexed = ",".join(
        "+".join(f"{name}=" + "".join(f"\\{octet:02x}" for octet in value.encode()) for name, value in rdn)
        for rdn in rdns
    )
    assert dn.normalise(hexed) == dn.normalise(written(rdns))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CN=Taro,DC=Example", "cn=taro,dc=example"),
        ("cn=taro , dc = example", "cn=taro,dc=example"),
        ("cn=Taro   Yamada,dc=example", "cn=taro yamada,dc=example"),
        ("cn=taro\\ ,dc=example", "cn=taro,dc=example"),
        ("cn=a\\2Cb,dc=example", "cn=a\\,b,dc=example"),
        ("cn=M\\C3\\BCller", "cn=MÜLLER"),
        ("ou=Sales+cn=Taro,dc=example", "cn=Taro+ou=Sales,dc=example"),
        ("commonName=taro,2.5.4.11=people,domainComponent=example", "cn=taro,ou=people,dc=example"),
        ("OID.2.5.4.3=taro", "cn=taro"),
        ("cn=ＴＡＲＯ", "cn=taro"),
        ("cn=a\\=b", "cn=a=b"),
        ("cn=Straße", "cn=STRASSE"),
        ("cn=#04024869", "CN=#04024869"),
        ("cn=山\u2028田", "cn=山 田"),
        ("cn=a\udcff", "cn=a\\ff"),
        ("cn=Smith\\, John,dc=example", "cn=smith\\2c john,dc=example"),
    ],
)
def test_spellings_of_one_name(one: str, other: str) -> None:
    """Case, spaces, escapes, width and the order inside an RDN do not make another name."""
    assert dn.normalise(one) == dn.normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cn=a,dc=x", "cn=a\\,dc\\=x"),
        ("cn=a+ou=b", "cn=a\\+ou\\=b"),
        ("cn=a，dc=x", "cn=a,dc=x"),
        ("cn=ab", "cn=a b"),
        ("cn=#04024869", "cn=\\#04024869"),
    ],
)
def test_different_names_stay_different(one: str, other: str) -> None:
    """An escaped or full-width separator is part of the value, and an inner space counts."""
    assert dn.normalise(one) != dn.normalise(other)


def test_examples_of_rfc_4514() -> None:
    """The examples of RFC 4514 §4 parse as described there."""
    assert dn.parse("UID=jsmith,DC=example,DC=net")[0] == (Assertion("UID", "jsmith"),)
    assert dn.parse("OU=Sales+CN=J.  Smith,DC=example,DC=net")[0] == (
        Assertion("OU", "Sales"),
        Assertion("CN", "J.  Smith"),
    )
    assert dn.rdn_value('CN=James \\"Jim\\" Smith\\, III,DC=example,DC=net') == 'James "Jim" Smith, III'
    assert dn.rdn_value("CN=Before\\0dAfter,DC=example,DC=net") == "Before\rAfter"
    assert dn.parse("1.3.6.1.4.1.1466.0=#04024869")[0] == (Assertion("1.3.6.1.4.1.1466.0", b"\x04\x02Hi"),)
    assert dn.rdn_value("CN=Lu\\C4\\8Di\\C4\\87") == "Lučić"
    assert dn.parse("") == ()


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("taro", 1, "attribute type"),
        ("cn=taro,people", 9, "attribute type"),
        ("cn=taro,", 9, "attribute type"),
        ('cn="taro"', 4, "escaped"),
        ("cn=a;b", 5, "escaped"),
        ("cn=a\\x", 6, "hexadecimal"),
        ("cn=a\\", 6, "hexadecimal"),
        ("cn=#0", 4, "hexadecimal digits"),
    ],
)
def test_error_names_the_column(text: str, column: int, expected: str) -> None:
    """A text that is no DN is refused with the column and what was expected there."""
    with pytest.raises(DnError, match=expected) as caught:
        dn.parse(text)
    assert caught.value.column == column
    with pytest.raises(DnError):
        dn.normalise(text)


@given(RDNS, RDNS)
def test_a_name_lies_in_what_its_last_parts_name(
    rdns: list[list[tuple[str, str]]], others: list[list[tuple[str, str]]]
) -> None:
    """An entry lies in its own name, in what is above it, and in the root; not in one that merely ends alike."""
    name = dn.normalise(written(rdns + others))
    parts = [dn.normalise(written(rdns[start:] + others)) for start in range(len(rdns) + 1)]
    assert all(dn.lies_in(name, (part,)) for part in (*parts, ""))
    assert dn.parse(name)[-len(others) :] == dn.parse(parts[-1])
    assert not dn.lies_in(parts[-1], (name,))
    assert not dn.lies_in(name, ())


def test_a_name_that_merely_ends_alike_lies_elsewhere() -> None:
    """What looks like a part inside a value is none, and what is no DN lies nowhere."""
    assert not dn.is_below("uid=a,ou=other branch,dc=x", "ou=branch,dc=x")
    assert not dn.is_below(r"uid=a\,ou\=branch,dc=x", "OU=Branch, dc=x")
    assert dn.is_below(r"uid=a\\,ou=branch,dc=x", "OU=Branch, dc=x")
    assert not dn.is_below("taro", "dc=x")
    assert not dn.is_below("dc=x", "taro")


def test_octets_that_are_not_utf8_survive() -> None:
    """A value of other octets than UTF-8 keeps them, and is told from another."""
    assert dn.normalise("cn=a\\FF") == dn.normalise("CN=A\\ff")
    assert dn.normalise("cn=a\\FF") != dn.normalise("cn=a\\FE")


@pytest.mark.parametrize("value", [" ", "  ", "#a", " a ", "a\\", "a b", "\\ "])
def test_spaces_and_marks_at_the_ends(value: str) -> None:
    """Leading and trailing spaces and a leading # are escaped, so that they are read back."""
    assert dn.rdn_value(f"cn={dn.escape_value(value)}") == value
