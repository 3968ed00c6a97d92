"""What a directory owes its clients, held by the embedded one, by slapd and by Samba. Asked with plain ldap3."""

import socket
from uuid import UUID

import ldap3
import pytest

from tests.contract.directories import Subject, administering, ask, ask_in_pages, bound, few, read_one, read_whole
from tests.contract.directory_world import ALL_BYTES, AWKWARD, CROWD, PEOPLE, dn_of


class TestBind:
    def test_right_password(self, directory: Subject) -> None:
        """A name with its password is bound."""
        with bound(directory) as connection:
            assert connection.bound

    @pytest.mark.parametrize("name", ["reader", "nobody"])
    def test_wrong_password(self, directory: Subject, name: str) -> None:
        """A wrong password and an unknown name get the same answer, so that names cannot be guessed."""
        dn = directory.server.reader_dn if name == "reader" else dn_of("nobody", directory.base)
        with bound(directory, dn, "wrong") as connection:
            assert connection.result["description"] == "invalidCredentials"

    def test_name_without_password(self, openldap: Subject) -> None:
        """A name without a password is refused rather than taken for anonymous (RFC 4513 §5.1.2)."""
        # ldap3 refuses to send such a bind, hence the bytes of one (RFC 4511 §4.2).
        dn = openldap.server.reader_dn.encode()
        operation = b"\x02\x01\x03\x04" + bytes((len(dn),)) + dn + b"\x80\x00"
        message = b"\x02\x01\x01\x60" + bytes((len(operation),)) + operation
        with socket.create_connection((openldap.server.host, openldap.server.port), 10) as connection:
            connection.sendall(b"\x30" + bytes((len(message),)) + message)
            answer = connection.recv(1024)
        unwilling_to_perform = b"\x0a\x01\x35"
        assert unwilling_to_perform in answer


class TestScope:
    def test_base(self, directory: Subject) -> None:
        """A base search gives the entry itself."""
        with bound(directory) as connection:
            assert len(ask(connection, few(directory), scope=ldap3.BASE).entries) == 1

    def test_one_level(self, directory: Subject) -> None:
        """A one-level search gives the children without the base and without what is below them."""
        with bound(directory) as connection:
            answer = ask(connection, directory.base, scope=ldap3.LEVEL)
        units = {dn.partition(",")[0].lower() for dn in answer.entries}
        assert units == {"ou=crowd", "ou=few", "ou=awkward", "ou=changing", "ou=groups"}

    def test_subtree(self, directory: Subject) -> None:
        """A subtree search gives the base and everything below it."""
        with bound(directory) as connection:
            answer = ask(connection, few(directory))
        assert answer.names() == {"Anna", "Berta", "Carl", "Taro"}
        assert len(answer.entries) == 5

    @pytest.mark.parametrize("scope", [ldap3.BASE, ldap3.LEVEL, ldap3.SUBTREE])
    def test_no_such_base(self, directory: Subject, scope: str) -> None:
        """A base that is not there is noSuchObject in every scope, never an empty success."""
        with bound(directory) as connection:
            assert ask(connection, f"ou=nowhere,{directory.base}", scope=scope).result == "noSuchObject"

    def test_base_is_compared_without_case_and_blanks(self, directory: Subject) -> None:
        """A DN written in another case and with blanks after commas names the same entry."""
        dn = dn_of("ANNA", *(part.strip() for part in few(directory).upper().split(",")))
        with bound(directory) as connection:
            assert ask(connection, dn.replace(",", ", "), scope=ldap3.BASE).names() == {"Anna"}


