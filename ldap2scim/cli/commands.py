"""What each word of the command does: load the settings, call the phases, print, and return the exit code."""

import argparse
import os

from ldap2scim.cli import output
from ldap2scim.cli.progress import watching
from ldap2scim.run import pipeline
from ldap2scim.run.context import Mode
from ldap2scim.run.report import Report
from ldap2scim.settings import Settings, load, rows

DRY = "Nothing was changed: this is a dry run."
CARRY_OUT = "`{command} --apply` carries it out."


def settings(asked: argparse.Namespace) -> int:
    """Show the effective settings and where each comes from."""
    loaded = loaded_settings(asked)
    output.settings(rows(loaded), loaded.notes, as_json=asked.json)
    return 0


def recover(asked: argparse.Namespace) -> int:
    """Rebuild the snapshot from the service and bring it in step, with `--apply`."""
    with watching(asked) as progress:
        report = pipeline.recover(loaded_settings(asked), mode_of(asked), progress=progress)
    return show(asked, report, "ldap2scim recover")


def drift(asked: argparse.Namespace) -> int:
    """Compare the whole service with the directory; with `--apply`, repair it as the policy says."""
    if asked.apply:
        return recover(asked)
    from ldap2scim.run.drift import drift as compare  # a second of imports that the other words may do without
    from ldap2scim.run.drift_sample import drift_of_sample
    from ldap2scim.run.drift_since import drift_since_last

    with watching(asked) as progress:
        loaded = loaded_settings(asked)
        if asked.since_last:
            report = drift_since_last(loaded, progress=progress)
        elif asked.sample is not None:
            report = drift_of_sample(loaded, asked.sample, progress=progress)
        else:
            report = compare(loaded, progress=progress)
    output.drift(report, as_json=asked.json)
    return report.exit_code


def loaded_settings(asked: argparse.Namespace) -> Settings:
    """Read the settings, and say what deserves a word."""
    loaded = load(asked.config, os.environ)
    output.notes(loaded.notes)
    return loaded


def mode_of(asked: argparse.Namespace) -> Mode:
    """Return what the run may do: `--apply` is asked for, never assumed."""
    return Mode.APPLY if asked.apply else Mode.PLAN


def show(asked: argparse.Namespace, report: Report, command: str) -> int:
    """Print a report and return its exit code; `command` is what carries a dry run out."""
    output.report(report, as_json=asked.json)
    if report.mode is Mode.PLAN and not asked.json:
        print(f"{DRY} {CARRY_OUT.format(command=command)}" if report.pending else DRY)
    return report.exit_code
