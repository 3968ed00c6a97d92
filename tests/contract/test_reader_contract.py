"""What our reader makes of real directories: everything, or an error that says so. The same on all of them."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from ldap2scim.directory.client import connect
from ldap2scim.directory.dn import normalise
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.reader import Search, SearchProof
from ldap2scim.directory.session import Session
from ldap2scim.directory.settings import DirectoryKind, DirectorySettings, Encryption, MemberReference
from ldap2scim.errors import BindRefused, DirectoryError, DirectoryUnavailable, ReadIncomplete
from ldap2scim.model import ResourceType
from ldap2scim.sandbox.directory import EmbeddedDirectory, embedded_directory
from ldap2scim.secret import Secret
from tests.contract.conftest import Subjects
from tests.contract.directories import Addressed, Client, Subject, administering, ask
from tests.contract.directory_world import ALL_BYTES, AWKWARD, CROWD, PEOPLE, Dialect, dn_of, world_ldif
from tests.servers.certificates import make_certificates
from tests.servers.fixtures import StartSlapd
from tests.servers.samba import Samba
from tests.servers.slapd import Slapd, SlapdOptions

BASE = "dc=example,dc=com"
UNITS = count(1)


def settings(
    server: Addressed,
    *,
    password: str | None = None,
    encryption: Encryption = Encryption.NONE,
    port: int | None = None,
    ca_file: Path | None = None,
    answer_timeout: float = 60,
) -> DirectorySettings:
    """Return the settings that lead to a server as its reader."""
    return DirectorySettings(
        name="contract",
        kind=DirectoryKind.GENERIC,
        addresses=(server.host,),
        port=port or server.port,
        encryption=encryption,
        verify_certificate=True,
        ca_file=ca_file,
        bind_dn=server.reader_dn,
        bind_password=Secret(password or server.reader_password),
        base_dn="",
        user_filter="",
        group_filter="",
        user_object_class="inetOrgPerson",
        group_object_class="groupOfNames",
        member_attribute="member",
        member_reference=MemberReference.DN,
        source_anchor="entryUUID",
        answer_timeout=answer_timeout,
    )


def people(base: str, search_filter: str = "(objectClass=inetOrgPerson)", page_size: int = 1000) -> Search:
    """Return a search for people below a base."""
    return Search(ResourceType.USER, base, search_filter, ("cn", "sn", "mail", "jpegPhoto"), page_size)


def read(session: Session, search: Search) -> tuple[list[LdapEntry], SearchProof]:
    """Read a search to its end."""
    entries: list[LdapEntry] = []
    pages = session.read(search)
    while True:
        try:
            entries.extend(next(pages))
        except StopIteration as end:
            proof: SearchProof = end.value
            return entries, proof


def names(entries: list[LdapEntry]) -> set[str]:
    """Return the common names."""
    return {entry.attributes["cn"][0].decode() for entry in entries}


@pytest.fixture
def session(directory: Subject) -> Iterator[Session]:
    """A session with every directory, one after the other."""
    with connect(settings(directory.server)) as connected:
        yield connected


@pytest.fixture
def embedded() -> Iterator[EmbeddedDirectory]:
    """An embedded directory of this test alone, to have faults."""
    with embedded_directory(world_ldif(BASE, Dialect.OPENLDAP)) as running:
        yield running


class TestEverything:
    @pytest.mark.parametrize("page_size", [300, 1000, 5000])
    def test_everybody_once(self, directory: Subject, session: Session, page_size: int) -> None:
        """Everybody is read once whatever the page size, and the proof counts them."""
        entries, proof = read(session, people(f"ou=crowd,{directory.base}", page_size=page_size))
        assert len(entries) == proof.entries == PEOPLE
        assert names(entries) == {f"person {number:04d}" for number in range(PEOPLE)}
        assert proof.server == session.server == f"{directory.server.host}:{directory.server.port}"

    def test_nobody(self, directory: Subject, session: Session) -> None:
        """A search that finds nobody is proven too."""
        entries, proof = read(session, people(f"ou=few,{directory.base}", "(cn=nobody)"))
        assert (entries, proof.entries) == ([], 0)

    def test_values(self, directory: Subject, session: Session) -> None:
        """Values are the server's bytes under lower-case names; what an entry has not is not there."""
        entries, _ = read(session, people(f"ou=few,{directory.base}"))
        anna = next(entry for entry in entries if entry.attributes["cn"] == (b"Anna",))
        assert anna.attributes["sn"] == ("Müller".encode(),)
        assert anna.attributes["jpegphoto"] == (ALL_BYTES,)
        carl = next(entry for entry in entries if entry.attributes["cn"] == (b"Carl",))
        assert "mail" not in carl.attributes

    @pytest.mark.parametrize(
        ("search_filter", "expected"),
        [
            ("(&(objectClass=inetOrgPerson)(mail=*))", {"Anna", "Berta"}),
            ("(&(objectClass=inetOrgPerson)(!(mail=*)))", {"Carl", "Taro"}),
            ("(|(sn=山田)(mail=anna*))", {"Anna", "Taro"}),
            (r"(sn=a\2ab\28c\29\5cd)", {"Carl"}),
            ("(uidNumber>=1003)", {"Carl", "Taro"}),
            ("(uidNumber:1.2.840.113556.1.4.803:=3)", {"Carl"}),
        ],
    )
    def test_filters(self, directory: Subject, session: Session, search_filter: str, expected: set[str]) -> None:
        """A filter reaches the server as it was written."""
        assert names(read(session, people(f"ou=few,{directory.base}", search_filter))[0]) == expected

    def test_large_group(self, directory: Subject, session: Session) -> None:
        """A group of more members than one answer holds is whole, whether it came in ranges or at once."""
        search = Search(ResourceType.GROUP, f"ou=groups,{directory.base}", "(cn=everybody)", ("cn", "member"))
        (group,), proof = read(session, search)
        assert len(set(group.attributes["member"])) == CROWD
        in_ranges = directory.server.host == "127.0.0.1" and not directory.is_openldap
        assert proof.ranges_joined == (1 if in_ranges else 0)

    def test_awkward_names(self, directory: Subject, session: Session) -> None:
        """Every DN that was read, and every member, can be looked up."""
        entries, _ = read(session, people(f"ou=awkward,{directory.base}"))
        assert len(entries) == len(AWKWARD)
        group = session.lookup(dn_of("awkward", f"ou=groups,{directory.base}"), ("member",))
        assert group is not None
        for dn in [*(entry.dn for entry in entries), *(member.decode() for member in group.attributes["member"])]:
            assert session.lookup(dn, ("sn",)) is not None

    def test_lookup_of_nobody(self, directory: Subject, session: Session) -> None:
        """A look-up is None where the server says that there is none."""
        assert session.lookup(dn_of("nobody", f"ou=few,{directory.base}"), ("sn",)) is None

    def test_lookup_in_the_middle_of_a_read(self, directory: Subject, session: Session) -> None:
        """A look-up between two pages disturbs nothing."""
        pages = session.read(people(f"ou=crowd,{directory.base}", page_size=500))
        count = len(next(pages))
        assert session.lookup(dn_of("Anna", f"ou=few,{directory.base}"), ("sn",)) is not None
        assert count + sum(len(page) for page in pages) == PEOPLE


