"""`ldap2scim diff RUN RUN`: what differs between the ends of two runs."""

import argparse
import os

from ldap2scim.cli import output
from ldap2scim.planning.document import MOST_ROWS
from ldap2scim.planning.render_text import to_text
from ldap2scim.run.past_diff import diff_document, difference
from ldap2scim.run.past_lines import Values
from ldap2scim.settings import load
from ldap2scim.state.runs import full_run_id
from ldap2scim.state.store import open_as_it_is


def diff(asked: argparse.Namespace) -> int:
    """Show the difference; exit code 0 whatever it is."""
    settings = load(asked.config, os.environ)
    output.notes(settings.notes)
    values = Values.SHOWN if asked.values else Values.HIDDEN
    with open_as_it_is(settings.state) as store:
        first, second = (full_run_id(store, one) for one in (asked.first, asked.second))
        found = difference(store, first, second)
    if asked.json:
        output.document({"first": first, "second": second, "differences": [one.plain(values) for one in found]})
    else:
        print(to_text(diff_document(first, second, found, values), MOST_ROWS), end="")
    return 0
