"""What the embedded directory does beyond the contract of all directories: faults, options, habits of its makes."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import ldap3
import pytest
from ldap3.core.exceptions import LDAPExceptionError

from ldap2scim.sandbox.directory import ACTIVE_DIRECTORY, OPENLDAP, Anonymous, DirectoryOptions, EmbeddedDirectory
from ldap2scim.sandbox.directory.changing import OldRdn, rename
from ldap2scim.sandbox.directory.results import Refused
from ldap2scim.sandbox.directory.searching import RunningSearch
from tests.contract.directories import PAGED_RESULTS, Client, Subject, administering, ask, ask_in_pages, bound, read_one
from tests.contract.directory_world import Dialect
from tests.servers.fixtures import StartEmbedded

BASE = "dc=example"
UUID_OF_ONE = "6f1c1d3e-9a2b-4c5d-8e7f-0123456789ab"
WORLD = f"""\
dn: {BASE}
objectClass: domain
dc: example
createTimestamp: 20200102030405Z

dn: cn=one,{BASE}
objectClass: inetOrgPerson
cn: one
sn: One
userPassword: secret of one
entryUUID: {UUID_OF_ONE}

dn: ou=part,{BASE}
objectClass: organizationalUnit
ou: part

dn: cn=two,ou=part,{BASE}
objectClass: inetOrgPerson
cn: two
sn: Two

