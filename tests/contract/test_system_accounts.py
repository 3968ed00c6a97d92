"""Who is a person in Active Directory: on the embedded directory and on a real domain controller."""

from collections.abc import Iterator

import pytest

from ldap2scim.directory.client import connect
from ldap2scim.directory.searches import searches
from ldap2scim.directory.settings import DirectoryKind, DirectorySettings, Encryption, MemberReference
from ldap2scim.sandbox.directory import ACTIVE_DIRECTORY, embedded_directory
from ldap2scim.sandbox.ldif import LdifEntry, write_ldif
from ldap2scim.secret import Secret
from tests.contract.conftest import Subjects
from tests.contract.directories import Addressed
from tests.servers.samba import BASE_DN

SUFFIX = "DC=corp,DC=example"
SYSTEM = {"Administrator", "Guest", "krbtgt"}
NORMAL, TRUST, COMPUTER = "512", "2080", "4096"
"""userAccountControl (MS-ADTS §2.2.16)."""


def _category(name: str) -> str:
    return f"CN={name},CN=Schema,CN=Configuration,{SUFFIX}"


def _account(name: str, control: str = NORMAL, category: str = "Person", **more: list[str]) -> LdifEntry:
    attributes = {
        "objectClass": ["user"],
        "objectCategory": [_category(category)],
        "cn": [name],
        "sAMAccountName": [name],
    }
    return f"CN={name},{SUFFIX}", {**attributes, "userAccountControl": [control], **more}


def _domain() -> Iterator[LdifEntry]:
    yield SUFFIX, {"objectClass": ["domain"], "dc": ["corp"]}
    for name in sorted(SYSTEM):
        yield _account(name, isCriticalSystemObject=["TRUE"])
    yield _account("OTHER$", TRUST)
    yield _account("PC1$", COMPUTER, "Computer")
    yield _account("taro")
    yield _account("hanako", isCriticalSystemObject=["FALSE"])


def _found(server: Addressed, base: str, own: str = "") -> set[str]:
    """Return the names of the people that a read finds."""
    settings = DirectorySettings(
        name="corp",
        kind=DirectoryKind.ACTIVE_DIRECTORY,
        addresses=(server.host,),
        port=server.port,
        encryption=Encryption.NONE,
        verify_certificate=True,
        ca_file=None,
        bind_dn=server.reader_dn,
        bind_password=Secret(server.reader_password),
        base_dn=base,
        user_filter=own,
        group_filter="",
        user_object_class="user",
        group_object_class="group",
        member_attribute="member",
        member_reference=MemberReference.DN,
        source_anchor="objectGUID",
    )
    with connect(settings) as session:
        users, _ = searches(settings, ["cn"], [])
        return {entry.attributes["cn"][0].decode() for page in session.read(users) for entry in page}


def test_people_are_found_and_computers_trusts_and_the_system_are_not() -> None:
    """Nobody wants krbtgt at a cloud service; an account that says that it is none of the system stays."""
    with embedded_directory("".join(write_ldif(_domain())), ACTIVE_DIRECTORY) as directory:
        assert _found(directory, SUFFIX) == {"taro", "hanako"}
        assert _found(directory, SUFFIX, "(cn=*)") == {"taro", "hanako"}
        assert _found(directory, SUFFIX, "(|(isCriticalSystemObject=TRUE)(cn=*))") == SYSTEM | {"taro", "hanako"}


@pytest.mark.samba
def test_a_real_domain_has_the_same_accounts(subjects: Subjects) -> None:
    """The accounts that every domain begins with are left out, and found by whoever asks for them."""
    server = subjects.get("samba").server
    people = _found(server, BASE_DN)
    assert people
    assert not people & SYSTEM
    assert _found(server, BASE_DN, "(isCriticalSystemObject=TRUE)") >= SYSTEM
