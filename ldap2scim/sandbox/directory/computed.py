"""Attributes that the directory itself gives every entry. Pure."""

from collections.abc import Callable, Mapping, Sequence

from ldap2scim.sandbox.directory.entry import Entry
from ldap2scim.sandbox.directory.options import Make

_OPENLDAP = ("entryUUID", "entryDN", "createTimestamp", "modifyTimestamp", "memberOf")
_ACTIVE_DIRECTORY = (
    *("objectGUID", "distinguishedName", "whenCreated", "whenChanged", "uSNCreated", "uSNChanged", "memberOf"),
    *("createTimestamp", "modifyTimestamp"),
)
COMPUTED: Mapping[Make, Mapping[str, str]] = {
    Make.OPENLDAP: {name.lower(): name for name in _OPENLDAP},
    Make.ACTIVE_DIRECTORY: {name.lower(): name for name in _ACTIVE_DIRECTORY},
}
"""Canonical type to the spelling that is sent."""

_ONLY_WHEN_ASKED: Mapping[Make, frozenset[str]] = {
    Make.OPENLDAP: frozenset(COMPUTED[Make.OPENLDAP]),
    # MS-ADTS §3.1.1.4.5: both are constructed attributes there; the rest is stored and comes with `*`.
    Make.ACTIVE_DIRECTORY: frozenset({"createtimestamp", "modifytimestamp"}),
}
_STORED_OPERATIONAL = frozenset(
    {"creatorsname", "modifiersname", "structuralobjectclass", "pwdaccountlockedtime", "pwdchangedtime", "pwdreset"}
)


def is_operational(make: Make, kind: str) -> bool:
    """Say whether a canonical type is sent only when it is asked for (RFC 4512 §3.4)."""
    return kind in _ONLY_WHEN_ASKED[make] or kind in _STORED_OPERATIONAL


_VALUE_OF: Mapping[str, Callable[[Entry], bytes]] = {
    "entryuuid": lambda entry: str(entry.uuid).encode(),
    # MS-DTYP §2.3.4: the first three fields of a GUID are little-endian.
    "objectguid": lambda entry: entry.uuid.bytes_le,
    "entrydn": lambda entry: entry.dn.encode(),
    "distinguishedname": lambda entry: entry.dn.encode(),
    "usncreated": lambda entry: b"%d" % entry.usn_created,
    "usnchanged": lambda entry: b"%d" % entry.usn_changed,
    "createtimestamp": lambda entry: entry.created.encode(),
    "whencreated": lambda entry: entry.created.encode(),
    "modifytimestamp": lambda entry: entry.modified.encode(),
    "whenchanged": lambda entry: entry.modified.encode(),
}


def computed_values(kind: str, entry: Entry, groups: Sequence[Entry]) -> list[bytes]:
    """Return the values of a computed attribute; `groups` are those that name the entry as a member."""
    return [group.dn.encode() for group in groups] if kind == "memberof" else [_VALUE_OF[kind](entry)]
