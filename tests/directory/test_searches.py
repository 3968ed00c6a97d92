"""Which questions a directory is asked, where, and how they are shown."""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from ldap2scim.directory import filters
from ldap2scim.directory.addresses import Address, addresses, is_loopback, protection
from ldap2scim.directory.filters import FilterError
from ldap2scim.directory.ldapsearch import ldapsearch_command
from ldap2scim.directory.searches import searches
from ldap2scim.directory.settings import DirectoryKind, DirectorySettings, Encryption, MemberReference
from ldap2scim.model import ResourceType

MakeSettings = Callable[..., DirectorySettings]


def test_what_reading_needs_is_asked_for(make_settings: MakeSettings) -> None:
    """Anchor and member attribute are asked for beside the mapped attributes, each once whatever its case."""
    users, groups = searches(make_settings(user_filter="!(uid=a)"), ["uid", "mail", "ENTRYUUID"], ["cn", "Member"])
    assert users.resource_type is ResourceType.USER
    assert users.filter == "(&(objectClass=inetOrgPerson)(!(uid=a)))"
    assert users.attributes == ("entryUUID", "mail", "uid")
    assert groups.resource_type is ResourceType.GROUP
    assert groups.filter == "(objectClass=groupOfNames)"
    assert groups.attributes == ("entryUUID", "member", "cn")
    assert users.base == groups.base == "dc=example,dc=com"


def test_the_same_attributes_make_the_same_search(make_settings: MakeSettings) -> None:
    """Sets have another order in each process; by a search that differs all would be read again."""
    settings = make_settings()

    one, other = searches(settings, ["sn", "cn"], ["cn", "o"]), searches(settings, ["cn", "sn"], ["o", "cn"])

    assert one == other


def test_uid_is_asked_for_where_groups_list_it(make_settings: MakeSettings) -> None:
    """Where groups name users by uid, users are asked for theirs."""
    settings = make_settings(member_attribute="memberUid", member_reference=MemberReference.UID)
    users, groups = searches(settings, ["cn"], ["cn"])
    assert users.attributes == ("entryUUID", "cn", "uid")
    assert "memberUid" in groups.attributes


PEOPLE = (
    "(objectCategory=person)(objectClass=User)(!(userAccountControl:1.2.840.113556.1.4.803:=2048))"
    "(!(isCriticalSystemObject=TRUE))"
)


def test_who_is_a_person_in_active_directory(make_settings: MakeSettings) -> None:
    """Computers are told by their category, trusts between domains by their bit, and the system's accounts by theirs.

    Of groups none is left out.
    """
    settings = make_settings(
        kind=DirectoryKind.ACTIVE_DIRECTORY,
        user_object_class="User",
        group_object_class="Group",
        source_anchor="objectGUID",
        group_filter="!(cn=*)",
    )
    users, groups = searches(settings, ["sn"], ["name"])
    assert users.filter == f"(&{PEOPLE})"
    assert users.attributes == ("objectGUID", "sn", "userAccountControl", "objectSid", "primaryGroupID")
    assert groups.filter == "(&(&(objectCategory=group)(objectClass=Group))(!(cn=*)))"


@pytest.mark.parametrize(
    ("own", "left_out"),
    [
        ("mail=*", True),
        ("isCriticalSystemObject2=*", True),
        ("(|(iscriticalsystemobject=TRUE)(mail=*))", False),
        ("!(isCriticalSystemObject=TRUE)", False),
        ("isCriticalSystemObject;x=*", False),
        ("(&(mail=*)(!(isCriticalSystemObject:2.5.13.13:=TRUE)))", False),
    ],
)
def test_a_filter_that_looks_at_system_accounts_decides_itself(
    make_settings: MakeSettings, own: str, left_out: bool
) -> None:
    """Whoever wants the system's accounts names their attribute; trusts stay out."""
    settings = make_settings(kind=DirectoryKind.ACTIVE_DIRECTORY, user_object_class="User", user_filter=own)
    wanted = searches(settings, [], [])[0].filter.removesuffix(f"{filters.render(filters.parse(own))})")
    expected = PEOPLE if left_out else PEOPLE.removesuffix("(!(isCriticalSystemObject=TRUE))")
    assert wanted == f"(&(&{expected})"


