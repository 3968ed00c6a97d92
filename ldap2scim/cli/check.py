"""`ldap2scim check`: the preparation list, line by line as it is gone through."""

import argparse
import os
from dataclasses import asdict

from ldap2scim.cli import output
from ldap2scim.run.readiness import Item, readiness
from ldap2scim.settings import load


def check(asked: argparse.Namespace) -> int:
    """Go through the list; exit code 0 when everything is ready, else 1."""
    settings = load(asked.config, os.environ)
    output.notes(settings.notes)
    items: list[Item] = []
    for item in readiness(settings):
        items.append(item)
        if not asked.json:
            detail = item.detail.replace("\n", "\n        ")
            output.lines(f"{'ok    ' if item.ready else 'FAILED'}  {item.what}: {detail}")
    ready = all(item.ready for item in items)
    if asked.json:
        output.document({"ready": ready, "items": [asdict(item) for item in items]})
    elif ready:
        print("Ready. `ldap2scim plan` shows what would be done.")
    return 0 if ready else 1
