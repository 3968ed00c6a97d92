"""`ldap2scim rules`: are the administrator's own rules kept?"""

import argparse
import os

from ldap2scim.cli import output
from ldap2scim.cli.progress import watching
from ldap2scim.run.own_rules import RulesReport, try_rules
from ldap2scim.settings import load


def rules(asked: argparse.Namespace) -> int:
    """Ask each rule and say pass or fail; exit code 0 when all are kept, else 3."""
    settings = load(asked.config, os.environ)
    output.notes(settings.notes)
    if not settings.rules.names:
        _say(asked, RulesReport((), (), ()), "No rules: `rules` in the settings names no file with any.")
        return 0
    with watching(asked) as progress:
        report = try_rules(settings, progress=progress)
    _say(asked, report, "\n".join(_lines(report)))
    return report.exit_code


def _lines(report: RulesReport) -> list[str]:
    lines: list[str] = []
    for one in report.outcomes:
        lines.append(f"{'pass' if one.holds else 'FAIL'}  {one.name} ({one.subjects:,} looked at)")
        if one.finding is not None:
            lines.append(f"      {one.finding.message} {one.finding.remedy}")
    lines += [f"?     {name}: no plan is made, since the run would be stopped" for name in report.undecided]
    lines += [f"      {one.message} {one.remedy}" for one in report.stops]
    kept = sum(one.holds for one in report.outcomes)
    return [*lines, f"{kept} of {len(report.outcomes) + len(report.undecided)} rules are kept."]


def _say(asked: argparse.Namespace, report: RulesReport, text: str) -> None:
    if asked.json:
        output.document(
            {
                "kept": report.exit_code == 0,
                "rules": [
                    {
                        "name": one.name,
                        "kept": one.holds,
                        "looked_at": one.subjects,
                        "broken_by": list(one.broken_by),
                        "message": one.finding.message if one.finding is not None else None,
                    }
                    for one in report.outcomes
                ],
                "undecided": list(report.undecided),
            }
        )
    else:
        output.lines(text)
