"""Entries as the image keeps them: key, names, raw attributes, and for groups what they list. Pure."""

from collections.abc import Callable, Iterable, Mapping

from ldap2scim.directory import dn, openldap
from ldap2scim.directory.anchors import entry_uuid, source_anchor
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.settings import DirectorySettings, MemberReference
from ldap2scim.model import Key, ResourceType, make_key
from ldap2scim.state.encoding import pack
from ldap2scim.state.image_rows import ImageRow


def image_rows(
    connection: DirectorySettings,
    resource_type: ResourceType,
    page: Iterable[LdapEntry],
    key_of_dn: Callable[[str], Key | None],
) -> list[ImageRow]:
    """Return the rows of a page.

    Args:
        connection: settings of the directory.
        resource_type: which search found them.
        page: the entries.
        key_of_dn: the key that the image has for a normalised DN, for entries whose source anchor cannot be read.
    """
    member_attribute = connection.member_attribute.lower()
    is_group = resource_type is ResourceType.GROUP
    uses_uid = connection.member_reference is MemberReference.UID
    rows: list[ImageRow] = []
    for entry in page:
        normalised = dn.normalise(entry.dn)
        anchor = source_anchor(entry, connection)
        attributes = entry.attributes
        members: tuple[str, ...] = ()
        if is_group:
            members = _references(attributes.get(member_attribute, ()), uses_uid=uses_uid)
            attributes = {name: values for name, values in attributes.items() if name != member_attribute}
        rows.append(
            ImageRow(
                key=make_key(connection.name, anchor) if anchor else key_of_dn(normalised),
                dn=entry.dn,
                dn_normalised=normalised,
                entry=pack(attributes),
                uid=_uid(attributes) if uses_uid and not is_group else None,
                members=() if uses_uid else members,
                member_uids=members if uses_uid else (),
                uuid=entry_uuid(entry, connection),
            )
        )
    return rows


def _references(values: Iterable[bytes], *, uses_uid: bool) -> tuple[str, ...]:
    texts = (value.decode("utf-8", "surrogateescape") for value in values)
    if uses_uid:
        return tuple(dict.fromkeys(text.casefold() for text in texts))
    return tuple(dict.fromkeys(_normalised_reference(openldap.without_optional_uid(text)) for text in texts))


def _normalised_reference(text: str) -> str:
    try:
        return dn.normalise(text)
    except dn.DnError:
        return text  # no entry has this name; it stays unresolved, and is reported as such


def _uid(attributes: Mapping[str, tuple[bytes, ...]]) -> str | None:
    values = attributes.get("uid", ())
    return values[0].decode("utf-8", "surrogateescape").casefold() if values else None
