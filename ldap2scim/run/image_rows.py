"""Entries as the image keeps them: key, names, raw attributes, and for groups what they list. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ldap2scim.directory import active_directory, dn, extended_dn, openldap, sids
from ldap2scim.directory.anchors import anchor_reader, entry_uuid
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.settings import DirectoryKind, DirectorySettings, MemberReference
from ldap2scim.directory.syntaxes import ValueSyntaxError
from ldap2scim.model import Key, ResourceType, make_key
from ldap2scim.run.group_scope import EVERY_GROUP, OUTSIDE, GroupScope
from ldap2scim.state.encoding import pack
from ldap2scim.state.image_rows import ImageRow, joined_uids


def image_rows(
    connection: DirectorySettings,
    resource_type: ResourceType,
    page: Iterable[LdapEntry],
    key_of_dn: Callable[[str], Key | None],
    scope: GroupScope = EVERY_GROUP,
) -> list[ImageRow]:
    """Return the rows of a page.

    Args:
        connection: settings of the directory.
        resource_type: which search found them.
        page: the entries.
        key_of_dn: the key that the image has for a normalised DN, for entries whose source anchor cannot be read.
        scope: which groups the administrator's filter selects.
    """
    row_of = _group_row if resource_type is ResourceType.GROUP else _user_row
    anchor_of = anchor_reader(connection)
    rows: list[ImageRow] = []
    for entry in page:
        normalised = dn.normalise(entry.dn)
        anchor = anchor_of(entry.attributes)
        key = make_key(connection.name, anchor) if anchor else key_of_dn(normalised)
        rows.append(row_of(connection, entry, key, normalised, scope))
    return rows


def _user_row(
    connection: DirectorySettings, entry: LdapEntry, key: Key | None, normalised: str, scope: GroupScope
) -> ImageRow:
    del scope
    in_domain = connection.kind is DirectoryKind.ACTIVE_DIRECTORY
    return ImageRow(
        key=key,
        dn=entry.dn,
        dn_normalised=normalised,
        entry=pack(entry.attributes),
        uid=_uid(entry.attributes) if connection.member_reference is MemberReference.UID else None,
        uuid=entry_uuid(entry, connection),
        sid=active_directory.sid(entry) if in_domain else None,
        primary_group=active_directory.primary_group(entry) if in_domain else None,
    )


def _group_row(
    connection: DirectorySettings, entry: LdapEntry, key: Key | None, normalised: str, scope: GroupScope
) -> ImageRow:
    member_attribute = connection.member_attribute.lower()
    listed = _listed(entry.attributes.get(member_attribute, ()), connection.member_reference)
    attributes = {name: values for name, values in entry.attributes.items() if name != member_attribute}
    if not scope.holds(entry, connection):
        # Nothing of it is mapped, and nothing but what it lists may tell a change.
        anchor = connection.source_anchor.lower()
        attributes = {name: values for name, values in attributes.items() if name == anchor} | {OUTSIDE: ()}
    return ImageRow(
        key=key,
        dn=entry.dn,
        dn_normalised=normalised,
        entry=pack(attributes),
        members=tuple(listed.names),
        member_uids=tuple(listed.uids),
        uuid=entry_uuid(entry, connection),
        sid=active_directory.sid(entry) if connection.kind is DirectoryKind.ACTIVE_DIRECTORY else None,
        member_guids=tuple(listed.guids.items()),
        member_sids=tuple(listed.sids),
    )


@dataclass(frozen=True, slots=True)
class _Listed:
    """Members by the way in which they are named; dictionaries keep each once, in order."""

    names: dict[str, None]
    uids: dict[str, None]
    guids: dict[str, str]
    sids: dict[str, None]


def _listed(values: Iterable[bytes], reference: MemberReference) -> _Listed:
    texts = [value.decode("utf-8", "surrogateescape") for value in values]
    listed = _Listed({}, {}, {}, {})
    if reference is MemberReference.UID:
        listed.uids.update(dict.fromkeys(text.casefold() for text in texts))
        return listed
    for text in texts:
        _list(text, listed)
    return listed


def _list(text: str, listed: _Listed) -> None:
    guid, name = None, text
    if text.startswith("<"):
        try:
            extended = extended_dn.parse(text)
            guid, name = extended.guid, extended.dn
        except ValueSyntaxError:
            pass  # no entry has this name; it stays unresolved, and is reported as such
    principal = sids.foreign_principal(name)
    if principal is not None:
        listed.sids[principal] = None
    elif guid is not None:
        listed.guids[guid] = name
    else:
        listed.names[_normalised_reference(openldap.without_optional_uid(name))] = None


def _normalised_reference(text: str) -> str:
    try:
        return dn.normalise(text)
    except dn.DnError:
        return text  # as above


def _uid(attributes: Mapping[str, tuple[bytes, ...]]) -> str | None:
    # Values have no order (RFC 4511 §4.1.7), and a group may list somebody by any of them.
    return joined_uids(value.decode("utf-8", "surrogateescape").casefold() for value in attributes.get("uid", ()))
