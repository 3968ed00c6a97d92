"""Security identifiers of Windows ([MS-DTYP] §2.4.2): octets, text, and the names of foreign principals. Pure."""

import re

from ldap2scim.directory import dn
from ldap2scim.directory.syntaxes import ValueSyntaxError

_HEAD = 8
"""Octets before the sub-authorities: revision, their count, and six of the identifier authority."""
_MOST_SUB_AUTHORITIES = 15
_TEXT = re.compile(r"S-1-(?:0x[0-9A-Fa-f]{1,12}|[0-9]{1,15})(?:-[0-9]{1,10}){1,15}", re.IGNORECASE)


def sid_text(value: bytes) -> str:
    """Return a SID (objectSid, [MS-DTYP] §2.4.2.2) as text (§2.4.2.1): `S-1-5-21-…`.

    Raises:
        ValueSyntaxError: it is none.
    """
    if len(value) < _HEAD or value[0] != 1:
        raise ValueSyntaxError("a security identifier")
    count = value[1]
    if count > _MOST_SUB_AUTHORITIES or len(value) != _HEAD + 4 * count:
        raise ValueSyntaxError("a security identifier")
    authority = int.from_bytes(value[2:_HEAD], "big")
    # An authority of more than 32 bits is written in hexadecimal.
    parts = [str(authority) if authority < 1 << 32 else f"0x{authority:012x}"]
    parts += [str(int.from_bytes(value[at : at + 4], "little")) for at in range(_HEAD, len(value), 4)]
    return f"S-1-{'-'.join(parts)}"


def in_domain_of(sid: str, relative: int) -> str:
    """Return the SID of the account `relative` in the domain of the account `sid` ([MS-DTYP] §2.4.2.4)."""
    return f"{sid.rpartition('-')[0]}-{relative}"


def foreign_principal(name: str) -> str | None:
    """Return the SID that a foreign security principal stands for ([MS-ADTS] §6.1.1.4.10); None: it is none.

    Such an entry lies in the container ForeignSecurityPrincipals and has the SID as its name:
    `CN=S-1-5-21-…,CN=ForeignSecurityPrincipals,DC=…`.
    """
    if "foreignsecurityprincipals" not in name.casefold():
        return None  # most names; reading a DN takes longer
    try:
        parts = dn.parse(name)
    except dn.DnError:
        return None
    if len(parts) < 2 or len(parts[0]) != 1 or len(parts[1]) != 1:
        return None
    (own,), (container,) = parts[0], parts[1]
    named = own.value if isinstance(own.value, str) else ""
    if str(container.value).casefold() != "foreignsecurityprincipals" or _TEXT.fullmatch(named) is None:
        return None
    return named.upper().replace("0X", "0x")
