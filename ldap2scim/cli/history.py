"""`ldap2scim history`: the last runs, what one run changed, or what happened to a person or group."""

import argparse
import os

from ldap2scim.cli import output
from ldap2scim.explain.answer import WHO
from ldap2scim.explain.subjects import find
from ldap2scim.model import Key
from ldap2scim.planning.document import MOST_ROWS
from ldap2scim.planning.render_text import to_text
from ldap2scim.run.past_lines import (
    Told,
    Values,
    decided_in,
    decision_plain,
    history_document,
    latest_runs,
    runs_document,
    told,
)
from ldap2scim.settings import load
from ldap2scim.state.decisions import Decided
from ldap2scim.state.history import HistoryReader
from ldap2scim.state.runs import run_named
from ldap2scim.state.store import Store, open_as_it_is

RUNS = 20
"""That are listed."""


def history(asked: argparse.Namespace) -> int:
    """Tell; exit code 0 when anything is known, else 1."""
    settings = load(asked.config, os.environ)
    output.notes(settings.notes)
    with open_as_it_is(settings.state) as store:
        if asked.what is None:
            return _runs(asked, store)
        run_id = run_named(store, asked.what)
        decided: tuple[Decided, ...] = ()
        if run_id is not None:
            lines, title = _of_run(asked, store, run_id), f"Run {run_id[:8]}"
            decided = decided_in(store, run_id)
        else:
            lines, title = _of(asked, store, asked.what), asked.what
    known = bool(lines) or run_id is not None
    if asked.json:
        output.document(
            {
                "run_id": run_id,
                "lines": [line.plain for line in lines],
                "decisions": [decision_plain(one) for one in decided],
            }
        )
    elif not known:
        output.failure(f"The state knows of nothing that happened to {asked.what}.\nWHO is {WHO}.")
    else:
        document = history_document(title, lines[:MOST_ROWS], len(lines[MOST_ROWS:]), decided)
        output.page(to_text(document, MOST_ROWS))
    return 0 if known else 1


def _runs(asked: argparse.Namespace, store: Store) -> int:
    runs = latest_runs(store, RUNS)
    if asked.json:
        output.document({"runs": runs})
    else:
        output.page(to_text(runs_document(runs), RUNS))
    return 0


def _of_run(asked: argparse.Namespace, store: Store, run_id: str) -> tuple[Told, ...]:
    return told(store, HistoryReader(store).of_run(run_id), _values(asked))


def _of(asked: argparse.Namespace, store: Store, who: str) -> tuple[Told, ...]:
    reader = HistoryReader(store)
    keys: list[Key] = [subject.key for subject in find(store, who) if subject.key is not None]
    return tuple(line for key in keys for line in told(store, reader.of(key), _values(asked), (key,)))


def _values(asked: argparse.Namespace) -> Values:
    return Values.SHOWN if asked.values else Values.HIDDEN
