"""What each word of the command does: load the settings, call the phases, print, and return the exit code."""

import argparse
import os

from ldap2scim.cli import output
from ldap2scim.cli.progress import watching
from ldap2scim.run import pipeline
from ldap2scim.run.context import Mode
from ldap2scim.run.drift import drift as compare
from ldap2scim.run.report import Report
from ldap2scim.settings import Settings, load, rows
from ldap2scim.state.approvals import approve as release
from ldap2scim.state.approvals import full_plan_id
from ldap2scim.state.store import open_store

DRY = "Nothing was changed: this is a dry run."
CARRY_OUT = "`{command} --apply` carries it out."


def settings(asked: argparse.Namespace) -> int:
    """Show the effective settings and where each comes from."""
    loaded = _load(asked)
    output.settings(rows(loaded), loaded.notes, as_json=asked.json)
    return 0


def plan(asked: argparse.Namespace) -> int:
    """Show what would change."""
    with watching(asked) as progress:
        report = pipeline.synchronise(_load(asked), Mode.PLAN, progress=progress)
    return _show(asked, report, "ldap2scim sync")


def sync(asked: argparse.Namespace) -> int:
    """Bring the service in step, with `--apply`."""
    loaded = _load(asked)
    if asked.approve:
        _release(loaded, asked.approve, asked)
    with watching(asked) as progress:
        report = pipeline.synchronise(loaded, _mode(asked), progress=progress)
    return _show(asked, report, "ldap2scim sync")


def recover(asked: argparse.Namespace) -> int:
    """Rebuild the snapshot from the service and bring it in step, with `--apply`."""
    with watching(asked) as progress:
        report = pipeline.recover(_load(asked), _mode(asked), progress=progress)
    return _show(asked, report, "ldap2scim recover")


def drift(asked: argparse.Namespace) -> int:
    """Compare the whole service with the directory."""
    with watching(asked) as progress:
        report = compare(_load(asked), progress=progress)
    output.drift(report, as_json=asked.json)
    return report.exit_code


def approve(asked: argparse.Namespace) -> int:
    """Release the held operations of a plan for the next run."""
    count = _release(_load(asked), asked.id, asked)
    if not asked.json:
        print(f"{count} held operations are released for the next `ldap2scim sync --apply`, once.")
    return 0


def _release(loaded: Settings, plan_id: str, asked: argparse.Namespace) -> int:
    with open_store(loaded.state, create=False) as store:
        count = release(store, full_plan_id(store, plan_id))
    if asked.json and asked.command == "approve":
        output.document({"approved": count})
    return count


def _load(asked: argparse.Namespace) -> Settings:
    loaded = load(asked.config, os.environ)
    output.notes(loaded.notes)
    return loaded


def _mode(asked: argparse.Namespace) -> Mode:
    return Mode.APPLY if asked.apply else Mode.PLAN


def _show(asked: argparse.Namespace, report: Report, command: str) -> int:
    output.report(report, as_json=asked.json)
    if report.mode is Mode.PLAN and not asked.json:
        print(f"{DRY} {CARRY_OUT.format(command=command)}" if report.pending else DRY)
    return report.exit_code
