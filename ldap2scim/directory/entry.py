"""One entry as the directory gave it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LdapEntry:
    """An entry of a search result (RFC 4511 §4.5.2)."""

    dn: str
    """RFC 4514 text as received; `dn.normalise` gives the form that can be compared."""
    attributes: Mapping[str, tuple[bytes, ...]]
    """Values as raw bytes by lower-case attribute description; range options are joined and gone."""
