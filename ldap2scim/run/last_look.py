"""The last look at the whole service that found it as it was left: from then on, what changed is enough to know.

One that found an edit does not count: what nobody repaired would be forgotten by the next. Nor does one that left
something of ours alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson

from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.operations import Adopt, Operation
from ldap2scim.planning.orphans import is_of_an_orphan
from ldap2scim.run.context import Run
from ldap2scim.scim.filter_parser import ParsedFilter, parse
from ldap2scim.scim.settings import Leavers
from ldap2scim.state.marks import remember, remembered_mark
from ldap2scim.state.snapshot_rows import Status

_MARK: Final = "drift-look"


@dataclass(frozen=True, slots=True)
class LastLook:
    """When it was, and how many resources of others there were."""

    at: datetime
    others: Mapping[ResourceType, int]
    """Listed inside our filter, less those that are expected there as ours."""


def compared_everything(run: Run, left_alone: Iterable[Key]) -> bool:
    """Say whether a look compared all that is managed: nothing is in doubt, nor in the snapshot and left alone.

    Raises:
        StateError: the state cannot be read.
    """
    return not run.state.journal.in_doubt() and not run.state.snapshot.service_ids(left_alone)


def remember_look(run: Run, listed: Mapping[ResourceType, int]) -> None:
    """Remember a look that began with this run, and how many resources it listed.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the state cannot be written.
    """
    others = {kind.value: count - ours_listed(run, kind) for kind, count in listed.items()}
    mark = {"at": run.now.isoformat(), "settings": run.settings_digest, "others": others}
    remember(run.lease, _MARK, orjson.dumps(mark).decode())


def touches_others(operations: Iterable[Operation]) -> bool:
    """Say whether operations make resources ours that were counted among those of others, or remove such."""
    return any(is_of_an_orphan(one) or (isinstance(one, Adopt) and one.replaces is None) for one in operations)


def forget_look(run: Run) -> None:
    """Let no look be the last, since there are fewer of others by our own hand.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the state cannot be written.
    """
    remember(run.lease, _MARK, "{}")


def last_look(run: Run) -> LastLook | None:
    """Return the last look under the same settings; None: there was none.

    Raises:
        StateError: the state cannot be read.
    """
    kept = remembered_mark(run.store, _MARK)
    mark = orjson.loads(kept) if kept else {}
    if mark.get("settings") != run.settings_digest:
        return None
    others = {ResourceType(kind): count for kind, count in mark["others"].items()}
    return LastLook(datetime.fromisoformat(mark["at"]), others)


def ours_listed(run: Run, kind: ResourceType) -> int:
    """Return how many of ours the service should list: the managed, and leavers who are disabled, if they are seen."""
    counts = run.state.snapshot.counts()
    managed = counts.get((kind, Status.MANAGED), 0)
    disables = kind is ResourceType.USER and run.settings.service.leavers is Leavers.DEACTIVATE
    return managed + (counts.get((kind, Status.LEFT), 0) if disables and not _asks_for_active(run) else 0)


def _asks_for_active(run: Run) -> bool:
    written = run.settings.service.user_filter
    parsed = parse(written) if written else None
    return isinstance(parsed, ParsedFilter) and any(path.casefold() == "active" for path in parsed.attributes)
