"""`ldap2scim keep`: a re-created person keeps the old IDs; without a name, who does."""

import argparse
import getpass
import os

from ldap2scim.cli import output
from ldap2scim.run.keeping import keep, stop_keeping
from ldap2scim.settings import load
from ldap2scim.state.kept_ids import KeptIds, read_kept_ids
from ldap2scim.state.store import Store, open_store


def keep_command(asked: argparse.Namespace) -> int:
    """Record, take back or list decisions."""
    loaded = load(asked.config, os.environ)
    output.notes(loaded.notes)
    with open_store(loaded.state, create=False) as store:
        if asked.who is None:
            _list(asked, store)
        elif asked.end:
            name = stop_keeping(store, asked.who)
            _say(
                asked, {"ended": name}, f"{name} has the IDs of the mapping again. `ldap2scim plan` shows what follows."
            )
        else:
            kept = keep(store, asked.who, asked.by or _user())
            _say(
                asked,
                {"kept": _plain(kept)},
                f"{asked.who} keeps the external ID and the linking ID of {kept.login}, as {kept.decided_by} decided. "
                "`ldap2scim plan` shows what follows.",
            )
    return 0


def _list(asked: argparse.Namespace, store: Store) -> None:
    decisions = tuple(read_kept_ids(store).values())
    lines = [
        f"{one.key} keeps the IDs of {one.login}: decided by {one.decided_by}, {one.decided_at:%Y-%m-%d %H:%M} UTC"
        for one in decisions
    ]
    _say(asked, {"kept": [_plain(one) for one in decisions]}, "\n".join(lines) or "Nobody keeps an old ID.")


def _say(asked: argparse.Namespace, content: dict[str, object], text: str) -> None:
    if asked.json:
        output.document(content)
    else:
        output.lines(text)


def _plain(kept: KeptIds) -> dict[str, str]:
    return {
        "key": kept.key,
        "login": kept.login,
        "decided_by": kept.decided_by,
        "decided_at": kept.decided_at.isoformat(),
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a process without a name, as in some containers
        return f"user {os.getuid()}"