class TestPaging:
    @pytest.mark.parametrize("size", [300, 1000, 2501, 5000])
    def test_everybody_once(self, directory: Subject, size: int) -> None:
        """Pages of any size give everybody once."""
        with bound(directory) as connection:
            answer = ask_in_pages(connection, f"ou=crowd,{directory.base}", size, "(objectClass=inetOrgPerson)")
        assert answer.result == "success"
        assert answer.names() == {f"person {number:04d}" for number in range(PEOPLE)}
        assert answer.pages >= -(-PEOPLE // size)

    def test_pages_of_one(self, directory: Subject) -> None:
        """The smallest page works."""
        with bound(directory) as connection:
            answer = ask_in_pages(connection, few(directory), 1)
        assert answer.names() == {"Anna", "Berta", "Carl", "Taro"}

    def test_nothing_found(self, directory: Subject) -> None:
        """A search that finds nobody is one page without a cookie."""
        with bound(directory) as connection:
            assert ask_in_pages(connection, few(directory), 10, "(cn=nobody)").pages == 1


class TestAttributes:
    def test_named(self, directory: Subject) -> None:
        """Only attributes asked for are sent, under the name asked for in any case."""
        with bound(directory) as connection:
            found = read_one(connection, dn_of("Anna", few(directory)), "SN", "mail", "nosuchattribute")
        assert {name.lower() for name in found or {}} == {"sn", "mail"}

    def test_none(self, directory: Subject) -> None:
        """`1.1` asks for no attribute at all (RFC 4511 §4.5.1.8)."""
        with bound(directory) as connection:
            assert read_one(connection, dn_of("Anna", few(directory)), "1.1") == {}

    def test_all(self, directory: Subject) -> None:
        """`*` gives the user attributes."""
        with bound(directory) as connection:
            found = read_one(connection, dn_of("Anna", few(directory)), "*") or {}
        assert {"objectClass", "cn", "sn", "mail", "manager", "jpegPhoto", "uidNumber"} <= found.keys()

    def test_several_values(self, directory: Subject) -> None:
        """All values of an attribute are sent."""
        with bound(directory) as connection:
            found = read_one(connection, dn_of("Carl", few(directory)), "departmentNumber") or {}
        assert set(found["departmentNumber"]) == {b"sales", "営業部".encode()}

    def test_bytes(self, directory: Subject) -> None:
        """Binary values come as they are."""
        with bound(directory) as connection:
            found = read_one(connection, dn_of("Anna", few(directory)), "jpegPhoto") or {}
        assert found["jpegPhoto"] == [ALL_BYTES]

    def test_operational_attributes(self, openldap: Subject) -> None:
        """Operational attributes come for `+` and by name, not for `*`."""
        dn = dn_of("Anna", few(openldap))
        operational = {"entryUUID", "createTimestamp", "modifyTimestamp", "memberOf"}
        with bound(openldap) as connection:
            assert operational.isdisjoint(read_one(connection, dn, "*") or {})
            assert operational <= (read_one(connection, dn, "+") or {}).keys()
            assert (read_one(connection, dn, *operational) or {}).keys() == operational

    def test_operational_attributes_of_active_directory(self, active_directory: Subject) -> None:
        """objectGUID, whenChanged, uSNChanged, memberOf are ordinary attributes there."""
        with bound(active_directory) as connection:
            found = read_one(connection, dn_of("Anna", few(active_directory)), "*") or {}
        assert {"objectGUID", "whenChanged", "uSNChanged", "memberOf", "distinguishedName"} <= found.keys()
        assert len(found["objectGUID"][0]) == 16

    def test_anchors_differ(self, directory: Subject) -> None:
        """No two entries share a source anchor."""
        with bound(directory) as connection:
            answer = ask(connection, few(directory), attributes=(directory.anchor,))
        anchors = [found[directory.anchor][0] for found in answer.entries.values()]
        assert len(set(anchors)) == len(anchors) == 5
        if directory.is_openldap:
            assert all(UUID(anchor.decode()) for anchor in anchors)


class TestLargeGroup:
    def test_whole(self, directory: Subject) -> None:
        """A group of more members than one answer holds is read whole, in ranges where they come."""
        with bound(directory) as connection:
            members = read_whole(connection, dn_of("everybody", f"ou=groups,{directory.base}"), "member")
        expected = {dn_of(f"person {number:04d}", f"ou=crowd,{directory.base}").lower() for number in range(CROWD)}
        assert len(members) == CROWD
        assert {member.decode().lower() for member in members} == expected

    def test_a_range(self, active_directory: Subject) -> None:
        """A range asked for is sent under its own name, the last one with a star."""
        dn = dn_of("everybody", f"ou=groups,{active_directory.base}")
        with bound(active_directory) as connection:
            first = read_one(connection, dn, "member;range=0-9") or {}
            last = read_one(connection, dn, f"member;range={CROWD - 5}-*") or {}
        assert [(name, len(values)) for name, values in first.items()] == [("member;range=0-9", 10)]
        assert [(name, len(values)) for name, values in last.items()] == [(f"member;range={CROWD - 5}-*", 5)]


class TestAwkwardNames:
    @pytest.mark.parametrize("name", AWKWARD)
    def test_found_by_name(self, directory: Subject, name: str) -> None:
        """An entry is found by a DN whose special characters are escaped in any way (RFC 4514 §2.4)."""
        with bound(directory) as connection:
            found = read_one(connection, dn_of(name, f"ou=awkward,{directory.base}"), "sn") or {}
        assert found["sn"][0].decode().strip() == name.strip()

    def test_the_dn_sent_leads_back(self, directory: Subject) -> None:
        """Every DN that is sent can be used as a base, and is the one that groups name."""
        with bound(directory) as connection:
            people = ask(connection, f"ou=awkward,{directory.base}", "(objectClass=inetOrgPerson)", ("sn",))
            assert len(people.entries) == len(AWKWARD)
            for dn, found in people.entries.items():
                assert read_one(connection, dn, "sn") == found
            group = dn_of("awkward", f"ou=groups,{directory.base}")
            for member in read_whole(connection, group, "member"):
                assert read_one(connection, member.decode(), "sn")


class TestSizeLimit:
    def test_reported_without_pages(self, limited: Subject) -> None:
        """Entries up to the limit come, and the result says that it is not all."""
        with bound(limited) as connection:
            answer = ask(connection, f"ou=crowd,{limited.base}", attributes=("cn",))
        assert (answer.result, len(answer.entries)) == ("sizeLimitExceeded", 500)

    def test_reported_across_pages(self, limited: Subject) -> None:
        """The limit counts all pages together: the last page looks like any other but for its result."""
        with bound(limited) as connection:
            answer = ask_in_pages(connection, f"ou=crowd,{limited.base}", 200)
        assert (answer.result, len(answer.entries)) == ("sizeLimitExceeded", 500)

    def test_not_for_the_administrator(self, limited: Subject) -> None:
        """The administrator is above the limit."""
        with administering(limited) as connection:
            assert len(ask_in_pages(connection, f"ou=crowd,{limited.base}", 1000).entries) == PEOPLE + 1

    def test_the_clients_own(self, openldap: Subject) -> None:
        """A limit that the client asks for is kept and reported; Samba does not look at it."""
        with bound(openldap) as connection:
            answer = ask(connection, few(openldap), size_limit=2)
        assert (answer.result, len(answer.entries)) == ("sizeLimitExceeded", 2)


class TestRootDse:
    def test_what_the_server_says_of_itself(self, directory: Subject) -> None:
        """Naming contexts, LDAP version and controls are told to anybody (RFC 4512 §5.1)."""
        names = ("namingContexts", "supportedLDAPVersion", "supportedControl")
        with bound(directory) as connection:
            found = read_one(connection, "", *names) or {}
        assert b"3" in found["supportedLDAPVersion"]
        assert b"1.2.840.113556.1.4.319" in found["supportedControl"]
        assert any(directory.base.lower().endswith(each.decode().lower()) for each in found["namingContexts"])
