"""What `undo` and `restore` share: settings, approval, and what is printed at the end."""

import argparse
import os

from ldap2scim.cli import output
from ldap2scim.cli.sync import user_name
from ldap2scim.planning.approvals import Release
from ldap2scim.run.context import Mode
from ldap2scim.run.decide_back import Asked
from ldap2scim.run.report import Report
from ldap2scim.settings import Settings, load


def prepared(asked: argparse.Namespace) -> Settings:
    """Return the settings, and say what deserves a word."""
    loaded = load(asked.config, os.environ)
    output.notes(loaded.notes)
    return loaded


def released(asked: argparse.Namespace) -> Asked | None:
    """Return which plan is approved and by whom; the run itself looks whether it is the one that it makes."""
    return None if asked.approve is None else Asked(asked.approve, Release(asked.by or user_name(), asked.why))


def mode_of(asked: argparse.Namespace) -> Mode:
    """Return what may be done."""
    return Mode.APPLY if asked.apply else Mode.PLAN


def show(asked: argparse.Namespace, said: Report, command: str) -> int:
    """Print the report, and how to go on; return the exit code."""
    output.report(said, as_json=asked.json)
    if not asked.json:
        if said.plan is not None and said.plan.held:
            print(f"To carry out what is held as well: `{command} --apply --approve {said.plan.plan_id[:12]}`.")
        if said.mode is Mode.PLAN:
            print("Nothing was changed: this is a dry run.")
            if said.pending:
                print(f"`{command} --apply` carries it out.")
    return said.exit_code
