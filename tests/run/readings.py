"""Reads of a directory as `believe` gets them, without a directory."""

from ldap2scim.directory.reader import Completeness, Extract, Search, SearchProof
from ldap2scim.model import ResourceType
from ldap2scim.run.context import Run
from ldap2scim.run.reading import Read
from ldap2scim.state.image_rows import ImageRow
from tests.state import worlds

SERVER = "ldap.example.com:389"


def read(run: Run, people: list[ImageRow], groups: list[ImageRow], directory: str = worlds.CORP) -> Read:
    """Store a proven read, map all of it, and return it."""
    changes = worlds.read(run.lease, people, groups, directory)
    worlds.map_all(run.lease, directory=directory)
    proofs = tuple(
        SearchProof(Search(kind, "dc=x", "(objectClass=*)", ()), len(entries), 1, 0, (), SERVER)
        for kind, entries in ((ResourceType.USER, people), (ResourceType.GROUP, groups))
    )
    counts = {ResourceType.USER: len(people), ResourceType.GROUP: len(groups)}
    proven = Completeness(SERVER, proofs)
    return Read(Extract(directory, proven, counts, len(proofs), None, None, worlds.MONDAY, worlds.MONDAY), changes)