dn: cn=group,{BASE}
objectClass: groupOfNames
cn: group
member: cn=one,{BASE}
member: cn=two,ou=part,{BASE}
"""


def crowd(count: int) -> str:
    """Return a world of people and one group of them all."""
    people = "".join(f"dn: cn=p{n},{BASE}\nobjectClass: person\ncn: p{n}\nsn: s\n\n" for n in range(count))
    members = "".join(f"member: cn=p{n},{BASE}\n" for n in range(count))
    return f"dn: {BASE}\nobjectClass: domain\n\n{people}dn: cn=all,{BASE}\nobjectClass: group\n{members}"


def subject(directory: EmbeddedDirectory) -> Subject:
    """Return a directory for the helpers of the contract."""
    return Subject(directory, directory.base_dn, Dialect.OPENLDAP)


@pytest.fixture
def directory(start_embedded: StartEmbedded) -> EmbeddedDirectory:
    """A small directory."""
    return start_embedded(WORLD)


@pytest.fixture
def reader(directory: EmbeddedDirectory) -> Iterator[Client]:
    """A connection of the reader."""
    with bound(subject(directory)) as connection:
        yield connection


class TestWorld:
    def test_identity_from_the_world(self, reader: Client) -> None:
        """An entryUUID and times that the LDIF gives are kept."""
        assert read_one(reader, f"cn=one,{BASE}", "entryUUID") == {"entryUUID": [UUID_OF_ONE.encode()]}
        assert read_one(reader, BASE, "createTimestamp") == {"createTimestamp": [b"20200102030405Z"]}

    def test_identity_from_the_name(self, start_embedded: StartEmbedded) -> None:
        """Without one, an entry has the same entryUUID whenever the same world is started."""
        found = []
        for _ in range(2):
            with bound(subject(start_embedded(WORLD))) as connection:
                found.append((read_one(connection, f"cn=two,ou=part,{BASE}", "entryUUID") or {})["entryUUID"][0])
        assert found[0] == found[1]
        assert UUID(found[0].decode()).version == 5

    def test_a_file(self, tmp_path: Path, start_embedded: StartEmbedded) -> None:
        """A world may be a file."""
        path = tmp_path / "world.ldif"
        path.write_text(WORLD, encoding="utf-8")
        assert start_embedded(path).base_dn == BASE

    def test_an_entry_without_its_parent(self, start_embedded: StartEmbedded) -> None:
        """A world with an entry whose parent is missing is refused."""
        with pytest.raises(Refused, match="no parent for cn=x,ou=nowhere"):
            start_embedded(f"{WORLD}\ndn: cn=x,ou=nowhere,{BASE}\nobjectClass: person\n")

    def test_as_a_program(self, tmp_path: Path) -> None:
        """`python -m` prints the port as its first line and serves."""
        path = tmp_path / "world.ldif"
        path.write_text(WORLD, encoding="utf-8")
        command = [sys.executable, "-m", "ldap2scim.sandbox.directory", "--ldif", str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                port = int(process.stdout.readline())
                socket.create_connection(("127.0.0.1", port), 10).close()
            finally:
                process.kill()


class TestWhoMayDoWhat:
    def test_nobody_reads(self, directory: EmbeddedDirectory) -> None:
        """Who is not bound is told to bind."""
        with bound(subject(directory), "", "") as connection:
            assert connection.result["description"] == "inappropriateAuthentication"
            assert ask(connection, BASE).result == "strongerAuthRequired"

    def test_nobody_may_read_where_it_is_allowed(self, start_embedded: StartEmbedded) -> None:
        """An option lets anonymous readers in, and they still write nothing."""
        server = start_embedded(WORLD, DirectoryOptions(anonymous=Anonymous.READS))
        with bound(subject(server), "", "") as connection:
            assert ask(connection, BASE).names() == {"one", "two", "group"}
            connection.delete(f"cn=one,{BASE}")
            assert connection.result["description"] == "insufficientAccessRights"

    def test_entries_bind_with_their_password(self, directory: EmbeddedDirectory) -> None:
        """Every entry with a userPassword is an account."""
        with bound(subject(directory), f"cn=one,{BASE}", "secret of one") as connection:
            assert connection.bound
            assert connection.extend.standard.who_am_i() == f"dn:cn=one,{BASE}"

    def test_compare(self, reader: Client) -> None:
        """The compare operation answers true or false."""
        assert reader.compare(f"cn=one,{BASE}", "sn", "ONE") is True
        assert reader.compare(f"cn=one,{BASE}", "sn", "two") is False


class TestFaults:
    def test_hidden_subtree(self, directory: EmbeddedDirectory, reader: Client) -> None:
        """A hidden subtree is missing from searches and noSuchObject by name, but for the administrator."""
        directory.hide(f"OU=part, {BASE}")
        assert ask(reader, BASE).names() == {"one", "group"}
        assert read_one(reader, f"cn=two,ou=part,{BASE}") is None
        with administering(subject(directory)) as admin:
            assert ask(admin, BASE).names() == {"one", "two", "group"}
        directory.mend()
        assert ask(reader, BASE).names() == {"one", "two", "group"}

    def test_withheld_attribute(self, directory: EmbeddedDirectory, reader: Client) -> None:
        """A withheld attribute is missing without a word."""
        directory.withhold("member")
        assert read_one(reader, f"cn=group,{BASE}", "cn", "member") == {"cn": [b"group"]}

    def test_failing_search(self, start_embedded: StartEmbedded) -> None:
        """A search fails after the entries that were asked for, pages together."""
        server = start_embedded(crowd(20))
        server.fail_after(12, 51)
        with bound(subject(server)) as connection:
            assert (answer := ask(connection, BASE)).result == "busy"
            assert len(answer.entries) == 12
            assert (answer := ask_in_pages(connection, BASE, 5)).result == "busy"
            assert (answer.pages, len(answer.entries)) == (3, 12)

    def test_cut_connection(self, directory: EmbeddedDirectory, reader: Client) -> None:
        """A cut connection ends in the middle of an entry."""
        directory.cut_after(2)
        with pytest.raises(LDAPExceptionError):
            ask(reader, BASE)

    def test_stopped_and_started(self, directory: EmbeddedDirectory) -> None:
        """A directory that was down comes back at the same port with everything that was written."""
        port = directory.port
        with administering(subject(directory)) as admin:
            assert admin.delete(f"cn=one,{BASE}")
        directory.stop()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((directory.host, port), 1)
        directory.start()
        assert directory.port == port
        with bound(subject(directory)) as connection:
            assert ask(connection, BASE).names() == {"two", "group"}

    def test_garbage_ends_only_its_own_connection(self, directory: EmbeddedDirectory, reader: Client) -> None:
        """Bytes that are no LDAP close the connection they came on."""
        with socket.create_connection((directory.host, directory.port), 10) as connection:
            connection.sendall(b"\x30\x05\x02\x01\x01\x42\x07GET / HTTP/1.1\r\n\r\n")
            assert connection.recv(1024) == b""
        assert ask(reader, BASE).result == "success"


class TestPages:
    def test_a_cookie_dies_with_the_next_paged_search(self, start_embedded: StartEmbedded) -> None:
        """A connection pages one search at a time, as with slapd."""
        with bound(subject(start_embedded(crowd(20)))) as connection:
            ask(connection, BASE, paged_size=5)
            cookie = connection.result["controls"][PAGED_RESULTS]["value"]["cookie"]
            ask(connection, BASE, paged_size=5)
            assert ask(connection, BASE, paged_size=5, paged_cookie=cookie).result == "unwillingToPerform"

    def test_deleted_between_two_pages(self, start_embedded: StartEmbedded) -> None:
        """An entry that is deleted before its page comes does not come."""
        server = start_embedded(crowd(20))
        with bound(subject(server)) as connection, administering(subject(server)) as admin:
            first = ask(connection, BASE, "(objectClass=person)", paged_size=5)
            cookie = connection.result["controls"][PAGED_RESULTS]["value"]["cookie"]
            assert admin.delete(f"cn=p19,{BASE}")
            rest = ask(connection, BASE, "(objectClass=person)", paged_size=100, paged_cookie=cookie)
        assert len(first.entries) + len(rest.entries) == 19

    def test_unknown_critical_control(self, reader: Client) -> None:
        """A control that must be understood, and is not, refuses the search (RFC 4511 §4.1.11)."""
        answer = ask(reader, BASE, controls=[("1.2.3.4", True, None)])
        assert answer.result == "unavailableCriticalExtension"

    def test_references(self, start_embedded: StartEmbedded) -> None:
        """An entry that stands for another server's part is answered as a reference (RFC 3296)."""
        world = f"{WORLD}\ndn: ou=else,{BASE}\nobjectClass: referral\nou: else\nref: ldap://other/ou=else,{BASE}\n"
        with bound(subject(start_embedded(world))) as connection:
            connection.auto_referrals = False
            connection.search(BASE, "(cn=one)", attributes=["cn"])
            references = [each for each in connection.response if each["type"] == "searchResRef"]
        assert [each["uri"] for each in references] == [[f"ldap://other/ou=else,{BASE}"]]


