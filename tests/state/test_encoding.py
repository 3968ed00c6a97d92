"""How raw entries and findings are kept."""

from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.findings import Finding, Severity
from ldap2scim.state.encoding import digest, pack, pack_findings, unpack, unpack_findings, unpack_text

# A small alphabet of one to four bytes each: Hypothesis would first tabulate all of Unicode, slowly in a fresh clone.
TEXT = st.text('aé課😀\0\x7f"\\', max_size=10)
VALUES = st.lists(st.one_of(st.binary(max_size=20), TEXT.map(str.encode)), max_size=4).map(tuple)
ATTRIBUTES = st.dictionaries(st.text("abcdefg;-", min_size=1, max_size=8), VALUES, max_size=6)


@given(ATTRIBUTES)
def test_entries_come_back_as_they_were(attributes: dict[str, tuple[bytes, ...]]) -> None:
    """Text, binary values and attributes without values survive."""
    assert unpack(pack(attributes)) == attributes


@given(ATTRIBUTES)
def test_what_is_text_comes_back_as_text(attributes: dict[str, tuple[bytes, ...]]) -> None:
    """The same values as octets and as text: text wherever one is UTF-8, one by one."""
    found = unpack_text(pack(attributes))

    assert {name: tuple(map(_octets, values)) for name, values in found.items()} == attributes
    assert not [value for values in found.values() for value in values if isinstance(value, bytes) and _is_text(value)]


def _octets(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _is_text(value: bytes) -> bool:
    return value == value.decode(errors="ignore").encode()


@given(ATTRIBUTES)
def test_the_order_of_attributes_does_not_matter(attributes: dict[str, tuple[bytes, ...]]) -> None:
    """A server that answers in another order changed nothing."""
    assert pack(dict(reversed(attributes.items()))) == pack(attributes)


@given(st.lists(st.binary(max_size=5), max_size=4), st.lists(st.binary(max_size=5), max_size=4))
def test_digests_tell_parts_apart(one: list[bytes], other: list[bytes]) -> None:
    """Two lists of parts have one digest only when they are the same list."""
    assert (digest(*one) == digest(*other)) == (one == other)


@given(
    st.lists(
        st.builds(
            Finding,
            rule=TEXT,
            severity=st.sampled_from(Severity),
            message=TEXT,
            remedy=TEXT,
            subjects=st.lists(TEXT, max_size=3).map(tuple),
        ),
        max_size=3,
    )
)
def test_findings_come_back_as_they_were(findings: list[Finding]) -> None:
    """Nothing of a finding is lost."""
    assert unpack_findings(pack_findings(findings)) == tuple(findings)
