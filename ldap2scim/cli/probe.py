"""`ldap2scim probe`: what a service is found to do, and the block of settings that says so."""

import argparse
import os
from dataclasses import asdict

from ldap2scim.cli import output
from ldap2scim.cli.new_files import need_new_files
from ldap2scim.errors import Ldap2ScimError
from ldap2scim.run.probe import Depth, Probe
from ldap2scim.run.probe import probe as ask
from ldap2scim.run.probed import to_yaml
from ldap2scim.settings import load


def probe(asked: argparse.Namespace) -> int:
    """Ask the service; exit code 0, or 1 where something that was made could not be removed."""
    if asked.out is not None:
        need_new_files([asked.out])
    settings = load(asked.config, os.environ)
    output.notes(settings.notes)
    found = ask(settings, Depth.WRITE if asked.write else Depth.READ, asked.domain)
    block = to_yaml({"service": {"assume": found.assume}}) if found.assume else ""
    if asked.out is not None and block:
        _store(asked, block)
    if asked.json:
        output.document({"facts": [asdict(fact) for fact in found.facts], "assume": found.assume, "left": found.left})
    else:
        _show(found, block)
    return 1 if found.left else 0


def _show(found: Probe, block: str) -> None:
    width = max(len(fact.question) for fact in found.facts)
    for fact in found.facts:
        output.lines(f"{fact.question:<{width}}  {fact.answer}")
    for name in found.left:
        output.lines(f"NOT REMOVED: {name}; remove it in the service's console.")
    print()
    if block:
        print("The profile does not say so yet; into the settings with it:")
        print()
        output.lines(block.rstrip())
    else:
        print("Nothing was found that the profile does not say.")


def _store(asked: argparse.Namespace, block: str) -> None:
    try:
        asked.out.write_text(block, encoding="utf-8")
    except OSError as error:
        raise Ldap2ScimError(f"{asked.out} cannot be written: {error.strerror}.", "Choose another file.") from error