def test_filter_that_cannot_be_read(make_settings: MakeSettings) -> None:
    """A broken filter is refused before anything is asked."""
    with pytest.raises(FilterError, match="column 5"):
        searches(make_settings(group_filter="(cn=("), [], [])


def test_addresses_with_and_without_port(make_settings: MakeSettings) -> None:
    """An address may carry its own port; IPv6 addresses are read with and without brackets."""
    settings = make_settings(addresses=("dc1", "dc2:3890", "10.0.0.1", "::1", "[::1]:390", "[::1]"))
    expected = ["dc1:389", "dc2:3890", "10.0.0.1:389", "[::1]:389", "[::1]:390", "[::1]:389"]
    assert [str(address) for address in addresses(settings)] == expected


@pytest.mark.parametrize(
    ("written", "port", "expected"),
    [
        (Encryption.START_TLS, 389, Encryption.START_TLS),
        (Encryption.START_TLS, 636, Encryption.LDAPS),
        (Encryption.START_TLS, 3269, Encryption.LDAPS),
        (Encryption.UNWRITTEN, 636, Encryption.LDAPS),
        (Encryption.UNWRITTEN, 389, Encryption.UNWRITTEN),
        (Encryption.NONE, 636, Encryption.NONE),
        (Encryption.LDAPS, 389, Encryption.LDAPS),
    ],
)
def test_tls_ports(written: Encryption, port: int, expected: Encryption) -> None:
    """StartTLS written for a port of LDAPS means LDAPS; what is written in clear stays so."""
    assert protection(written, port) is expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("localhost", False),
    ],
)
def test_loopback_is_told_by_address(host: str, expected: bool) -> None:
    """Only an address on this machine is loopback; a name could point anywhere."""
    assert is_loopback(host) is expected


def test_search_as_a_command(make_settings: MakeSettings) -> None:
    """The command line asks the same question, quoted for a shell, and never holds the password."""
    settings = make_settings(
        user_filter="cn=O'Brien *", encryption=Encryption.START_TLS, ca_file=Path("/etc/my ca.pem")
    )
    users, _ = searches(settings, ["uid"], [])
    command = ldapsearch_command(settings, users, Address("::1", 389))
    assert shlex.split(command) == [
        "LDAPTLS_CACERT=/etc/my ca.pem", "ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-x", "-H", "ldap://[::1]:389",
        "-ZZ", "-D", "cn=sync,dc=example,dc=com", "-y", "PASSWORD-FILE", "-E", "pr=1000/noprompt", "-a", "never",
        "-b", "dc=example,dc=com", "-s", "sub", "(&(objectClass=inetOrgPerson)(cn=O'Brien *))", "entryUUID", "uid",
    ]  # fmt: skip
    assert "pass word" not in command


def test_commands_of_other_connections(make_settings: MakeSettings) -> None:
    """LDAPS, an unwritten encryption, an anonymous bind and unverified certificates show in the command."""
    settings = make_settings(encryption=Encryption.LDAPS, port=636, bind_dn=None, verify_certificate=False)
    users, _ = searches(settings, [], [])
    command = ldapsearch_command(settings, users)
    assert command.startswith("LDAPTLS_REQCERT=never ldapsearch ")
    assert "ldaps://ldap.example.com:636" in command
    assert "-D" not in shlex.split(command)
    assert "-Z" in shlex.split(ldapsearch_command(make_settings(encryption=Encryption.UNWRITTEN), users))
    assert "LDAPTLS" not in ldapsearch_command(make_settings(ca_file=Path("/ca.pem")), users)
