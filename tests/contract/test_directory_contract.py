"""What a directory owes its clients, held by the embedded one, by slapd and by Samba. Asked with plain ldap3."""

import socket
from uuid import UUID

import ldap3
import pytest

from tests.contract.directories import Subject, administering, ask, ask_in_pages, bound, read_one, read_whole
from tests.contract.directory_world import ALL_BYTES, AWKWARD, CROWD, PEOPLE, dn_of

IN_CHAIN = "1.2.840.113556.1.4.1941"
BIT_AND = "1.2.840.113556.1.4.803"
BIT_OR = "1.2.840.113556.1.4.804"


def few(directory: Subject) -> str:
    """Name the unit of the four people that filters are tried on."""
    return f"ou=few,{directory.base}"


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


EVERYWHERE = [
    ("(sn=Müller)", {"Anna"}),
    ("(sn=müller)", {"Anna"}),
    ("(cn=ANNA)", {"Anna"}),
    ("(sn=山田)", {"Taro"}),
    (r"(sn=a\2ab\28c\29\5cd)", {"Carl"}),
    ("(objectClass=person)", {"Anna", "Berta", "Carl", "Taro"}),
    ("(objectClass=ORGANIZATIONALPERSON)", {"Anna", "Berta", "Carl", "Taro"}),
    ("(objectClass=group)", set()),
    ("(mail=*)", {"Anna", "Berta"}),
    ("(!(mail=*))", {"Carl", "Taro"}),
    ("(&(mail=*)(cn=Anna))", {"Anna"}),
    ("(|(cn=Anna)(cn=Taro))", {"Anna", "Taro"}),
    ("(&(objectClass=inetOrgPerson)(|(sn=山田)(&(mail=*)(!(cn=Berta)))))", {"Anna", "Taro"}),
    ("(!(givenName=太郎))", {"Anna", "Berta", "Carl"}),
    ("(mail=*@example.com)", {"Anna", "Berta"}),
    ("(mail=anna*)", {"Anna"}),
    ("(mail=a*@ex*.com)", {"Anna"}),
    ("(mail=*n*n*)", {"Anna"}),
    ("(sn=*ü*)", {"Anna"}),
    (r"(sn=*\2ab*)", {"Carl"}),
    ("(uidNumber>=1003)", {"Carl", "Taro"}),
    ("(uidNumber<=1002)", {"Anna", "Berta"}),
    ("(&(uidNumber>=1002)(uidNumber<=1003))", {"Berta", "Carl"}),
    (f"(uidNumber:{BIT_AND}:=2)", {"Berta", "Carl", "Taro"}),
    (f"(uidNumber:{BIT_AND}:=3)", {"Carl"}),
    (f"(uidNumber:{BIT_OR}:=5)", {"Anna", "Carl"}),
    (f"(!(uidNumber:{BIT_AND}:=2))", {"Anna"}),
]
OPENLDAP_ONLY = [
    ("(cn~=Anna)", {"Anna"}),
    ("(cn:caseExactMatch:=Anna)", {"Anna"}),
    ("(cn:caseExactMatch:=anna)", set()),
    ("(cn:2.5.13.2:=anna)", {"Anna"}),
    ("(&(cn=Anna)(ou:dn:=few))", {"Anna"}),
    ("(&(cn=Anna)(ou:dn:=crowd))", set()),
    ("(nosuchattribute=x)", set()),
    ("(!(nosuchattribute=x))", set()),
    ("(|(nosuchattribute=x)(cn=Anna))", {"Anna"}),
]


