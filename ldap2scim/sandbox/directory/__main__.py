"""`python -m ldap2scim.sandbox.directory --ldif FILE`: the embedded directory alone; prints its address first."""

import argparse
from pathlib import Path
from threading import Event

from ldap2scim.sandbox.directory import ACTIVE_DIRECTORY, OPENLDAP, embedded_directory

_MAKES = {"openldap": OPENLDAP, "active-directory": ACTIVE_DIRECTORY}


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m ldap2scim.sandbox.directory", description=__doc__)
    parser.add_argument("--ldif", type=Path, required=True, help="the world; its first entry is the suffix")
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one")
    parser.add_argument("--make", choices=_MAKES, default="openldap", help="whose habits are imitated")
    arguments = parser.parse_args()
    with embedded_directory(arguments.ldif, _MAKES[arguments.make], arguments.port) as directory:
        print(directory.port, flush=True)  # noqa: T201 — a program of its own
        print(f"{directory.url}  {directory.base_dn}  {directory.reader_dn} / {directory.reader_password}", flush=True)  # noqa: T201 — as above
        Event().wait()


if __name__ == "__main__":
    main()
