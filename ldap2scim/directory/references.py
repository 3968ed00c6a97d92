"""Continuation references: the parts of a tree that a server says another one has (RFC 4511 §4.5.3). Pure.

They are not followed, and a search that meets them ends with success all the same. Nothing is told of what lies there.
"""

from collections.abc import Iterable
from urllib.parse import unquote

from ldap2scim.directory import dn
from ldap2scim.directory.reader import SearchProof


def elsewhere(proofs: Iterable[SearchProof]) -> frozenset[str]:
    """Return the normalised DNs of the parts that searches were referred elsewhere for.

    A reference that names no DN speaks of all that was searched (RFC 4511 §4.5.3). So may one that cannot be read, and
    one whose other server has the part under another name.
    """
    return frozenset(_part(url, dn.normalise(proof.search.base)) for proof in proofs for url in proof.referrals)


def _part(url: str, base: str) -> str:
    found = _dn_of(url)
    return found if found is not None and dn.lies_in(found, (base,)) else base


def _dn_of(url: str) -> str | None:
    """Return the DN in an LDAP URL (RFC 4516): `ldap://host:port/DN?attributes?scope?filter`; None: none is legible."""
    scheme, _, rest = url.partition("://")
    name = rest.partition("/")[2].partition("?")[0]
    if not scheme.lower().startswith("ldap"):
        return None
    try:
        return dn.normalise(unquote(name, errors="strict"))
    except (dn.DnError, UnicodeDecodeError):
        return None
