"""The people, groups and mappings that these tests speak of."""

from datetime import UTC, datetime
from uuid import UUID

from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.settings import DirectoryKind, DirectorySettings, Encryption, MemberReference
from ldap2scim.mapping.spec import ItemRule, ResourceMapping, ValueRule

NOW = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
GUID = UUID("6f1d3a52-0b7c-4d5e-9a43-8f2b7c1d0e99")
ANCHOR = str(GUID)
DN = "CN=Suzuki Ichiro,OU=Sales,DC=corp,DC=example"

DIRECTORY = DirectorySettings(
    name="corp",
    kind=DirectoryKind.ACTIVE_DIRECTORY,
    addresses=("dc1.corp.example",),
    port=636,
    encryption=Encryption.LDAPS,
    verify_certificate=True,
    ca_file=None,
    bind_dn=None,
    bind_password=None,
    base_dn="DC=corp,DC=example",
    user_filter="",
    group_filter="",
    user_object_class="user",
    group_object_class="group",
    member_attribute="member",
    member_reference=MemberReference.DN,
    source_anchor="objectGUID",
)


def source(*names: str, default: str | bool | int | None = None) -> ValueRule:
    """Return the rule of a value taken from LDAP attributes."""
    return ValueRule(names, default)


def fixed(value: str | bool | int) -> ValueRule:
    """Return the rule of a value that is written in the settings."""
    return ValueRule((), value)


def item(**rules: ValueRule) -> ItemRule:
    """Return one slot of a multi-valued attribute."""
    return ItemRule(rules)


USERS = ResourceMapping(
    single={
        "external_id": source("objectGUID"),
        "downstream_id": source("mS-DS-ConsistencyGuid", "objectGUID"),
        "user_name": source("userPrincipalName"),
        "display_name": source("displayName"),
        "name.family_name": source("sn"),
        "name.given_name": source("givenName"),
        "local_names.family_name": source("msDS-PhoneticLastName"),
        "title": source("title"),
        "enterprise.department": source("department"),
        "preferred_language": source("preferredLanguage", default="ja-JP"),
        "timezone": fixed("Asia/Tokyo"),
        "active": source("userAccountControl", "accountExpires"),
    },
    multi={
        "emails": (item(value=source("mail"), primary=fixed(True)),),
        "phone_numbers": (
            item(value=source("telephoneNumber"), type=fixed("work")),
            item(value=source("mobile"), type=fixed("mobile")),
        ),
    },
    required=("external_id", "user_name", "name.family_name"),
)

GROUPS = ResourceMapping(
    single={"external_id": source("objectGUID"), "display_name": source("name"), "email": source("mail")},
    exclude={"display_name": frozenset({"Domain Users"})},
    required=("display_name",),
)


def entry(dn: str = DN, /, **attributes: str | bytes | list[str] | list[bytes]) -> LdapEntry:
    """Return an entry; names are in lower case, `_` stands for `-`."""
    return LdapEntry(dn, {name.replace("_", "-").lower(): _values(value) for name, value in attributes.items()})


def _values(value: str | bytes | list[str] | list[bytes]) -> tuple[bytes, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(one if isinstance(one, bytes) else one.encode() for one in values)


def suzuki(**changes: str | bytes | list[str] | list[bytes]) -> LdapEntry:
    """Return an ordinary person, with some attributes changed; an empty list takes one away."""
    ordinary: dict[str, str | bytes | list[str] | list[bytes]] = {
        "objectguid": GUID.bytes_le,
        "userprincipalname": "suzuki@corp.example",
        "displayname": "鈴木一郎",
        "sn": "鈴木",
        "givenname": "一郎",
        "msds_phoneticlastname": "スズキ",
        "title": "課長",
        "department": "営業部",
        "mail": "suzuki@corp.example",
        "telephonenumber": "03-1234-5678",
        "mobile": "090-1234-5678",
        "useraccountcontrol": "512",
        "accountexpires": "9223372036854775807",
    }
    return entry(**{**ordinary, **{name.lower(): value for name, value in changes.items()}})
