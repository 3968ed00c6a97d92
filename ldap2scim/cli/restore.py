"""`ldap2scim restore --as-of TIME`: the service is made as it was."""

import argparse

from ldap2scim.cli.going_back import mode_of, prepared, released, show
from ldap2scim.cli.moments import moment
from ldap2scim.cli.progress import watching
from ldap2scim.run.restore import restore as go_back


def restore(asked: argparse.Namespace) -> int:
    """Show what making the service as it was would do; with `--apply` do it."""
    as_of = moment(asked.as_of)
    settings = prepared(asked)
    with watching(asked) as progress:
        said = go_back(settings, as_of, mode_of(asked), released(asked), progress=progress)
    return show(asked, said, f"ldap2scim restore --as-of {asked.as_of!r}")