class TestNotEverything:
    def test_wrong_password(self, directory: Subject) -> None:
        """A wrong password is refused, and named as such."""
        with pytest.raises(BindRefused, match="invalidCredentials"):
            connect(settings(directory.server, password="wrong"))

    def test_no_such_base(self, directory: Subject, session: Session) -> None:
        """A base that is not there is no empty directory."""
        with pytest.raises(ReadIncomplete, match="noSuchObject"):
            read(session, people(f"ou=nowhere,{directory.base}"))

    @pytest.mark.parametrize("page_size", [200, 500, 1000])
    def test_size_limit(self, limited: Subject, page_size: int) -> None:
        """A read that the server's size limit cuts is no read, wherever the page ends."""
        with (
            connect(settings(limited.server)) as session,
            pytest.raises(ReadIncomplete, match="sizeLimitExceeded"),
        ):
            read(session, people(f"ou=crowd,{limited.base}", page_size=page_size))

    @pytest.mark.slapd
    def test_killed_server(self, start_slapd: StartSlapd) -> None:
        """A server that dies in the middle of a read is no read."""
        server = start_slapd(world_ldif(BASE, Dialect.OPENLDAP), SlapdOptions(BASE))
        with connect(settings(server)) as session:
            pages = session.read(people(BASE, page_size=50))
            assert len(next(pages)) == 50
            server.kill()
            with pytest.raises((DirectoryUnavailable, ReadIncomplete)):
                list(pages)

    @pytest.mark.parametrize("after", [0, 1, 299, 300, 301, 2400])
    def test_cut_connection(self, embedded: EmbeddedDirectory, after: int) -> None:
        """A connection that is cut after any number of entries is no read."""
        embedded.cut_after(after)
        with connect(settings(embedded)) as session, pytest.raises(DirectoryUnavailable):
            read(session, people(BASE, page_size=300))

    @pytest.mark.parametrize(
        ("code", "error"),
        [(51, DirectoryUnavailable), (52, DirectoryUnavailable), (1, ReadIncomplete), (80, ReadIncomplete)],
    )
    def test_error_in_the_middle(self, embedded: EmbeddedDirectory, code: int, error: type[DirectoryError]) -> None:
        """An error at the end of a later page is no read; only a busy server is worth another try."""
        embedded.fail_after(700, code)
        with connect(settings(embedded)) as session, pytest.raises(error):
            read(session, people(BASE, page_size=300))

    def test_silent_server(self, embedded: EmbeddedDirectory) -> None:
        """A server that falls silent is given up after the time that the settings allow."""
        embedded.stall_after(700)
        with connect(settings(embedded, answer_timeout=0.5)) as session, pytest.raises(DirectoryUnavailable):
            read(session, people(BASE, page_size=300))

    def test_server_that_is_down(self, embedded: EmbeddedDirectory) -> None:
        """A server that does not answer is unavailable, and is there again when it is up again."""
        embedded.stop()
        with pytest.raises(DirectoryUnavailable):
            connect(settings(embedded))
        embedded.start()
        with connect(settings(embedded)) as session:
            assert read(session, people(BASE))[1].entries == PEOPLE + len(AWKWARD) + 4


