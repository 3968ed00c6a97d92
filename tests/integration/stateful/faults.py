"""What goes wrong: reads that are bad, a service that fails, and where a run is killed."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from ldap2scim.sandbox.directory import EmbeddedDirectory
from ldap2scim.sandbox.service import Fault, FaultKind
from ldap2scim.sandbox.service.faults import Moment


def _size_limit(directory: EmbeddedDirectory, number: int) -> None:
    directory._state.options = replace(directory._state.options, size_limit=number % 9 + 1)


SHOWS_LESS = frozenset({"nobody is shown", "no group is shown", "members cannot be read"})
"""Of the bad reads those that come to their end, so that a person may release what follows from them."""
WITHHELD = frozenset(
    {"a login cannot be read", "an identity cannot be read", "members cannot be read", "a name cannot be read"}
)
"""Of the bad reads those of an attribute that nobody has changed: once it can be read again, no change tells it."""
BAD_READS: Mapping[str, Callable[[EmbeddedDirectory, int], None]] = {
    "nobody is shown": lambda directory, _: directory.hide(f"ou=people,{directory.base_dn}"),
    "no group is shown": lambda directory, _: directory.hide(f"ou=groups,{directory.base_dn}"),
    "a login cannot be read": lambda directory, _: directory.withhold("uid"),
    "an identity cannot be read": lambda directory, _: directory.withhold("entryUUID"),
    "members cannot be read": lambda directory, _: directory.withhold("member"),
    "a name cannot be read": lambda directory, _: directory.withhold("sn"),
    "a size limit": _size_limit,
    "busy after some": lambda directory, number: directory.fail_after(number % 20, 51),
    "no rights after some": lambda directory, number: directory.fail_after(number % 20, 50),
    "time limit after some": lambda directory, number: directory.fail_after(number % 20, 3),
    "cut after some": lambda directory, number: directory.cut_after(number % 20),
    "down": lambda directory, _: directory.stop(),
}


def mend(directory: EmbeddedDirectory) -> None:
    """End every bad read."""
    directory.mend()
    directory._state.options = replace(directory._state.options, size_limit=None)
    if directory._server is None:
        directory.start()


FAULTS: Mapping[str, Fault] = {
    "500 and nothing done": Fault(FaultKind.STATUS),
    "500 and done": Fault(FaultKind.STATUS, moment=Moment.AFTER),
    "503, come again": Fault(FaultKind.STATUS, status=503, retry_after="0"),
    "429, come again": Fault(FaultKind.STATUS, status=429, retry_after="0"),
    "dropped and nothing done": Fault(FaultKind.DROP),
    "dropped and done": Fault(FaultKind.DROP, moment=Moment.AFTER),
    "answer cut": Fault(FaultKind.CUT),
    "a page for people": Fault(FaultKind.HTML, status=200),
    "a page for people, and done": Fault(FaultKind.HTML, status=200, moment=Moment.AFTER),
    "answer without a body": Fault(FaultKind.MUTE),
    "short pages": Fault(FaultKind.SHORT_PAGE, method="GET"),
    "filter ignored": Fault(FaultKind.IGNORE_FILTER, method="GET"),
}

WORKS = ("synchronise", "synchronise", "recover", "plan_to_keep")
POINTS = (
    *("before a request", "request sent, answer lost", "after an answer"),
    *("before the journal's beginning", "after the journal's beginning", "after the journal's settling"),
    *("before the snapshot's change", "after the snapshot's change", "before the journal's settling"),
    *("before a commit", "after a commit", "before a transaction", "after a statement"),
    *("after settle doubts", "after extract", "after map entries", "after decide", "after start load"),
    *("after a question", "before report", "after report"),
)
"""Where a process can be killed; names of `kill_points`."""
