"""What the command prints: text for people, one JSON document for machines."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TextIO

from ldap2scim.cli.terminal import fitted, width_of
from ldap2scim.planning.document import Document, harmless, to_rows
from ldap2scim.planning.operations import HeldOperation
from ldap2scim.planning.reasons import identity
from ldap2scim.planning.render_drift import edit_rows
from ldap2scim.planning.render_operations import operation_rows
from ldap2scim.planning.render_text import to_text
from ldap2scim.run.context import Mode
from ldap2scim.run.documents import document_of
from ldap2scim.run.notices import Message, Newcomer
from ldap2scim.run.report import Report
from ldap2scim.settings import Row

if TYPE_CHECKING:
    from ldap2scim.run.drift import Drift

_WORDS: Final = 10_000
"""Of a JSON document that are printed at once."""


def document(content: Mapping[str, Any]) -> None:
    """Print one JSON document."""
    readable = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    # Piece by piece: of a hundred thousand creations, text and words of the whole take a quarter of a gigabyte.
    words = json.JSONEncoder(ensure_ascii=not readable, indent=2, default=str).iterencode(content)
    while piece := "".join(islice(words, _WORDS)):
        print(piece, end="")
    print()


def lines(text: str, stream: TextIO | None = None) -> None:
    """Print text line by line, so that a name in it cannot drive the terminal; None: standard output."""
    for line in text.split("\n"):
        print(harmless(line), file=stream)


def page(text: str, stream: TextIO | None = None) -> None:
    """Print what is read at leisure: as `lines` does, and on a terminal broken where it is too long for a line."""
    width = width_of(stream)
    for line in text.rstrip("\n").split("\n"):
        shown = harmless(line)
        for part in [shown] if width is None else fitted(shown, width):
            print(part, file=stream)


def failure(text: str) -> None:
    """Print what ends the command with exit code 1: on standard error, as every error is (DESIGN §7)."""
    lines(f"ldap2scim: {text}", sys.stderr)


def notes(remarks: Sequence[str]) -> None:
    """Print what deserves a word, beside the output proper."""
    for remark in remarks:
        lines(f"note: {remark}", sys.stderr)


def settings(rows: Sequence[Row], remarks: Sequence[str], *, as_json: bool) -> None:
    """Print the effective settings with their origin."""
    if as_json:
        document({"settings": [asdict(row) for row in rows], "notes": list(remarks)})
        return
    width = max((len(row.path) for row in rows), default=0)
    shown = max((len(row.shown) for row in rows), default=0)
    for row in rows:
        lines(f"{row.path:<{width}}  {row.shown:<{min(shown, 60)}}  {row.origin}")


def report(said: Report, *, as_json: bool) -> None:
    """Print what a run did, or would do."""
    shown = document_of(said)
    if as_json:
        document(
            {
                "run_id": said.run_id,
                "mode": said.mode.value,
                "exit_code": said.exit_code,
                "plan_id": said.plan.plan_id if said.plan is not None else None,
                "stopped_by": said.stopped_by,
                "accounts": _accounts(said),
                "forecast": _forecast(said),
                "reads": [asdict(read) for read in said.reads],
                "summary": list(shown.lines),
                **_operations(said),
                "new_users": [_new_user(one) for one in said.welcome.people],
                "findings": [asdict(finding) for finding in said.findings],
            }
        )
        return
    print(to_text(shown), end="")
    if said.stopped_by is not None:
        lines(f"The load was given up: {said.stopped_by}")


def drift(found: "Drift", *, as_json: bool) -> None:
    """Print how the service differs from the directory."""
    if as_json:
        document(
            {
                "in_step": found.exit_code == 0,
                "exit_code": found.exit_code,
                "edits": edit_rows(found.edits),
                **tables(found.document),
            }
        )
        return
    print(to_text(found.document), end="")


def _accounts(said: Report) -> dict[str, Any] | None:
    if said.accounts is None:
        return None
    return {**asdict(said.accounts), "imbalances": [str(one) for one in said.accounts.imbalances]}


def _forecast(said: Report) -> dict[str, Any] | None:
    return None if said.forecast is None else {**asdict(said.forecast), "total": said.forecast.total}


def _operations(said: Report) -> dict[str, Any]:
    """Return every operation once: what was done, or would be, and what waits."""
    if said.plan is None:
        return {}
    if said.mode is Mode.PLAN:
        done = operation_rows(said.plan.operations)
    else:
        rows = operation_rows(outcome.operation for outcome in said.outcomes)
        results = ({"result": one.result.value, "error": one.error or ""} for one in said.outcomes)
        done = [row | result for row, result in zip(rows, results, strict=True)]
    held = operation_rows(waiting.operation for waiting in said.plan.held)
    reasons = ({"reasons": list(waiting.reasons), "held_since": _since(said, waiting)} for waiting in said.plan.held)
    return {"operations": done, "held": [row | why for row, why in zip(held, reasons, strict=True)]}


def _since(said: Report, waiting: HeldOperation) -> str | None:
    since = said.held_since.get(identity(waiting.operation))
    return None if since is None else since.isoformat()


def _new_user(one: Newcomer) -> dict[str, Any]:
    return {
        "login": one.login,
        "name": one.name,
        "notification_address": one.address,
        "other_addresses": list(one.others),
        "active": one.active,
        "message": "none" if one.message is Message.NONE else one.message.value,
    }


def tables(shown: Document) -> dict[str, Any]:
    """Return a document for machines."""
    return {"summary": list(shown.lines), "tables": {table.title: to_rows(table) for table in shown.tables}}