class TestRights:
    """What a missing right looks like: nothing in the answer tells it from absence (DESIGN §6 guards against it)."""

    @pytest.fixture(params=["embedded", pytest.param("slapd", marks=pytest.mark.slapd)])
    def half_blind(self, request: pytest.FixtureRequest) -> Iterator[Addressed]:
        """A server whose reader may not see the four people of `ou=few`."""
        world = world_ldif(BASE, Dialect.OPENLDAP)
        if request.param == "slapd":
            start: StartSlapd = request.getfixturevalue("start_slapd")
            yield start(world, SlapdOptions(BASE, hidden_subtrees=(f"ou=few,{BASE}",)))
            return
        with embedded_directory(world) as running:
            running.hide(f"ou=few,{BASE}")
            yield running

    def test_hidden_people_are_missing_without_a_word(self, half_blind: Addressed) -> None:
        """The search succeeds with fewer people, and a look-up says that there is nobody."""
        with connect(settings(half_blind)) as session:
            entries, _ = read(session, people(BASE))
            assert len(entries) == PEOPLE + len(AWKWARD)
            assert session.lookup(dn_of("Anna", f"ou=few,{BASE}"), ("sn",)) is None


class TestTls:
    @pytest.fixture(
        params=[pytest.param("slapd", marks=pytest.mark.slapd), pytest.param("samba", marks=pytest.mark.samba)]
    )
    def server(self, request: pytest.FixtureRequest, subjects: Subjects) -> Slapd | Samba:
        """Servers that offer StartTLS and LDAPS."""
        server = subjects.get(request.param).server
        assert isinstance(server, Slapd | Samba)
        return server

    @pytest.fixture(params=[Encryption.START_TLS, Encryption.LDAPS])
    def encrypted(self, request: pytest.FixtureRequest, server: Slapd | Samba) -> Callable[[Path], DirectorySettings]:
        """Settings for either kind of TLS with a file of authorities."""
        port = server.tls_port if request.param is Encryption.LDAPS else server.port
        return lambda ca_file: settings(server, encryption=request.param, port=port, ca_file=ca_file)

    def test_verified(self, server: Slapd | Samba, encrypted: Callable[[Path], DirectorySettings]) -> None:
        """With the server's authority a read over TLS gives everybody."""
        base = f"ou=crowd,OU=World,{server.base_dn}" if isinstance(server, Samba) else f"ou=crowd,{server.base_dn}"
        with connect(encrypted(server.ca_file)) as session:
            assert read(session, people(base))[1].entries == PEOPLE

    def test_another_authority(self, encrypted: Callable[[Path], DirectorySettings], tmp_path: Path) -> None:
        """A certificate of an authority that is not trusted is refused before the bind."""
        with pytest.raises(DirectoryError, match="certificate"):
            connect(encrypted(make_certificates(tmp_path).ca_file))


