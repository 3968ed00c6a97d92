"""Who is missing in a part that another server has: kept, unless that server was read in the same run."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ldap2scim.directory.reader import Search, SearchProof
from ldap2scim.findings import Finding
from ldap2scim.model import Key, ResourceType
from ldap2scim.run.full_read import keep_those_elsewhere
from ldap2scim.state.image_rows import KnownName
from tests.mapping.worlds import DIRECTORY

HERE = replace(DIRECTORY, base_dn="dc=x")
PROOF = SearchProof(
    Search(ResourceType.USER, "dc=x", "(a=*)", ()), 1, 1, 0, ("ldap://b.example/ou=branch,dc=x??sub",), "ldap1"
)


def missing(number: int, dn: str) -> KnownName:
    """Return somebody whom a read has not met."""
    return KnownName(number, Key(f"corp:{number}"), ResourceType.USER, dn, dn, None)


@dataclass
class Image:
    """The writer of an image, as far as it matters here."""

    missing: tuple[KnownName, ...] = (missing(1, "uid=a,ou=branch,dc=x"), missing(2, "uid=b,ou=sales,dc=x"))
    spared: list[int] = field(default_factory=list)

    def unseen(self) -> tuple[KnownName, ...]:
        """Return who is missing."""
        return self.missing

    def spare(self, ids: Any) -> None:
        """Keep some."""
        self.spared += ids


@pytest.mark.parametrize(
    ("read", "kept"),
    [
        pytest.param([], [1], id="not read"),
        pytest.param(["ou=branch,dc=x"], [], id="read"),
        pytest.param(["dc=x"], [], id="read from above"),
        pytest.param(["ou=other,dc=x"], [1], id="something else is read"),
        pytest.param(["ou=deep,ou=branch,dc=x"], [1], id="read in part"),
    ],
)
def test_who_is_kept(read: list[str], kept: list[int]) -> None:
    """Only in that part, and with a finding that names the reference and who is kept."""
    notes: list[Finding] = []
    server = SimpleNamespace(server="ldap1.example.com:389")
    reading = SimpleNamespace(
        run=SimpleNamespace(note=notes.append), settings=HERE, session=server, bases_read=tuple(read)
    )
    image = Image()
    keep_those_elsewhere(cast("Any", reading), cast("Any", image), [PROOF])
    assert image.spared == kept
    assert [note.subjects for note in notes] == ([("uid=a,ou=branch,dc=x",)] if kept else [])
