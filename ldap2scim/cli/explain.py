"""`ldap2scim explain WHO`: why somebody is at the service as she is, or not there."""

import argparse
import os

from ldap2scim.cli import output
from ldap2scim.explain.answer import Values, to_document, to_lines
from ldap2scim.explain.asking import explain as ask
from ldap2scim.settings import load


def explain(asked: argparse.Namespace) -> int:
    """Answer; exit code 0 when anything is known, else 1."""
    settings = load(asked.config, os.environ)
    output.notes(settings.notes)
    said = ask(settings, asked.who, Values.SHOWN if asked.values else Values.CLASS)
    if asked.json:
        output.document(to_document(said))
    elif said.answers:
        output.page("\n".join(to_lines(said)))
    else:
        output.failure("\n".join(to_lines(said)))
    return said.exit_code