class TestChanges:
    """Whatever happens to an entry, its anchor tells who it is."""

    ANCHORS = ("cn", "entryUUID", "objectGUID")

    @pytest.fixture
    def unit(self, directory: Subject) -> Iterator[str]:
        """A unit of this test alone, emptied afterwards."""
        unit = f"ou=reader-{next(UNITS)},ou=changing,{directory.base}"
        with administering(directory) as admin:
            assert admin.add(unit, ["organizationalUnit"]), admin.result
            yield unit
            # What is below has the longer name; Samba gives no order.
            for dn in sorted(ask(admin, unit, attributes=("cn",)).entries, key=len, reverse=True):
                assert admin.delete(dn), admin.result

    @pytest.fixture
    def administrator(self, directory: Subject) -> Iterator[Client]:
        """The administrator's connection."""
        with administering(directory) as admin:
            yield admin

    def seen(self, directory: Subject, base: str) -> dict[str, bytes]:
        """Read people on a new connection; return their anchors by name."""
        search = Search(ResourceType.USER, base, "(objectClass=inetOrgPerson)", self.ANCHORS)
        with connect(settings(directory.server)) as session:
            entries, _ = read(session, search)
        return {entry.dn.lower(): entry.attributes[directory.anchor.lower()][0] for entry in entries}

    def test_renamed(self, directory: Subject, unit: str, administrator: Client) -> None:
        """A renamed user has another DN, and the same anchor."""
        before, after = dn_of("Ida", unit), dn_of("Ida, née Jürgens", unit)
        assert administrator.add(before, ["inetOrgPerson"], {"sn": "x"})
        (anchor,) = self.seen(directory, unit).values()
        assert administrator.modify_dn(before, after.removesuffix(f",{unit}")), administrator.result
        ((dn, found),) = self.seen(directory, unit).items()
        assert found == anchor
        assert normalise(dn) == normalise(after)

    def test_unit_moved(self, directory: Subject, unit: str, administrator: Client) -> None:
        """Everybody in a unit that was moved has another DN, and the same anchor."""
        inner, other = f"ou=inner,{unit}", f"ou=other,{unit}"
        for dn in (inner, other):
            assert administrator.add(dn, ["organizationalUnit"])
        for name in ("Ida", "山田, 花子"):
            assert administrator.add(dn_of(name, inner), ["inetOrgPerson"], {"sn": "x"})
        before = self.seen(directory, unit)
        assert administrator.modify_dn(inner, "ou=inner", new_superior=other), administrator.result
        after = self.seen(directory, unit)
        assert sorted(after.values()) == sorted(before.values())
        assert all(dn.endswith(f",ou=inner,{other}".lower()) for dn in after)
        assert self.seen(directory, other) == after

    def test_deleted_and_created_again(self, directory: Subject, unit: str, administrator: Client) -> None:
        """The same name again is somebody else: another anchor."""
        dn, found = dn_of("Phoenix", unit), set[bytes]()
        for _ in range(2):
            assert administrator.add(dn, ["inetOrgPerson"], {"sn": "x"})
            found |= set(self.seen(directory, unit).values())
            assert administrator.delete(dn)
        assert len(found) == 2
        assert self.seen(directory, unit) == {}

    def test_nested_and_circular_groups(self, directory: Subject, unit: str, administrator: Client) -> None:
        """Groups that contain each other are read as they are: each once, with the members that it lists itself."""
        kind = "groupOfNames" if directory.is_openldap else "group"
        outer, inner, person = dn_of("outer", unit), dn_of("inner", unit), dn_of("Ida", unit)
        assert administrator.add(person, ["inetOrgPerson"], {"sn": "x"})
        assert administrator.add(inner, [kind], {"member": [person]}), administrator.result
        assert administrator.add(outer, [kind], {"member": [inner]}), administrator.result
        assert administrator.modify(inner, {"member": [("MODIFY_ADD", [outer])]}), administrator.result
        search = Search(ResourceType.GROUP, unit, f"(objectClass={kind})", ("cn", "member"))
        with connect(settings(directory.server)) as session:
            groups, _ = read(session, search)
        listed = {
            entry.attributes["cn"][0].decode(): {normalise(value.decode()) for value in entry.attributes["member"]}
            for entry in groups
        }
        assert listed == {"outer": {normalise(inner)}, "inner": {normalise(person), normalise(outer)}}

    @pytest.mark.parametrize("name", AWKWARD)
    def test_awkward_member(self, directory: Subject, unit: str, administrator: Client, name: str) -> None:
        """However a name is written, the member that a group lists is the entry that was read."""
        kind = "groupOfNames" if directory.is_openldap else "group"
        group = dn_of("of one", unit)
        assert administrator.add(dn_of(name, unit), ["inetOrgPerson"], {"sn": "x"}), administrator.result
        assert administrator.add(group, [kind], {"member": [dn_of(name, unit)]}), administrator.result
        with connect(settings(directory.server)) as session:
            (person,), _ = read(session, people(unit))
            found = session.lookup(group, ("member",))
        assert found is not None
        assert normalise(found.attributes["member"][0].decode()) == normalise(person.dn)

    def test_empty_string(self, directory: Subject, unit: str, administrator: Client) -> None:
        """Where a server takes an empty string it is a value of no octets; where it refuses one, there is none."""
        dn = dn_of("Ida", unit)
        assert administrator.add(dn, ["inetOrgPerson"], {"sn": "x"})
        taken = administrator.modify(dn, {"mail": [("MODIFY_REPLACE", [""])]})
        with connect(settings(directory.server)) as session:
            (person,), _ = read(session, people(unit))
        assert person.attributes.get("mail") == ((b"",) if taken else None)
