"""An administrator's own rules: what they say, whom they name, and what is wrong with their file."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pytest

from ldap2scim.errors import SettingsError
from ldap2scim.essence import to_essence
from ldap2scim.model import Attributes, Key
from ldap2scim.planning.frames import text_array
from ldap2scim.settings import load
from ldap2scim.settings.own_rule_words import OwnRules
from tests.validations.worlds import dn_of, frame, rules
from validations.own_rules import RuleFacts, RulesVerdict, check_rules

PEOPLE: Mapping[str, Attributes] = {
    "ad:a": {"user_name": "a@example.jp", "enterprise": {"employee_number": "1", "department": "sales"}},
    "ad:b": {"user_name": "b@example.jp", "enterprise": {"employee_number": " "}, "active": True},
    "ad:c": {"user_name": "c@other.example", "emails": ({"value": "c@example.jp"}, {"value": "c@other.example"})},
}


def read(folder: Path, text: str) -> OwnRules:
    """Read a rules file through the settings."""
    (folder / "rules.yml").write_text(text, encoding="utf-8")
    file = folder / "ldap2scim.yml"
    file.write_text(
        "directories: {main: {kind: openldap, addresses: ldap.example.com, base_dn: 'dc=example,dc=com'}}\n"
        "service: {profile: generic, base_url: 'https://scim.example.com'}\nrules: rules.yml\n",
        encoding="utf-8",
    )
    return load(file, {}).rules


def asked(folder: Path, rule: str) -> RulesVerdict:
    """Ask one rule of the three people; `Admins` has the first two of them."""

    def essences(keys: Sequence[Key]) -> Mapping[Key, str]:
        return {key: to_essence(PEOPLE[key]) for key in keys}

    memberships = pd.DataFrame({"group": text_array(["ad:g", "ad:g"]), "member": text_array(["ad:a", "ad:b"])})
    users = frame([(key, str(held["user_name"]), key) for key, held in PEOPLE.items()])
    facts = RuleFacts(users, frame([("ad:g", "Admins", "g")]), memberships, essences)
    return check_rules(read(folder, f"rules: {{r: {{{rule}}}}}"), facts)


@pytest.mark.parametrize(
    ("rule", "broken_by"),
    [
        ("every: user, has: [userName]", ""),
        ("every: user, has: [employeeNumber]", "bc"),  # a blank is no number
        ("every: member of ADMINS, has: [employeeNumber]", "b"),
        ("every: user, where: {has: [emails]}, lacks: [department]", ""),
        ("every: user, lacks: [department]", "a"),
        (r"every: user, matches: {userName: '.+@example\.jp'}", "c"),
        (r"every: user, matches: {emails: '.+@example\.jp'}", "c"),  # each of the values
        ("every: user, is: {department: [sales, legal]}", "bc"),
        ("every: user, where: {is: {active: 'true'}}, has: [emails]", "b"),
        ("every: user below dc=example, lacks: [userName]", "abc"),
        ("every: user below ou=x, lacks: [userName]", ""),
    ],
)
def test_a_rule_names_who_breaks_it(rule: str, broken_by: str, tmp_path: Path) -> None:
    """Exactly these, who are held."""
    verdict = asked(tmp_path, rule)

    assert [one.broken_by for one in verdict.outcomes] == [tuple(dn_of(f"ad:{name}") for name in broken_by)]
    assert verdict.holds == {Key(f"ad:{name}") for name in broken_by}
    assert rules(verdict.findings) == ([("own-rule", "hold")] if broken_by else [])


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ("count: member of admins, least: 2, most: 2", True),
        ("count: member of admins, least: 3", False),
        ("count: user, most: 2", False),
        ("count: user, most: 1, where: {has: [emails]}", True),
        ("count: group, least: 1", True),
    ],
)
def test_a_rule_counts(rule: str, holds: bool, tmp_path: Path) -> None:
    """Nobody in particular breaks it, so that nobody is held."""
    verdict = asked(tmp_path, rule)

    assert [one.holds for one in verdict.outcomes] == [holds]
    assert verdict.holds == frozenset()


def test_a_rule_has_the_severity_that_it_says(tmp_path: Path) -> None:
    """A note holds nobody; a rule about a group that does not exist is broken."""
    verdict = asked(tmp_path, "every: member of nobody, has: [emails], severity: note")

    assert rules(verdict.findings) == [("own-rule", "note")]
    assert verdict.holds == frozenset()
    assert "there is no group `nobody`" in verdict.findings[0].message


def test_everything_wrong_with_a_rules_file_is_told_at_once(tmp_path: Path) -> None:
    """Each problem with its line and key, and the word that was meant."""
    text = """\
rules:
  one: {every: usr, has: [emails]}
  two: {every: user, has: [employeNumber]}
  three: {every: user, hass: [emails]}
  four: {count: user}
  five: {never: [disabel], to: user}
  six: {never: [leave], to: user}
  seven: {every: user, matches: {userName: '('}}
  Eight: {every: user, has: [emails], severity: bad}
"""
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    said = str(caught.value)
    for line, words in enumerate(
        (
            "`rules.one.every` must be",
            "did you mean `employeeNumber`",
            "did you mean `has`",
            "`rules.four` says nothing",
            "did you mean `disable`",
            "`rules.six.to` must be `member of NAME`",
            "is no regular expression",
            "`rules.Eight` is no usable name",
        ),
        start=2,
    ):
        assert words in said, words
        assert f"rules.yml:{line}:" in said


@pytest.mark.parametrize(
    "rule", ["{every: user, has: [nonsense]}", "{every: user, matches: {mail: a}}", "{every: user, hass: [a]}"]
)
def test_what_is_not_understood_is_told_once(rule: str, tmp_path: Path) -> None:
    """A rule that says something wrong is not told that it says nothing."""
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, f"rules: {{b: {rule}}}")
    (problem,) = caught.value.problems
    assert "says nothing" not in problem


def test_a_rules_file_that_is_missing_is_named_where_it_is_written(tmp_path: Path) -> None:
    """The settings' line and key, and nothing of `--config`."""
    read(tmp_path, "rules: {b: {every: user, has: [emails]}}")
    (tmp_path / "rules.yml").unlink()
    with pytest.raises(SettingsError) as caught:
        load(tmp_path / "ldap2scim.yml", {})
    (problem,) = caught.value.problems
    assert "`rules` names the file" in problem
    assert str(tmp_path / "rules.yml") in problem
    assert "--config" not in problem


def test_a_json_file_is_read_as_well(tmp_path: Path) -> None:
    """JSON is YAML."""
    found = read(tmp_path, '{"rules": {"stays": {"never": ["disable", "leave"], "to": "member of break-glass"}}}')

    assert [rule.name for rule in found.plan] == ["stays"]
