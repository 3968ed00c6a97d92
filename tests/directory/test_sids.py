"""Security identifiers of Windows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.directory import sids
from ldap2scim.directory.syntaxes import ValueSyntaxError

TARO = bytes.fromhex("010500000000000515000000a065cf7e784b9b5fe77c8770091c0100")


def octets(authority: int, parts: list[int]) -> bytes:
    """Return a SID as a directory sends it."""
    return (
        bytes([1, len(parts)]) + authority.to_bytes(6, "big") + b"".join(part.to_bytes(4, "little") for part in parts)
    )


def test_account_of_a_domain() -> None:
    """The authority is big-endian, the parts after it little-endian."""
    assert sids.sid_text(TARO) == "S-1-5-21-2127521184-1604012920-1887927527-72713"


def test_large_authority_is_hexadecimal() -> None:
    """An authority above 32 bits is written in hexadecimal ([MS-DTYP] §2.4.2.1)."""
    assert sids.sid_text(octets(1 << 32, [7])) == "S-1-0x000100000000-7"


@given(st.integers(0, (1 << 48) - 1), st.lists(st.integers(0, (1 << 32) - 1), max_size=15))
def test_text_says_all_that_the_octets_say(authority: int, parts: list[int]) -> None:
    """Every part is in the text, and none else."""
    written = sids.sid_text(octets(authority, parts)).split("-")
    assert written[:2] == ["S", "1"]
    assert [int(part, 0) for part in written[2:]] == [authority, *parts]


@given(st.binary(max_size=80))
def test_anything_else_is_refused(value: bytes) -> None:
    """Octets of any kind are a SID of exactly their length, or refused."""
    try:
        text = sids.sid_text(value)
    except ValueSyntaxError:
        return
    assert len(value) == 8 + 4 * (len(text.split("-")) - 3)


@pytest.mark.parametrize("value", [b"", TARO[:-1], TARO + b"\0", b"\2" + TARO[1:], bytes([1, 16]) + bytes(6 + 64)])
def test_broken_identifiers_are_refused(value: bytes) -> None:
    """Too short, too long, another revision, more than fifteen parts."""
    with pytest.raises(ValueSyntaxError, match="security identifier"):
        sids.sid_text(value)


def test_primary_group_is_of_the_same_domain() -> None:
    """The last part alone tells accounts of one domain apart."""
    assert sids.in_domain_of("S-1-5-21-1-2-3-1105", 513) == "S-1-5-21-1-2-3-513"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CN=S-1-5-21-1-2-3-1105,CN=ForeignSecurityPrincipals,DC=lab,DC=test", "S-1-5-21-1-2-3-1105"),
        ("cn=s-1-5-11,cn=foreignsecurityprincipals,dc=lab,dc=test", "S-1-5-11"),
        ("CN=S-1-5-21-1-2-3-1105,CN=Users,DC=lab,DC=test", None),
        ("CN=Taro,CN=ForeignSecurityPrincipals,DC=lab,DC=test", None),
        ("CN=S-1-5-11+CN=x,CN=ForeignSecurityPrincipals,DC=lab,DC=test", None),
        ("CN=ForeignSecurityPrincipals,DC=lab,DC=test", None),
        ("CN=ForeignSecurityPrincipals", None),
        ("ForeignSecurityPrincipals is no DN", None),
    ],
)
def test_foreign_principals(name: str, expected: str | None) -> None:
    """A SID as a name, in the container of foreign principals, and nothing else."""
    assert sids.foreign_principal(name) == expected