class TestFilters:
    @pytest.mark.parametrize(("search_filter", "expected"), EVERYWHERE, ids=str)
    def test_filter(self, directory: Subject, search_filter: str, expected: set[str]) -> None:
        """Filters of RFC 4515 mean the same everywhere."""
        with bound(directory) as connection:
            assert ask(connection, few(directory), f"(&(cn=*){search_filter})").names() == expected

    @pytest.mark.parametrize(("search_filter", "expected"), OPENLDAP_ONLY, ids=str)
    def test_filter_of_openldap(self, openldap: Subject, search_filter: str, expected: set[str]) -> None:
        """Approximate matches, rules by name, DN components, and Undefined, which a negation does not make true."""
        with bound(openldap) as connection:
            assert ask(connection, few(openldap), search_filter).names() == expected

    def test_names_as_values(self, directory: Subject) -> None:
        """A DN in a filter is compared as a name, whatever its case."""
        with bound(directory) as connection:
            dn = dn_of("BERTA", few(directory).upper())
            assert ask(connection, few(directory), f"(manager={dn})").names() == {"Anna"}

    def test_member_of(self, directory: Subject) -> None:
        """The members of a group are found by memberOf."""
        team = dn_of("team", f"ou=groups,{directory.base}")
        with bound(directory) as connection:
            assert ask(connection, directory.base, f"(memberOf={team})").names() == {"Anna", "Berta"}

    def test_members(self, directory: Subject) -> None:
        """The groups of a person are found by member."""
        with bound(directory) as connection:
            answer = ask(connection, directory.base, f"(member={dn_of('Anna', few(directory))})")
        assert answer.names() == {"team"}

    def test_in_chain(self, active_directory: Subject) -> None:
        """The in-chain rule follows nested groups, both ways."""
        groups = f"ou=groups,{active_directory.base}"
        with bound(active_directory) as connection:
            above = ask(connection, groups, f"(member:{IN_CHAIN}:={dn_of('Anna', few(active_directory))})")
            below = ask(
                connection, active_directory.base, f"(memberOf:{IN_CHAIN}:={dn_of('department', groups)})", ("cn",)
            )
        assert above.names() == {"team", "department"}
        assert below.names() == {"Anna", "Berta", "Carl", "team"}

    def test_in_chain_is_nobody_on_openldap(self, openldap: Subject) -> None:
        """OpenLDAP does not know the in-chain rule and answers success with nobody: a trap for every synchroniser."""
        with bound(openldap) as connection:
            answer = ask(connection, openldap.base, f"(member:{IN_CHAIN}:={dn_of('Anna', few(openldap))})")
        assert (answer.result, answer.entries) == ("success", {})

    def test_anchor_in_a_filter(self, directory: Subject) -> None:
        """An entry is found by its source anchor."""
        with bound(directory) as connection:
            found = read_one(connection, dn_of("Anna", few(directory)), directory.anchor) or {}
            value = found[directory.anchor][0]
            text = value.decode() if directory.is_openldap else "".join(f"\\{byte:02x}" for byte in value)
            assert ask(connection, directory.base, f"({directory.anchor}={text})").names() == {"Anna"}


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


