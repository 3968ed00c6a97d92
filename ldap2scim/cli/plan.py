"""`ldap2scim plan`: what would change, shown, drawn up as a file to look at, or written down to be carried out."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ldap2scim.cli import output
from ldap2scim.cli.commands import loaded_settings, show
from ldap2scim.cli.new_files import need_new_files
from ldap2scim.cli.progress import watching
from ldap2scim.planning.document import ALL_ROWS
from ldap2scim.run import pipeline
from ldap2scim.run.context import Mode
from ldap2scim.run.documents import document_of
from ldap2scim.run.plan_file import write_plan
from ldap2scim.run.report import Report


def plan(asked: argparse.Namespace) -> int:
    """Show what would change, now or under other settings."""
    if asked.render:
        _known_kinds(asked.render)
    need_new_files([*asked.render, *([asked.out] if asked.out is not None else [])])
    if asked.what_if is not None:
        return _compare(asked)
    loaded = loaded_settings(asked)
    with watching(asked) as progress:
        if asked.out is None:
            report = pipeline.synchronise(loaded, Mode.PLAN, progress=progress)
        else:
            report = pipeline.plan_to_keep(loaded, progress=progress)
    code = show(asked, report, "ldap2scim sync" if asked.out is None else f"ldap2scim sync --plan {asked.out}")
    if asked.out is not None:
        if report.plan is None:
            output.notes((f"{asked.out} was not written, since nothing was decided.",))
        else:
            write_plan(report.plan, asked.out)
    if asked.render:
        _render(report, asked.render)
    return code


def _compare(asked: argparse.Namespace) -> int:
    from ldap2scim.cli.what_if import compare  # here and below: what a run without changes does not need

    return compare(asked)


def _known_kinds(places: Sequence[Path]) -> None:
    from ldap2scim.cli.rendering import known_kinds

    known_kinds(places)


def _render(report: Report, places: Sequence[Path]) -> None:
    from ldap2scim.cli.rendering import write_document

    write_document(document_of(report, ALL_ROWS), places)
