"""What `check` says of a real OpenLDAP directory, which publishes its schema."""

import re
from pathlib import Path

import pytest

from ldap2scim.run.readiness import Item, readiness
from ldap2scim.settings import load
from tests.contract.conftest import Subjects
from tests.contract.directories import Subject

pytestmark = pytest.mark.slapd


@pytest.fixture
def slapd(subjects: Subjects) -> Subject:
    """Return a running directory."""
    return subjects.get("slapd")


def checked(slapd: Subject, folder: Path, lines: str = "", base: str | None = None) -> dict[str, Item]:
    """Go through the list for a directory with some lines more in its settings; the service is not there."""
    file = folder / "ldap2scim.yml"
    added = "".join(f"    {line}\n" for line in lines.splitlines())
    server = slapd.server
    file.write_text(
        f"directories:\n  main:\n    kind: openldap\n    addresses: ['{server.host}:{server.port}']\n"
        f"    encryption: none\n    bind_dn: '{server.reader_dn}'\n    bind_password: '{server.reader_password}'\n"
        f"    base_dn: '{base or slapd.base}'\n{added}service:\n  base_url: https://127.0.0.1:1/v2\n"
        "  retry_budget: 0\nmapping: {user: {userName: cn}}\n",
        encoding="utf-8",
    )
    return {item.what: item for item in readiness(load(file, {})) if item.what.startswith("directory")}


def test_a_directory_that_is_ready(slapd: Subject, tmp_path: Path) -> None:
    """It answers, knows every attribute, and has people and groups."""
    assert [item.detail for item in checked(slapd, tmp_path).values() if not item.ready] == []


@pytest.mark.parametrize(
    ("lines", "unknown"),
    [
        ("users: {filter: '(|(mial=*)(mail=*))'}", r"mial \(nearest is mail\)"),
        ("groups: {filter: '!(businessCategry=x)'}", r"businesscategry \(nearest is businesscategory\)"),
        ("mapping: {user: {title: jobTitel}}", r"jobTitel( \(nearest is \w+\))?"),
        ("source_anchor: nsUniqueId", "nsUniqueId"),
        ("users: {filter: '(MAIL;lang-ja=*)'}", None),
    ],
)
def test_an_attribute_that_the_schema_does_not_have(
    slapd: Subject, tmp_path: Path, lines: str, unknown: str | None
) -> None:
    """It is named, whether it is mapped, the anchor, or in a filter, where it would hold for nobody."""
    found = checked(slapd, tmp_path, lines)["directory main, attributes"]
    assert found.ready is (unknown is None)
    assert unknown is None or re.search(rf"does not have: {unknown}\.", found.detail)


def test_a_base_that_does_not_exist(slapd: Subject, tmp_path: Path) -> None:
    """The server, the base and the key to correct are named."""
    found = checked(slapd, tmp_path, base=f"ou=nowhere,{slapd.base}")["directory main, users"]
    assert not found.ready
    assert f"below ou=nowhere,{slapd.base} with noSuchObject" in found.detail
    assert "Check `base_dn`" in found.detail
