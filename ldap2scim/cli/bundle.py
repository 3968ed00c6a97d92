"""`ldap2scim bundle`: the state without names, for those who help; and the plan that follows from such a file."""

import argparse
import os
import secrets
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ldap2scim.bundle.replaying import Replayed, replay
from ldap2scim.bundle.writing import write_bundle
from ldap2scim.cli import output
from ldap2scim.cli.new_files import need_new_files
from ldap2scim.errors import Ldap2ScimError
from ldap2scim.planning.document import Document
from ldap2scim.planning.plan import Plan
from ldap2scim.planning.render_operations import held_lines, operation_rows
from ldap2scim.planning.render_plan import plan_document
from ldap2scim.planning.render_text import to_text
from ldap2scim.settings import load

KEY_BYTES = 32


def bundle(asked: argparse.Namespace) -> int:
    """Write a bundle, or replay one; exit code 1 where the plan that follows is not the one that was decided."""
    if asked.replay is not None:
        return _replay(asked, asked.replay)
    place = asked.out or Path(f"ldap2scim-bundle-{datetime.now(UTC):%Y%m%d-%H%M%S}.tar.gz")
    need_new_files([place])
    settings = load(asked.config, os.environ)
    output.notes(settings.notes)
    written = write_bundle(settings, place, _key(asked.key))
    found = replay(place)
    if asked.json:
        output.document(
            {
                "file": str(place),
                "plan_id": written.plan_id,
                "rows": dict(written.rows),
                "differences": list(found.differences),
            }
        )
    else:
        output.lines(f"{place} is written: {sum(written.rows.values())} rows, every name in them replaced.")
        output.lines("Its README.txt says what was left out. Look through it before you hand it on.")
        _say_differences(found)
    return 1 if found.differences else 0


def _replay(asked: argparse.Namespace, place: Path) -> int:
    found = replay(place)
    if asked.json:
        output.document(
            {
                "facts": dict(found.facts),
                "differences": list(found.differences),
                "operations": operation_rows(found.plan.operations) if found.plan is not None else [],
                "held": operation_rows(one.operation for one in found.plan.held) if found.plan is not None else [],
                "findings": [{"rule": one.rule, "severity": one.severity.value} for one in found.findings],
            }
        )
        return 1 if found.differences else 0
    if found.plan is not None:
        print(to_text(_without_release(found.plan, plan_document(found.plan, found.findings))), end="")
    else:
        output.lines("Nothing is decided: a finding forbids it.")
        for one in found.findings:
            output.lines(f"  {one.severity.value}  {one.rule}: {one.message}")
    _say_differences(found)
    return 1 if found.differences else 0


def _without_release(plan: Plan, document: Document) -> Document:
    """Take out how the plan is released: under the names of a bundle it is one that no state knows."""
    release = held_lines(plan)[1:]
    lines = (line for line in document.lines if line not in release)
    return replace(document, lines=(*lines, "Its id is that of the plan without names, and can be approved nowhere."))


def _say_differences(found: Replayed) -> None:
    if not found.differences:
        print("The plan that follows from it is the one that was decided when it was written.")
    for one in found.differences:
        output.lines(f"NOT AS IT WAS DECIDED: {one}")


def _key(place: Path | None) -> bytes:
    """Return the key of the pseudonyms: of a file, which is made where it is missing; without one, for this time."""
    if place is None:
        return secrets.token_bytes(KEY_BYTES)
    try:
        if not place.exists():
            with os.fdopen(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                file.write(secrets.token_bytes(KEY_BYTES))
        key = place.read_bytes()
    except OSError as error:
        raise Ldap2ScimError(f"The key {place} cannot be used: {error.strerror}.", "Name another file.") from error
    if len(key) != KEY_BYTES:
        raise Ldap2ScimError(
            f"{place} is no key of pseudonyms.", "Name a file that is not there yet, to have one made."
        )
    return key
