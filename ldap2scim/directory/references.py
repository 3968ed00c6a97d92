"""Continuation references: the parts of a tree that a server says another one has (RFC 4511 §4.5.3). Pure.

They are not followed, and a search that meets them ends with success all the same. Nothing is told of what lies there.
"""

from collections.abc import Iterable
from urllib.parse import unquote

from ldap2scim.directory import dn
from ldap2scim.directory.reader import SearchProof


def elsewhere(proofs: Iterable[SearchProof]) -> frozenset[str]:
    """Return the normalised DNs of the parts that searches were referred elsewhere for.

    A reference that names no DN, or one that cannot be read, does not say of which part it speaks, and is left out.
    """
    names = (_dn_of(url) for proof in proofs for url in proof.referrals)
    return frozenset(name for name in names if name)


def _dn_of(url: str) -> str | None:
    """Return the DN in an LDAP URL (RFC 4516): `ldap://host:port/DN?attributes?scope?filter`."""
    scheme, _, rest = url.partition("://")
    name = rest.partition("/")[2].partition("?")[0]
    if not scheme.lower().startswith("ldap"):
        return None
    try:
        return dn.normalise(unquote(name, errors="strict"))
    except (dn.DnError, UnicodeDecodeError):
        return None
