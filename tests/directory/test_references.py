"""Which part of a tree a continuation reference speaks of."""

import pytest

from ldap2scim.directory.reader import Search, SearchProof
from ldap2scim.directory.references import elsewhere
from ldap2scim.model import ResourceType


def proof(*urls: str) -> SearchProof:
    """Return the proof of a search that met these references."""
    search = Search(ResourceType.USER, "DC=X", "(objectClass=person)", ())
    return SearchProof(search, 1, 1, 0, urls, "ldap1.example.com:389")


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("ldap://b.example/ou=branch,dc=x", "ou=branch,dc=x"),
        ("ldap://b.example:1389/OU=Branch,%20dc=x??sub", "ou=branch,dc=x"),
        ("LDAPS://b.example/ou=%E6%94%AF%E5%BA%97,dc=x?*?base?(a=b)", "ou=支店,dc=x"),
    ],
)
def test_a_reference_names_its_part(url: str, part: str) -> None:
    """RFC 4516: the DN is escaped by percent signs, and options may follow it."""
    assert elsewhere([proof(), proof(url)]) == {part}


@pytest.mark.parametrize(
    "url",
    [
        "ldap://b.example",
        "ldap://b.example/",
        "ldap://b.example/o=branch",
        "http://b.example/ou=x",
        "ldap://b/no%20dn",
        "ldap://b/ou=%FF",
    ],
)
def test_a_reference_that_does_not_say_of_which_part(url: str) -> None:
    """It may speak of all that was searched."""
    assert elsewhere([proof(url)]) == {"dc=x"}
