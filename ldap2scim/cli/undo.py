"""`ldap2scim undo RUN`: what a run changed is taken back."""

import argparse

from ldap2scim.cli.going_back import mode_of, prepared, released, show
from ldap2scim.cli.progress import watching
from ldap2scim.run.undo import undo as take_back
from ldap2scim.state.runs import full_run_id
from ldap2scim.state.store import open_store


def undo(asked: argparse.Namespace) -> int:
    """Show what taking a run back would do; with `--apply` do it."""
    settings = prepared(asked)
    with open_store(settings.state, create=False) as store:
        run_id = full_run_id(store, asked.run)
    with watching(asked) as progress:
        said = take_back(settings, run_id, mode_of(asked), released(asked), progress=progress)
    return show(asked, said, f"ldap2scim undo {run_id[:8]}")
