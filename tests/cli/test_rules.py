"""`ldap2scim rules`: alone, as in an administrator's continuous integration."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ldap2scim.sandbox.directory import embedded_directory
from ldap2scim.sandbox.service import EmbeddedService, embedded_service
from tests.integration.installation import Installation, openldap, scim
from tests.worlds.bad_worlds import BASE, well_ldif

RULES = r"""
rules:
  legal-is-numbered: {every: member of legal, has: [employeeNumber]}
  logins-are-addresses: {every: user, matches: {userName: '.+@.+'}, severity: note}
  nobody-is-created: {never: [create], to: user}
"""


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installation, EmbeddedService]]:
    """The small company, and a service that has nothing of it yet."""
    folder = tmp_path_factory.mktemp("rules")
    with embedded_directory(well_ldif()) as directory, embedded_service() as service:
        program = Installation(folder, openldap(directory, BASE), scim(service))
        yield program, service


def with_rules(program: Installation, text: str) -> Installation:
    """Write a rules file beside the settings."""
    file: Path = program.folder / "rules.yml"
    file.write_text(text, encoding="utf-8")
    program.others = {"rules": "rules.yml"}
    program.write()
    return program


def test_each_rule_passes_or_fails_by_name_and_nothing_is_changed(
    company: tuple[Installation, EmbeddedService],
) -> None:
    """Exit code 3 with one that is broken; who breaks it is said."""
    program, service = company
    said = with_rules(program, RULES)("rules")

    assert said.code == 3
    assert "pass  legal-is-numbered (3 looked at)" in said.out
    assert "FAIL  logins-are-addresses (12 looked at)" in said.out
    assert "uid=aiko,ou=people" in said.out
    assert "FAIL  nobody-is-created" in said.out
    assert "1 of 3 rules are kept." in said.out
    assert service.writes() == ()


def test_a_rule_that_protects_a_group_which_does_not_exist_is_broken(
    company: tuple[Installation, EmbeddedService],
) -> None:
    """A mistyped group would protect nobody, and nobody would notice."""
    program, _ = company
    both = "{legal-stays: {never: [disable], to: member of legal}, typo: {never: [disable], to: member of legla}}"
    said = with_rules(program, f"rules: {both}\n")("rules")

    assert said.code == 3
    assert "pass  legal-stays" in said.out
    assert "FAIL  typo" in said.out
    assert "there is no group `legla`" in said.out


def test_machines_are_answered_as_well(company: tuple[Installation, EmbeddedService]) -> None:
    """The same in JSON."""
    program, _ = company
    document = with_rules(program, RULES)("rules", "--json").document

    assert document["kept"] is False
    assert {rule["name"]: rule["kept"] for rule in document["rules"]} == {
        "legal-is-numbered": True,
        "logins-are-addresses": False,
        "nobody-is-created": False,
    }


def test_rules_about_the_data_need_no_service(company: tuple[Installation, EmbeddedService]) -> None:
    """A pipeline that may not reach the service can still check the directory: nothing is asked of it."""
    program, service = company
    service.clear_requests()
    said = with_rules(program, "rules: {two: {count: member of legal, least: 2}}\n")("rules")

    assert said.code == 0
    assert "1 of 1 rules are kept." in said.out
    assert service.requests == ()


def test_without_rules_there_is_nothing_to_keep(company: tuple[Installation, EmbeddedService]) -> None:
    """It says so, and is no failure."""
    program, _ = company
    program.others = {}
    program.write()
    said = program("rules")

    assert said.code == 0
    assert "No rules" in said.out
