"""`ldap2scim plan --what-if OTHER.yml`: what other settings would change, on the same image and the same snapshot."""

import argparse
import os
from dataclasses import asdict
from typing import Any

from ldap2scim.cli import output
from ldap2scim.cli.commands import loaded_settings
from ldap2scim.cli.progress import watching
from ldap2scim.cli.rendering import write_document
from ldap2scim.errors import Ldap2ScimError
from ldap2scim.planning.document import ALL_ROWS, MOST_ROWS, Document
from ldap2scim.planning.render_difference import difference_document
from ldap2scim.planning.render_findings import refused_document
from ldap2scim.planning.render_text import to_text
from ldap2scim.run.what_if import WhatIf, what_if
from ldap2scim.run.what_if_lines import lines_of
from ldap2scim.settings import load


def compare(asked: argparse.Namespace) -> int:
    """Show the difference between the plan under the settings of today and one under others."""
    if not os.path.lexists(asked.what_if):
        raise Ldap2ScimError(f"{asked.what_if}: there is no such file.", "Name a settings file after --what-if.")
    loaded = loaded_settings(asked)
    other = load(asked.what_if, os.environ)
    with watching(asked) as progress:
        found = what_if(loaded, other, progress=progress)
    shown = _document(found, MOST_ROWS)
    if asked.json:
        output.document(_json(found, shown))
    else:
        print(to_text(shown), end="")
        print("Nothing was changed, and nothing was written into the state.")
    write_document(_document(found, ALL_ROWS), asked.render)
    return found.exit_code


def _document(found: WhatIf, most: int) -> Document:
    if found.difference is None:
        refused = refused_document((*found.before.findings, *found.findings_added))
        return Document("What if", (*lines_of(found), *refused.lines), refused.tables)
    return difference_document(lines_of(found), found.difference, found.findings_added, most, found.findings_dropped)


def _json(found: WhatIf, shown: Document) -> dict[str, Any]:
    return {
        "exit_code": found.exit_code,
        "settings": list(found.settings),
        "read_again": list(found.read_again),
        "limits": list(found.limits),
        "plan_before": found.before.plan.plan_id if found.before.plan is not None else None,
        "plan_after": found.after.plan.plan_id if found.after.plan is not None else None,
        "findings": [asdict(finding) for finding in found.findings_added],
        "findings_dropped": [asdict(finding) for finding in found.findings_dropped],
        "findings_in_both": found.findings_in_both,
        **output.tables(shown),
    }
