"""Settings and filters without names and secrets, from which the same settings but for names come back."""

import os
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from ldap2scim.bundle.filters import ldap_without_names, scim_without_names
from ldap2scim.bundle.pseudonyms import Pseudonyms
from ldap2scim.bundle.readme import left_out
from ldap2scim.bundle.settings_json import from_plain, rules_left_out, to_plain
from ldap2scim.settings import Settings, load, mapping_digest
from ldap2scim.settings.own_rule_words import CountRule, EveryRule
from ldap2scim.state.location import StateFile

NAMES = Pseudonyms(b"k" * 32)
WRITTEN = """\
directories:
  hoshizora:
    kind: active-directory
    addresses: [dc1.hoshizora.example]
    encryption: ldaps
    bind_dn: "cn=reader,dc=hoshizora,dc=example"
    bind_password: ldap-secret
    base_dn: "dc=hoshizora,dc=example"
    users: {filter: "(&(memberOf=cn=tokyo,dc=hoshizora,dc=example)(!(mail=*@partner.example)))"}
    groups: {filter: "(|(cn=eigyo)(objectClass=group))", nesting: flatten}
    mapping:
      user:
        title: {from: title, default: Shain, convert: {pattern: "^Bucho$", replacement: Chief}}
        ims: []
service:
  profile: iij-id
  base_url: https://scim.kaisha.example/v2
  token: scim-secret
  filter: {user: 'userType eq "Kaisha"'}
rules: rules.yml
safety: {protected: ["shacho@hoshizora.example"], privileged: {groups: [torishimari]}}
"""
RULES = """\
rules:
  torishimari-are-numbered: {every: member of torishimari, where: {is: {title: Bucho}}, has: [userName]}
  tokyo-addresses: {every: user, matches: {userName: '.+@kaisha'}}
  some-in-tokyo: {count: "user below ou=tokyo,dc=hoshizora,dc=example", least: 2}
  torishimari-stay: {never: [disable, leave], to: member of torishimari}
"""
HIDDEN = (
    "hoshizora", "dc1", "reader", "ldap-secret", "tokyo", "partner", "eigyo", "shain", "bucho", "chief", "kaisha",
    "scim-secret", "shacho", "torishimari",
)  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a name or secret wherever one may stand."""
    file = tmp_path / "ldap2scim.yml"
    file.write_text(WRITTEN)
    file.with_name("rules.yml").write_text(RULES)
    return load(file, os.environ)


def test_no_name_and_no_secret_is_in_them(settings: Settings) -> None:
    """Names of people, groups, hosts and companies, passwords and tokens are gone; schema words are there."""
    told = orjson.dumps(to_plain(settings, NAMES, None)).decode()
    assert [one for one in HIDDEN if one in told.lower()] == []
    assert [one for one in ("memberOf", "objectClass=group", "iij-id", "flatten", "title") if one not in told] == []


def test_what_comes_back_is_what_a_plan_depends_on(settings: Settings, tmp_path: Path) -> None:
    """Numbers, modes and attributes are as they were, and what was replaced once gives the same again."""
    plain = to_plain(settings, NAMES, None)
    back = from_plain(orjson.loads(orjson.dumps(plain)), tmp_path / "state")
    one, other = settings.directories[0], back.directories[0]
    assert other.settings.name == NAMES.name("hoshizora")
    assert other.settings.base_dn == NAMES.distinguished(one.settings.base_dn)
    assert (other.settings.nesting, other.settings.kind) == (one.settings.nesting, one.settings.kind)
    assert other.mappings.user.ldap_attributes == one.mappings.user.ldap_attributes
    assert other.mappings.user.multi.keys() == one.mappings.user.multi.keys()
    assert back.service.profile == "iij-id"
    assert back.service.token is None
    assert back.safety.protected == (NAMES.name("shacho@hoshizora.example"),)
    assert back.safety.privileged.groups == (NAMES.name("torishimari"),)
    privileged = settings.safety.privileged
    assert replace(back.safety, protected=(), privileged=privileged) == replace(settings.safety, protected=())
    assert back.state == StateFile(tmp_path / "state")
    assert mapping_digest(back, other.settings.name) == mapping_digest(
        from_plain(plain, tmp_path / "other"), other.settings.name
    )


def test_own_rules_are_told_but_for_patterns(settings: Settings, tmp_path: Path) -> None:
    """Rules about groups, units and plans come along under other names; one with a pattern is counted as left out."""
    back = from_plain(orjson.loads(orjson.dumps(to_plain(settings, NAMES, None))), tmp_path / "state").rules
    every, count = back.state
    assert isinstance(every, EveryRule)
    assert isinstance(count, CountRule)
    assert every.subject.group == NAMES.name("torishimari")
    assert every.where[0].path == "title"
    assert every.where[0].values == {NAMES.name("Bucho")}
    assert count.subject.below == NAMES.distinguished("ou=tokyo,dc=hoshizora,dc=example")
    assert (back.plan[0].verbs, back.plan[0].subject) == (settings.rules.plan[0].verbs, every.subject)
    assert rules_left_out(settings) == 1


def test_filters_keep_their_structure() -> None:
    """Attributes, operators, classes and flags stay, values are replaced as they are elsewhere."""
    assert ldap_without_names("(&(objectClass=person)(|(uid=alice)(!(cn=a*b))))", NAMES) == (
        f"(&(objectClass=person)(|(uid={NAMES.name('alice')})(!(cn={NAMES.name('a')}*{NAMES.name('b')}))))"
    )
    flag = "(userAccountControl:1.2.840.113556.1.4.803:=2)"
    assert ldap_without_names(flag, NAMES) == flag
    group = "cn=x1,ou=y2,dc=z3"
    assert ldap_without_names(f"memberOf={group}", NAMES) == f"(memberOf={NAMES.distinguished(group)})"
    assert ldap_without_names("!(cn=*)", NAMES) == "(!(cn=*))"
    assert ldap_without_names("", NAMES) == ""
    assert ldap_without_names("((unreadable", NAMES) == ""
    number = NAMES.name("4711023")
    assert number != "4711023"
    assert ldap_without_names("(employeeNumber:integerMatch:=4711023)", NAMES) == (
        f"(employeeNumber:integerMatch:={number})"
    )
    assert ldap_without_names(f"(memberOf:1.2.840.113556.1.4.1941:={group})", NAMES) == (
        f"(memberOf:1.2.840.113556.1.4.1941:={NAMES.distinguished(group)})"
    )


def test_filters_of_the_service_keep_their_structure() -> None:
    """Texts and numbers are replaced; the empty text of the no-groups pair stays, what cannot be read is left out."""
    assert scim_without_names('userName eq "a\\"b" and active eq true', NAMES) == (
        f'userName eq "{NAMES.name("a")}\\"{NAMES.name("b")}" and active eq true'
    )
    assert scim_without_names('displayName eq ""', NAMES) == 'displayName eq ""'
    number = NAMES.number(4711023)
    assert number != 4711023
    urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber"
    assert scim_without_names(f'({urn} eq 4711023) or emails[type eq "work"]', NAMES) == (
        f'({urn} eq {number}) or emails[type eq "{NAMES.name("work")}"]'
    )
    assert scim_without_names('userName eq "hanako', NAMES) == ""
    assert scim_without_names("userName eq hanako", NAMES) == ""


def test_what_nobody_has_spoken_for_is_left_out() -> None:
    """A table of secrets and places stays out whole, and so would any that is new."""
    missing = left_out()
    for table in ("lease", "positions", "history", "decisions"):
        assert table in missing
    assert "image" not in missing
    assert "snapshot" not in missing
