"""What is imported when: instant help, a command without an orchestrator, and fences that really fail."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.imported import imported
from tests.cli.installation import COMMAND

ROOT = Path(__file__).parents[1]
HEAVY = frozenset(
    {"prefect", "pandas", "great_expectations", "sqlalchemy", "httpx", "ldap3", "numpy", "pyarrow", "rich"}
)
PACKAGES = ("ldap2scim", "flows", "tasks", "validations")


@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), ("sync", "--help"), ("frobnicate",), ("plan", "--frobnicate"), ()]
)
def test_help_and_wrong_usage_import_nothing_heavy(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """What answers at once imports no library but the standard one."""
    assert not HEAVY & imported(tmp_path, *arguments)


@pytest.mark.parametrize("word", ["plan", "sync", "recover", "drift", "check", "settings", "approve"])
def test_the_command_imports_neither_prefect_nor_great_expectations(tmp_path: Path, word: str) -> None:
    """The command calls the domain's phases itself: an idle run must not pay for an orchestrator."""
    settings = tmp_path / "ldap2scim.yml"
    settings.write_text(
        "directories: {main: {kind: openldap, addresses: [127.0.0.1], port: 1, encryption: none, base_dn: 'dc=x'}}\n"
        "service: {base_url: 'http://127.0.0.1:1/v2', retry_budget: 0}\n",
        encoding="utf-8",
    )
    found = imported(tmp_path, word, "--config", str(settings), *(["12345678"] if word == "approve" else []))
    assert "ldap2scim" in found
    assert "sqlalchemy" in found or word == "settings"
    assert not {"prefect", "great_expectations"} & found


def test_import_contracts_hold() -> None:
    """Imports go down only, and the fences of the design stand."""
    done = _lint(ROOT)
    assert done.returncode == 0, done.stdout


BREACHES = {
    "Prefect is imported in flows and tasks alone": ("ldap2scim/run/report.py", "import prefect"),
    "Great Expectations is imported in validations alone": ("ldap2scim/run/report.py", "import great_expectations"),
    "Only the clients speak LDAP and HTTP": ("tasks/load.py", "import httpx"),
    "The sandbox is for the demo and the tests": ("ldap2scim/run/load.py", "import ldap2scim.sandbox.world"),
    "The sandbox shares no code with the adapters": ("ldap2scim/sandbox/world.py", "import ldap2scim.directory.dn"),
    "Imports go down only": ("ldap2scim/planning/diff.py", "import ldap2scim.scim.client"),
}


@pytest.mark.parametrize("contract", BREACHES)
def test_a_broken_contract_is_noticed(tmp_path: Path, contract: str) -> None:
    """An import across a fence makes the check fail, naming that fence."""
    for name in PACKAGES:
        _copy(ROOT / name, tmp_path / name)
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    place, line = BREACHES[contract]
    path = tmp_path / place
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    done = _lint(tmp_path)
    assert done.returncode == 1
    assert f"{contract} BROKEN" in done.stdout


def _copy(source: Path, target: Path) -> None:
    for path in source.rglob("*.py"):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())


def _lint(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [COMMAND.with_name("lint-imports"), "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
