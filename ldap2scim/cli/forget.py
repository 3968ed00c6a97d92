"""`ldap2scim forget WHO`: what the state has of somebody who has left is removed."""

import argparse
import os
from dataclasses import asdict
from fnmatch import fnmatchcase
from glob import escape
from pathlib import Path

from ldap2scim.cli import output
from ldap2scim.errors import StateError
from ldap2scim.explain.subjects import find
from ldap2scim.model import Key
from ldap2scim.run.forget import finish, look
from ldap2scim.run.forget import forget as remove
from ldap2scim.settings import load
from ldap2scim.state.forgetting import Forgotten
from ldap2scim.state.location import StateFile
from ldap2scim.state.rewriting import is_pending
from ldap2scim.state.store import Store, open_store

_NOTHING = Forgotten(operations=0, history=0, findings=0, plans=0, resources=0, others=0)


def forget(asked: argparse.Namespace) -> int:
    """Say what would be removed; with `--apply` remove it."""
    settings = load(asked.config, os.environ)
    output.notes(settings.notes)
    with open_store(settings.state, create=False) as store:
        copies = _copies(settings.state.path) if isinstance(settings.state, StateFile) else []
        finished = asked.apply and finish(store)
        key = _one(store, asked.who)
        if key is not None:
            removed = remove(store, key) if asked.apply else look(store, key)
        elif finished:
            removed = _NOTHING
        else:
            raise _nobody(asked.who, pending=is_pending(store))
    if asked.json:
        output.document({"forgotten": asked.apply, **asdict(removed), "copies": copies})
        return 0
    if finished:
        print("What was forgotten before cannot be read any more: the state was written anew.")
    print(_sentence(removed, applied=asked.apply))
    if removed.resources:
        print("The account stays at the service, disabled; if it shall go as well, delete it in the service's console.")
    if copies:
        output.lines(f"Copies that were made of the state still have everything: {', '.join(copies)}.")
    if not asked.apply:
        print("Nothing was changed: this is a dry run. It cannot be taken back; `--apply` does it.")
    return 0


def _one(store: Store, who: str) -> Key | None:
    keys = sorted({subject.key for subject in find(store, who) if subject.key is not None})
    if len(keys) > 1:
        raise StateError(f"{who} may be any of {', '.join(keys)}.", "Give one of these keys.")
    return keys[0] if keys else None


def _nobody(who: str, *, pending: bool) -> StateError:
    remedy = "Nothing needs to be forgotten."
    if pending:
        remedy = "What was forgotten before can still be read in free parts of the state: `--apply` writes it anew."
    return StateError(f"The state knows nobody who is called {who}.", remedy)


def _copies(path: Path) -> list[str]:
    try:
        beside = [one.name for one in path.parent.iterdir()]
    except OSError as error:
        raise StateError(
            f"The folder {path.parent} cannot be listed, so that nobody knows what copies of the state there are: "
            f"{error.strerror}.",
            "Let the user who runs ldap2scim read it; nothing was removed.",
        ) from error
    return sorted(str(path.parent / name) for name in beside if fnmatchcase(name, f"{escape(path.name)}.v*.bak"))


def _sentence(removed: Forgotten, *, applied: bool) -> str:
    parts = (
        f"{removed.history} entries of the history",
        f"the names in {removed.operations} operations of the journal",
        f"{removed.findings} findings",
        f"{removed.plans} kept plans",
        f"{removed.resources + removed.others} other rows",
    )
    return f"{'Removed' if applied else 'Would be removed'}: {', '.join(parts)}."
