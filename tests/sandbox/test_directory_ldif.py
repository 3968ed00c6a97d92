"""Reading LDIF into the embedded directory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.sandbox.directory.ldif import LdifError, read_ldif
from ldap2scim.sandbox.ldif import write_ldif

TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)


def test_all_that_a_record_may_hold() -> None:
    """Version, comments, folded lines, base64, carriage returns and a missing last line end are understood."""
    text = (
        "version: 1\r\n# a comment\r\n  that goes on\r\n\r\ndn: dc=example\r\ndescription: one\r\n  two\r\n"
        "description:: w7w=\r\n\r\n\r\ndn:: ZGM9w7w=\r\nou: last"
    )
    assert list(read_ldif(text)) == [
        ("dc=example", {"description": [b"one two", "ü".encode()]}),
        ("dc=ü", {"ou": [b"last"]}),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ou: x\n", "line 1: a record begins with dn"),
        ("dn: dc=x\nnonsense\n", "line 2: neither"),
        ("dn: dc=x\njpegPhoto:< file:///x\n", "line 2: neither"),
        ("dn: dc=x\nchangetype: add\n", "line 2: only content"),
    ],
)
def test_errors_name_the_line(text: str, message: str) -> None:
    """What is no content record is refused with its line."""
    with pytest.raises(LdifError, match=message):
        list(read_ldif(text))


@given(st.lists(TEXT, min_size=1, max_size=5), st.binary(min_size=1, max_size=40))
def test_what_is_written_is_read(texts: list[str], octets: bytes) -> None:
    """Whatever the writer of worlds writes comes back as it was."""
    written = "".join(write_ldif([("dc=x", {"description": texts, "jpegPhoto": [octets]})]))
    assert list(read_ldif(written)) == [
        ("dc=x", {"description": [text.encode() for text in texts], "jpegPhoto": [octets]})
    ]
