"""What is printed for machines."""

import io
import json

import pytest

from ldap2scim.cli import output


def test_a_long_document_is_printed_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """The report of a hundred thousand creations has forty megabytes, which nobody needs to hold at once."""
    pieces: list[str] = []

    class Recorder(io.StringIO):
        encoding = "utf-8"

        def write(self, text: str) -> int:
            pieces.append(text)
            return len(text)

    monkeypatch.setattr("sys.stdout", Recorder())
    content = {"rows": [{"name": f"山田 {number}"} for number in range(20_000)]}

    output.document(content)

    text = "".join(pieces)
    assert text == json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    assert max(map(len, pieces)) * 5 < len(text)
