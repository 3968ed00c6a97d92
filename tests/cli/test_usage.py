"""How the command is called: its words, exit codes, and where it prints what."""

import os
import re
import subprocess

import httpx
import pytest

from ldap2scim import __version__
from ldap2scim.planning.approvals import Release
from ldap2scim.run.context import Mode, open_run
from ldap2scim.sandbox.service import Fault, FaultKind
from ldap2scim.settings import load
from ldap2scim.state.decisions import record_rejection
from tests.cli.imported import imported
from tests.cli.installation import COMMAND, Installation

WRONG_USAGE = {
    "nothing": ((), "COMMAND"),
    "unknown word": (("frobnicate",), "invalid choice: 'frobnicate'"),
    "unknown option": (("plan", "--frobnicate"), "--frobnicate"),
    "option of another word": (("plan", "--apply"), "--apply"),
    "missing value": (("plan", "--config"), "expected one argument"),
    "missing id": (("approve",), "ID"),
    "approval without a value": (("sync", "--apply", "--approve"), "expected one argument"),
    "approval of a dry run": (("sync", "--approve", "0123456789"), "--approve goes with --apply"),
    "reason of no approval": (("undo", "01234567", "--apply", "--why", "x"), "go with --approve"),
    "name of no approval": (("restore", "--as-of", "2026-11-20", "--by", "x"), "go with --approve"),
    "kinds of no approval": (("sync", "--apply", "--kind", "delete"), "go with --approve"),
    "repair of what changed": (("drift", "--since-last", "--apply"), "goes with neither --apply nor --sample"),
    "a plan of what if": (("plan", "--what-if", "a.yml", "--out", "b.json"), "--out does not go with it"),
    "end of nobody's decision": (("keep", "--end"), "--end needs WHO"),
    "nobody to forget": (("forget", ""), "must not be empty"),
    "nobody to explain": (("explain", " "), "must not be empty"),
    "abbreviation": (("sync", "--app"), "--app"),
    "too many words": (("plan", "now"), "now"),
}


@pytest.mark.parametrize("name", WRONG_USAGE)
def test_wrong_usage(installed: Installation, name: str) -> None:
    """Wrong usage is one line below the usage, on standard error, with exit code 1: 2 means changes pending."""
    arguments, words = WRONG_USAGE[name]
    said = installed.run_as_written(*arguments)
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("usage: ldap2scim")
    assert words in said.err
    assert "Traceback" not in said.err
    assert installed.contents() == {}


@pytest.mark.parametrize("arguments", [("--help",), ("plan", "--help"), ("sync", "--help"), ("approve", "--help")])
def test_help(installed: Installation, arguments: tuple[str, ...]) -> None:
    """Help is printed on standard output, with exit code 0."""
    said = installed.run_as_written(*arguments)
    assert (said.code, said.err) == (0, "")
    assert "usage: ldap2scim" in said.out


def test_help_says_the_exit_codes(installed: Installation) -> None:
    """The exit codes and the need for `--apply` are in the help."""
    said = installed.run_as_written("--help").out
    assert "0 in step or applied, 1 failed, 2 changes pending, 3 something held or refused" in said
    assert "--apply" in said


def test_version(installed: Installation) -> None:
    """The version is one line."""
    assert installed.run_as_written("--version").out == f"ldap2scim {__version__}\n"


def test_dry_then_applied_then_in_step(installed: Installation) -> None:
    """Changes pending are 2 and change nothing; applied is 0; in step is 0; a dry run says that it was one."""
    dry = installed.run("sync")
    assert dry.code == 2
    assert "Nothing was changed: this is a dry run. `ldap2scim sync --apply` carries it out." in dry.out
    assert installed.run("plan").code == 2
    assert installed.run("drift").code == 2
    assert "`ldap2scim recover --apply` carries it out." in installed.run("recover").out
    assert installed.service.writes() == ()
    applied = installed.run("sync", "--apply")
    assert applied.code == 0
    assert "dry run" not in applied.out
    installed.service.clear_requests()
    idle = installed.run("sync", "--apply")
    assert (idle.code, installed.service.requests) == (0, ())
    again = installed.run("plan")
    assert again.code == 0
    assert "Nothing was changed: this is a dry run.\n" in again.out
    assert installed.run("drift").code == 0


def test_removals_over_the_limit_are_held_and_released_by_approval(installed: Installation) -> None:
    """Held operations are 3, dry or not; the id that the report prints releases them for the next run, once."""
    assert installed.run("sync", "--apply").code == 0
    installed.write({"directories.main.users.filter": "(uid=aiko)"})
    dry = installed.run("plan")
    assert dry.code == 3
    held = installed.run("sync", "--apply")
    assert held.code == 3
    found = re.search(r"ldap2scim approve ([0-9a-f]+)", dry.out)
    assert found is not None
    approved = installed.run("approve", found[1][:12])
    assert approved.code == 0
    assert "released for the next `ldap2scim sync --apply`, once" in approved.out
    again = installed.run("approve", found[1])
    assert (again.code, again.out) == (3, "")
    assert "was approved before, and no run has used that yet; an approval is good once." in again.err
    done = str(installed.run("sync", "--apply", "--json").document["run_id"])
    for command in (("approve", found[1]), ("sync", "--apply", "--approve", found[1])):
        used = installed.run(*command)
        assert (used.code, used.out) == (3, ""), command
        assert "was approved before, and a run used that on " in used.err
    told = installed.run("history", done)
    assert re.search(rf"\d of what plan {found[1][:12]} holds was released on .* UTC by ", told.out), told.out
    active = [user["userName"] for user in _users(installed) if user.get("active", True)]
    assert active == ["aiko"]
    (decided,) = installed.run("history", done, "--json").document["decisions"]
    assert (decided["plan_id"], decided["run_id"], decided["rejected"]) == (found[1], done, False)


