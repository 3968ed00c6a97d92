"""Which entries a filter finds, in the embedded directory, in slapd and in Samba. Asked with plain ldap3."""

import pytest

from tests.contract.directories import Subject, ask, bound, few, read_one
from tests.contract.directory_world import dn_of

IN_CHAIN = "1.2.840.113556.1.4.1941"
BIT_AND = "1.2.840.113556.1.4.803"
BIT_OR = "1.2.840.113556.1.4.804"
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
    @pytest.mark.parametrize(("search_filter", "expected"), EVERYWHERE, ids=[written for written, _ in EVERYWHERE])
    def test_filter(self, directory: Subject, search_filter: str, expected: set[str]) -> None:
        """Filters of RFC 4515 mean the same everywhere."""
        with bound(directory) as connection:
            assert ask(connection, few(directory), f"(&(cn=*){search_filter})").names() == expected

    @pytest.mark.parametrize(
        ("search_filter", "expected"), OPENLDAP_ONLY, ids=[written for written, _ in OPENLDAP_ONLY]
    )
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