class TestChanges:
    def test_a_life(self, directory: Subject) -> None:
        """An entry that is added, changed, renamed, moved and deleted is seen so by the next read; its anchor stays."""
        unit = f"ou=changing,{directory.base}"
        born, renamed, moved = (
            dn_of("Eva", unit),
            dn_of("Ewa, née Müller", unit),
            dn_of("Ewa, née Müller", few(directory)),
        )
        with administering(directory) as admin, bound(directory) as reader:
            assert admin.add(born, ["inetOrgPerson"], {"sn": "Adams", "title": "clerk"}), admin.result
            anchor = (read_one(reader, born, directory.anchor) or {})[directory.anchor]
            assert admin.modify(born, {"sn": [("MODIFY_REPLACE", ["Berg"])], "title": [("MODIFY_DELETE", [])]})
            assert admin.modify(born, {"mail": [("MODIFY_ADD", ["eva@example.com"])]}), admin.result
            assert read_one(reader, born, "sn", "title", "mail") == {"sn": [b"Berg"], "mail": [b"eva@example.com"]}
            assert admin.modify_dn(born, renamed.removesuffix(f",{unit}")), admin.result
            assert read_one(reader, born) is None
            found = read_one(reader, renamed, "cn", directory.anchor)
            assert found == {"cn": ["Ewa, née Müller".encode()], directory.anchor: anchor}
            assert admin.modify_dn(renamed, renamed.removesuffix(f",{unit}"), new_superior=few(directory)), admin.result
            assert read_one(reader, moved, directory.anchor) == {directory.anchor: anchor}
            assert admin.delete(moved), admin.result
            assert read_one(reader, moved) is None

    def test_the_same_name_again_is_another_entry(self, directory: Subject) -> None:
        """An entry that is deleted and added again under its old name has a new anchor."""
        dn = dn_of("Phoenix", f"ou=changing,{directory.base}")
        anchors = set()
        with administering(directory) as admin:
            for _ in range(2):
                assert admin.add(dn, ["inetOrgPerson"], {"sn": "x"}), admin.result
                anchors.add((read_one(admin, dn, directory.anchor) or {})[directory.anchor][0])
                assert admin.delete(dn)
        assert len(anchors) == 2

    def test_a_unit_moves_with_everybody(self, directory: Subject) -> None:
        """Renaming a unit renames everybody below it."""
        unit, other = f"ou=before,ou=changing,{directory.base}", f"ou=after,ou=changing,{directory.base}"
        with administering(directory) as admin:
            assert admin.add(unit, ["organizationalUnit"])
            assert admin.add(dn_of("Ida", unit), ["inetOrgPerson"], {"sn": "x"})
            assert admin.modify_dn(unit, "ou=after"), admin.result
            assert read_one(admin, dn_of("Ida", unit)) is None
            assert read_one(admin, dn_of("Ida", other), "sn") == {"sn": [b"x"]}
            assert admin.delete(dn_of("Ida", other))
            assert admin.delete(other)

    def test_refusals(self, directory: Subject) -> None:
        """What cannot be done is refused by name, and changes nothing."""
        anna, nobody = dn_of("Anna", few(directory)), dn_of("nobody", few(directory))
        with administering(directory) as admin:
            before = read_one(admin, anna)
            admin.add(anna, ["inetOrgPerson"], {"sn": "x"})
            assert admin.result["description"] == "entryAlreadyExists"
            admin.add(dn_of("x", f"ou=nowhere,{directory.base}"), ["inetOrgPerson"], {"sn": "x"})
            assert admin.result["description"] == "noSuchObject"
            admin.modify(nobody, {"sn": [("MODIFY_REPLACE", ["x"])]})
            assert admin.result["description"] == "noSuchObject"
            admin.delete(nobody)
            assert admin.result["description"] == "noSuchObject"
            admin.delete(few(directory))
            assert admin.result["description"] == "notAllowedOnNonLeaf"
            admin.modify(anna, {"telephoneNumber": [("MODIFY_ADD", ["1"])], "title": [("MODIFY_DELETE", ["absent"])]})
            assert admin.result["description"] == "noSuchAttribute"
            admin.modify(anna, {"mail": [("MODIFY_ADD", ["anna@example.com"])]})
            assert admin.result["description"] == "attributeOrValueExists"
            assert read_one(admin, anna) == before

    def test_a_reader_writes_nothing(self, directory: Subject) -> None:
        """An ordinary name may not write."""
        with bound(directory) as reader:
            reader.modify(dn_of("Anna", few(directory)), {"sn": [("MODIFY_REPLACE", ["x"])]})
            assert reader.result["description"] == "insufficientAccessRights"

    def test_members_come_and_go(self, directory: Subject) -> None:
        """A change of a group is seen in the group and in memberOf filters."""
        group, person = dn_of("choir", f"ou=changing,{directory.base}"), dn_of("Otto", f"ou=changing,{directory.base}")
        kind = "groupOfNames" if directory.is_openldap else "group"
        anna = dn_of("Anna", few(directory))
        with administering(directory) as admin:
            assert admin.add(person, ["inetOrgPerson"], {"sn": "x"})
            assert admin.add(group, [kind], {"member": [anna, person]}), admin.result
            assert len((read_one(admin, group, "member") or {})["member"]) == 2
            assert admin.modify(group, {"member": [("MODIFY_DELETE", [anna])]}), admin.result
            members = (read_one(admin, group, "member") or {})["member"]
            assert [member.decode().lower() for member in members] == [person.lower()]
            assert ask(admin, directory.base, f"(member={person})").names() == {"choir"}
            assert admin.delete(group)
            assert admin.delete(person)

    def test_links_follow_in_active_directory(self, active_directory: Subject) -> None:
        """There a group follows the renaming of a member, and forgets one that is deleted."""
        unit = f"ou=changing,{active_directory.base}"
        group, person, renamed = dn_of("band", unit), dn_of("Uwe", unit), dn_of("Ute", unit)
        with administering(active_directory) as admin:
            assert admin.add(person, ["inetOrgPerson"], {"sn": "x"})
            assert admin.add(group, ["group"], {"member": [person]}), admin.result
            assert admin.modify_dn(person, "cn=Ute"), admin.result
            members = (read_one(admin, group, "member") or {})["member"]
            assert [member.decode().lower() for member in members] == [renamed.lower()]
            assert admin.delete(renamed)
            assert read_one(admin, group, "member") == {}
            assert admin.delete(group)

    def test_dangling_members_stay_in_openldap(self, openldap: Subject) -> None:
        """There a group still names a member that is gone."""
        unit = f"ou=changing,{openldap.base}"
        group, person = dn_of("band", unit), dn_of("Uwe", unit)
        with administering(openldap) as admin:
            assert admin.add(person, ["inetOrgPerson"], {"sn": "x"})
            assert admin.add(group, ["groupOfNames"], {"member": [person]})
            assert admin.delete(person)
            assert (read_one(admin, group, "member") or {})["member"] == [person.encode()]
            assert admin.delete(group)


class TestRootDse:
    def test_what_the_server_says_of_itself(self, directory: Subject) -> None:
        """Naming contexts, LDAP version and controls are told to anybody (RFC 4512 §5.1)."""
        names = ("namingContexts", "supportedLDAPVersion", "supportedControl")
        with bound(directory) as connection:
            found = read_one(connection, "", *names) or {}
        assert b"3" in found["supportedLDAPVersion"]
        assert b"1.2.840.113556.1.4.319" in found["supportedControl"]
        assert any(directory.base.lower().endswith(each.decode().lower()) for each in found["namingContexts"])
