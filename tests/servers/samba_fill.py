"""Adds the LDIF on standard input to a `sam.ldb`. A program for the system's Python, which has Samba's modules.

usage: samba_fill.py SMB_CONF SAM_LDB < WORLD
"""

import sys

from ldb import FLAG_MOD_ADD  # type: ignore[import-not-found]  # of the system's Python
from samba.auth import system_session  # type: ignore[import-not-found]  # as above
from samba.param import LoadParm  # type: ignore[import-not-found]  # as above
from samba.samdb import SamDB  # type: ignore[import-not-found]  # as above

_BATCH = 100
"""Entries of one transaction; larger ones become slower and slower."""


def main() -> None:
    """Add every entry, a batch in each transaction."""
    smb_conf, sam_ldb = sys.argv[1:]
    settings = LoadParm()
    settings.load(smb_conf)
    database = SamDB(url=sam_ldb, lp=settings, session_info=system_session(settings))
    entries = [entry for _, entry in database.parse_ldif(sys.stdin.read())]
    for start in range(0, len(entries), _BATCH):
        database.transaction_start()
        for entry in entries[start : start + _BATCH]:
            for name in entry.keys():  # noqa: SIM118 — iterating a Message gives no names
                if name != "dn":
                    entry[name].set_flags(FLAG_MOD_ADD)
            database.add(entry)
        database.transaction_commit()


main()