def test_who_rejected_a_plan_is_said_to_whoever_approves_it(installed: Installation) -> None:
    """The run that ended by it tells of it; the same plan may be approved all the same, and that is said."""
    assert installed.run("sync", "--apply").code == 0
    installed.write({"directories.main.users.filter": "(uid=aiko)"})
    plan = str(installed.run("sync", "--apply", "--json").document["plan_id"])
    with open_run(load(installed.file, os.environ), Mode.APPLY) as run:
        record_rejection(run.lease, plan, Release("Sato", "a wrong filter"), run.run_id)
    said = f"Plan {plan[:12]} was rejected on "
    assert said in installed.run("history", run.run_id).out
    approved = installed.run("approve", plan)
    assert approved.code == 0
    assert f"note: {said}" in approved.err
    assert "by Sato: a wrong filter. It is approved now all the same." in approved.err


def test_nobody_found_is_refused(installed: Installation) -> None:
    """A filter that selects nobody is 3 with the reason, and removes nobody."""
    assert installed.run("sync", "--apply").code == 0
    installed.service.clear_requests()
    installed.write({"directories.main.users.filter": "(uid=nobody)"})
    said = installed.run("sync", "--apply")
    assert said.code == 3
    assert "Refused: nothing was decided and nothing was changed." in said.out
    assert "(uid=nobody)" in said.out
    assert installed.service.writes() == ()


def test_one_failed_operation_is_one(installed: Installation) -> None:
    """An operation that the service refuses is 1, whatever else is held; the others are carried out."""
    installed.service.faults.add(Fault(FaultKind.STATUS, status=400, method="POST", path_prefix="/Users", times=1))
    said = installed.run("sync", "--apply")
    assert said.code == 1
    assert "1 failed" in said.out
    assert len(_users(installed)) == 4
    assert installed.run("sync", "--apply").code == 0


def test_documents_for_machines(installed: Installation) -> None:
    """With `--json` standard output is one document and nothing else, and says the exit code."""
    planned = installed.run("plan", "--json")
    assert planned.code == planned.document["exit_code"] == 2
    assert planned.document["mode"] == "plan"
    assert [row["verb"] for row in planned.document["operations"]] == ["create"] * 6 + ["change members"]
    applied = installed.run("sync", "--apply", "--json").document
    assert {row["result"] for row in applied["operations"]} == {"applied"}
    assert applied["plan_id"] == planned.document["plan_id"]
    assert applied["accounts"]["service"]["managed_after"] == 6
    assert installed.run("drift", "--json").document["in_step"] is True
    assert installed.run("check", "--json").document["ready"] is True
    assert {row["path"] for row in installed.run("settings", "--json").document["settings"]} > {"service.base_url"}


def test_quiet_in_a_pipe(installed: Installation) -> None:
    """In a pipe there is no progress, no colour and no cursor movement: standard error has the notes alone."""
    done = installed.process("sync", "--apply")
    assert done.code == 0
    assert "\x1b" not in done.all
    assert "\r" not in done.all
    assert all(line.startswith("note: ") for line in done.err.splitlines())


def test_a_whole_run_imports_no_orchestrator(installed: Installation) -> None:
    """From the first search to the last request and the report; nor what only other stores and upgrades need."""
    found = imported(installed.folder, "sync", "--config", str(installed.file), "--apply")
    assert not {"prefect", "great_expectations", "alembic", "psycopg"} & found
    assert len(installed.service.writes()) == 7


@pytest.mark.parametrize("word", ["settings", "plan"])
def test_reader_that_goes_away(installed: Installation, word: str) -> None:
    """A pipe that is closed at the other end is no defect, be the output long or short: no traceback, no complaint."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [str(COMMAND), word, "--config", str(installed.file)]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with os.fdopen(writer, "w") as broken:
        done = subprocess.run(
            command, stdout=broken, stderr=subprocess.PIPE, text=True, check=False, timeout=60, env=buffered
        )
    assert done.returncode == 1
    assert all(line.startswith("note: ") for line in done.stderr.splitlines())


@pytest.mark.parametrize("as_json", [False, True])
def test_terminal_that_cannot_show_a_name(installed: Installation, as_json: bool) -> None:
    """Where the terminal's encoding lacks a character it is spelt out, and nothing fails."""
    installed.write({"directories.main.groups.filter": "(cn=営業部)"})
    arguments = ["--json"] if as_json else []
    done = installed.process("settings", *arguments, PYTHONIOENCODING="ascii")
    assert done.code == 0
    assert r"\u55b6\u696d\u90e8" in done.out


def _users(installed: Installation) -> list[dict[str, object]]:
    answer = httpx.get(
        f"{installed.service.base_url}/Users",
        headers={"Authorization": f"Bearer {installed.service.token}"},
        trust_env=False,
    )
    found: list[dict[str, object]] = answer.json()["Resources"]
    return found
