"""Attributes that a server's schema does not have are noted after the settings changed."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from ldap2scim.findings import Finding
from ldap2scim.mapping.spec import Mappings
from ldap2scim.run.schema_notes import note_unknown_attributes
from ldap2scim.settings import ConfiguredDirectory
from tests.mapping.worlds import DIRECTORY, GROUPS, USERS

CONFIGURED = ConfiguredDirectory(DIRECTORY, Mappings(USERS, GROUPS))


@dataclass
class Asked:
    """A server that counts how often its schema is asked for."""

    known: frozenset[str]
    times: int = 0

    def known_attributes(self) -> frozenset[str]:
        """Return the schema."""
        self.times += 1
        return self.known


@dataclass
class Noting:
    """A run after another one."""

    before: str | None
    settings_digest: str = "now"
    run_id: str = "this"
    findings: list[Finding] = field(default_factory=list)

    @property
    def state(self) -> Any:
        """The runs so far."""
        runs = [SimpleNamespace(run_id="this", settings_digest="now")]
        if self.before is not None:
            runs.append(SimpleNamespace(run_id="earlier", settings_digest=self.before))
        return SimpleNamespace(runs=SimpleNamespace(latest_runs=lambda _: runs))

    def note(self, *findings: Finding) -> None:
        """Keep findings."""
        self.findings += findings


def noted(before: str | None, known: frozenset[str]) -> tuple[list[Finding], int]:
    """Return what is noted, and how often the schema was asked for."""
    run, server = Noting(before), Asked(known)
    note_unknown_attributes(cast("Any", run), CONFIGURED, cast("Any", server))
    return run.findings, server.times


def test_each_unknown_attribute_is_noted_with_the_nearest_known_one() -> None:
    """In the first run, and in one after the settings changed."""
    for before in (None, "other"):
        findings, _ = noted(before, frozenset({"mails"}))
        assert {one.rule for one in findings} == {"unknown-attribute"}
        assert any("`mail`" in one.message and "nearest is `mails`" in one.message for one in findings)


def test_unchanged_settings_do_not_ask_again() -> None:
    """The schema is some hundred kilobytes."""
    assert noted("now", frozenset({"mails"})) == ([], 0)


def test_a_server_without_a_schema_has_no_unknown_attributes() -> None:
    """Nothing can be said where nothing is published."""
    assert noted(None, frozenset()) == ([], 1)
