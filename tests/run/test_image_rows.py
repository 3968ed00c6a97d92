"""What of an entry goes into the image: names, members by whatever they are named, and whether it is in scope."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.reader import Search, SearchProof
from ldap2scim.directory.settings import DirectoryKind, DirectorySettings, Encryption, MemberReference, Nesting
from ldap2scim.model import Key, ResourceType
from ldap2scim.run.group_scope import GroupScope, is_outside, read_group_scope, scope_of_one, strayed
from ldap2scim.run.image_rows import image_rows
from ldap2scim.state.encoding import unpack
from ldap2scim.state.image_rows import ImageRow
from ldap2scim.state.lease import acquire
from ldap2scim.state.store import Store
from tests.state import worlds
from tests.state.test_mapped import OUT_ROW

GUID = UUID("00112233-4455-6677-8899-aabbccddeeff")
SID = bytes.fromhex("01050000000000051500000001000000020000000300000051040000".ljust(56, "0"))
TARO = "CN=Taro,OU=People,DC=lab,DC=test"


def directory(kind: DirectoryKind = DirectoryKind.ACTIVE_DIRECTORY, **changes: object) -> DirectorySettings:
    """Return settings of a domain, or of what is given."""
    values: dict[str, object] = {
        "name": "corp", "kind": kind, "addresses": ("127.0.0.1",), "port": 389, "encryption": Encryption.NONE,
        "verify_certificate": True, "ca_file": None, "bind_dn": None, "bind_password": None,
        "base_dn": "DC=lab,DC=test", "user_filter": "", "group_filter": "", "user_object_class": "user",
        "group_object_class": "group", "member_attribute": "member", "member_reference": MemberReference.DN,
        "source_anchor": "objectGUID" if kind is DirectoryKind.ACTIVE_DIRECTORY else "entryUUID",
    }  # fmt: skip
    return DirectorySettings(**(values | changes))  # type: ignore[arg-type]


def entry(dn: str = TARO, /, **attributes: bytes | Sequence[bytes]) -> LdapEntry:
    """Return an entry."""
    given = {name.lower(): (one,) if isinstance(one, bytes) else tuple(one) for name, one in attributes.items()}
    return LdapEntry(dn, {"objectguid": (GUID.bytes_le,), "entryuuid": (str(GUID).encode(),), **given})


def row(found: LdapEntry, kind: ResourceType = ResourceType.GROUP) -> ImageRow:
    """Return the row of one entry of a domain."""
    (made,) = image_rows(directory(), kind, [found], lambda _: None)
    return made


def test_person_of_a_domain() -> None:
    """Her own SID, and that of her primary group in the same domain."""
    taro = row(entry(objectSid=SID, primaryGroupID=b"513"), ResourceType.USER)
    assert (taro.sid, taro.primary_group) == ("S-1-5-21-1-2-3-1105", "S-1-5-21-1-2-3-513")
    assert taro.uuid == str(GUID)
    assert taro.key == Key(f"corp:{GUID}")


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"objectSid": b"broken", "primaryGroupID": b"513"},
        {"objectSid": SID},
        {"objectSid": SID, "primaryGroupID": b"many"},
        {"primaryGroupID": b"513"},
    ],
)
def test_without_sid_or_group_there_is_no_primary_group(attributes: dict[str, bytes]) -> None:
    """What is missing or broken is not guessed."""
    assert row(entry(**attributes), ResourceType.USER).primary_group is None


def test_every_uid_counts_in_whatever_order() -> None:
    """A server may hand out several values in another order each time, and a new one may come first."""
    settings = directory(member_reference=MemberReference.UID)
    (one,), (other,), (none,) = (
        image_rows(settings, ResourceType.USER, [entry(uid=values)], lambda _: None)
        for values in ([b"taro", b"Yamada"], [b"yamada", b"TARO"], [])
    )
    assert one.uid == other.uid == "taro\nyamada"
    assert none.uid is None


def test_members_by_guid_sid_and_name() -> None:
    """An extended DN is its GUID; a foreign principal its SID, with or without GUID; a plain DN itself."""
    made = row(
        entry(
            "CN=Team,DC=lab,DC=test",
            member=[
                f"<GUID={GUID}>;<SID=S-1-5-21-1-2-3-1105>;{TARO}".encode(),
                f"<GUID={GUID}>;<SID=S-1-5-21-9-9-9-7>;CN=S-1-5-21-9-9-9-7,CN=ForeignSecurityPrincipals,DC=lab".encode(),
                b"CN=S-1-5-11,CN=ForeignSecurityPrincipals,DC=lab,DC=test",
                b"CN=Plain,DC=lab,DC=test",
                b"<broken",
            ],
            objectSid=SID,
        )
    )
    assert made.member_guids == ((str(GUID), TARO),)
    assert made.member_sids == ("S-1-5-21-9-9-9-7", "S-1-5-11")
    assert made.members == ("cn=plain,dc=lab,dc=test", "<broken")
    assert made.sid == "S-1-5-21-1-2-3-1105"
    assert "member" not in unpack(made.entry)


def test_other_directories_have_no_sids() -> None:
    """An attribute of that name elsewhere means nothing."""
    (made,) = image_rows(
        directory(DirectoryKind.OPENLDAP),
        ResourceType.USER,
        [entry(objectSid=SID, primaryGroupID=b"513")],
        lambda _: None,
    )
    assert (made.sid, made.primary_group) == (None, None)


def test_group_outside_the_filter() -> None:
    """Of a group out of scope the image keeps who it is and what it lists, and is not changed by anything else."""
    scope = GroupScope(frozenset())
    settings = directory(nesting=Nesting.FLATTEN, group_filter="cn=x")
    rows = [
        image_rows(settings, ResourceType.GROUP, [entry(member=[TARO.encode()], cn=name)], lambda _: None, scope)[0]
        for name in (b"a", b"b")
    ]
    assert rows[0] == rows[1]
    assert is_outside(unpack(rows[0].entry))
    assert rows[0].members == (TARO.lower(),)
    assert rows[0].key == Key(f"corp:{GUID}")
    inside = image_rows(settings, ResourceType.GROUP, [entry(cn=b"a")], lambda _: None, GroupScope({str(GUID)}))[0]
    assert not is_outside(unpack(inside.entry))


@dataclass
class Reader:
    """Answers searches with the entries that their filter selects here."""

    entries: list[LdapEntry]
    asked: list[Search] = field(default_factory=list)
    server: str = "127.0.0.1:389"

    def read(self, search: Search) -> Generator[Sequence[LdapEntry], None, SearchProof]:
        """Return all in pages of one."""
        self.asked.append(search)
        for one in self.entries:
            yield [one]
        return SearchProof(search, len(self.entries), 1, 0, (), self.server)

    def reread(self, name: str, search: Search) -> LdapEntry | None:
        """Return the entry of that name."""
        self.asked.append(search)
        return next((one for one in self.entries if one.dn == name), None)

    def lookup(self, dn: str, attributes: tuple[str, ...]) -> LdapEntry | None:
        """Fail: who is in scope is no question about one entry."""
        raise AssertionError(dn, attributes)

    def close(self) -> None:
        """End."""


def test_scope_is_asked_for_by_keys() -> None:
    """Where groups are flattened the filter is asked about keys alone."""
    reader = Reader([entry()])
    settings = directory(nesting=Nesting.FLATTEN, group_filter="cn=t*")
    scope = read_group_scope(reader, settings)
    assert [(one.filter, one.attributes) for one in reader.asked] == [
        ("(&(&(objectCategory=group)(objectClass=group))(cn=t*))", ("objectGUID",))
    ]
    assert scope.holds(entry(), settings)
    assert not scope.holds(entry(objectGUID=UUID(int=1).bytes_le), settings)
    assert [proof.entries for proof in scope.proofs] == [1]
    assert scope_of_one(reader, settings, TARO).holds(entry(), settings)
    assert not scope_of_one(reader, settings, "CN=x").holds(entry(), settings)


@pytest.mark.parametrize("settings", [directory(group_filter="cn=t*"), directory(nesting=Nesting.FLATTEN)])
def test_nothing_is_asked_where_the_search_for_groups_has_the_filter(settings: DirectorySettings) -> None:
    """Without flattening, or without a filter, all groups that are read are in scope."""
    reader = Reader([])
    assert read_group_scope(reader, settings).holds(entry(), settings)
    assert scope_of_one(reader, settings, TARO).holds(entry(), settings)
    assert reader.asked == []


def test_groups_whose_scope_changed_are_named(store: Store) -> None:
    """Came into scope, left it, or not known yet; one that is as it was is not named."""
    lease = acquire(store, "service", "test")
    worlds.read(lease, groups=[worlds.group(name) for name in ("came", "left", "in", "out")])
    worlds.map_all(lease, {worlds.group(name).dn: OUT_ROW for name in ("came", "out")})
    settings = directory(DirectoryKind.GENERIC, nesting=Nesting.FLATTEN, group_filter="cn=x")
    names = set(strayed(store, settings, GroupScope({"came", "in"})))
    assert names == {worlds.group("came").dn, worlds.group("left").dn}
    assert list(strayed(store, settings, GroupScope(None))) == []
    worlds.read(lease, groups=[worlds.group(name) for name in ("came", "left", "in", "out", "new")])
    assert worlds.group("new").dn in set(strayed(store, settings, GroupScope(set())))