class TestActiveDirectory:
    @pytest.fixture
    def client(self, start_embedded: StartEmbedded) -> Iterator[Client]:
        """A reader of a directory with small limits."""
        server = start_embedded(crowd(35), replace(ACTIVE_DIRECTORY, max_page_size=10, max_values=15))
        with bound(subject(server)) as connection:
            yield connection

    def test_unpaged_search_stops_at_the_page_size(self, client: Client) -> None:
        """Without pages, one page of entries comes and then sizeLimitExceeded (MS-ADTS MaxPageSize)."""
        answer = ask(client, BASE)
        assert (answer.result, len(answer.entries)) == ("sizeLimitExceeded", 10)

    def test_larger_pages_are_cut(self, client: Client) -> None:
        """A larger page than allowed comes as an allowed one, and nobody is missing."""
        answer = ask_in_pages(client, BASE, 1000)
        assert (answer.result, answer.pages, len(answer.entries)) == ("success", 4, 37)

    def test_ranges(self, client: Client) -> None:
        """Too many values come in ranges, beside the plain attribute without values (MS-ADTS MaxValRange)."""
        sizes = []
        wanted = "member"
        for _ in range(3):
            found = read_one(client, f"cn=all,{BASE}", wanted) or {}
            sizes.append({name: len(values) for name, values in found.items()})
            wanted = f"member;range={15 * len(sizes)}-*"
        assert sizes == [{"member": 0, "member;range=0-14": 15}, {"member;range=15-29": 15}, {"member;range=30-*": 5}]

    def test_guid_as_a_name(self, client: Client) -> None:
        """An entry is found under `<GUID=…>`, as text or as its bytes."""
        raw = (read_one(client, f"cn=p1,{BASE}", "objectGUID") or {})["objectGUID"][0]
        for name in (f"<GUID={UUID(bytes_le=raw)}>", f"<GUID={raw.hex()}>"):
            assert ask(client, name, scope=ldap3.BASE).names() == {"p1"}

    def test_told_by_the_root_dse(self, client: Client) -> None:
        """The root DSE says that it is an Active Directory, and how far the changes are."""
        found = read_one(client, "", "supportedCapabilities", "highestCommittedUSN", "defaultNamingContext") or {}
        assert b"1.2.840.113556.1.4.800" in found["supportedCapabilities"]
        assert int(found["highestCommittedUSN"][0]) > 0
        assert found["defaultNamingContext"] == [BASE.encode()]


def test_size_limit_of_openldap(start_embedded: StartEmbedded) -> None:
    """The last page before the limit carries the error: whoever looks only at entries takes it for the end."""
    server = start_embedded(crowd(20), replace(OPENLDAP, size_limit=10))
    with bound(subject(server)) as connection:
        answer = ask_in_pages(connection, BASE, 4)
    assert (answer.result, answer.pages, len(answer.entries)) == ("sizeLimitExceeded", 3, 10)


def test_somebody_is_at_work_while_others_read(start_embedded: StartEmbedded) -> None:
    """What happens between two entries is seen by the search under way; whom it misses the next one finds."""
    server = start_embedded(crowd(20))
    sent: list[str] = []

    def renamed(search: RunningSearch) -> None:
        sent.append("one more")
        if len(sent) == 5:
            tree = server._state.tree
            somebody = tree.require(f"cn=p9,{BASE}")
            rename(tree, somebody.dn, "cn=renamed", OldRdn.DELETED, None)
            search.missed.add(somebody.uuid)

    server._state.meanwhile = renamed
    with bound(subject(server)) as connection:
        first, second = (ask_in_pages(connection, BASE, 4).names() for _ in range(2))
    assert second - first == {"renamed"}
    assert "p9" not in first
