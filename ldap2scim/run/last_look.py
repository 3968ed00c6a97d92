"""The last look at the whole service that found it as it was left: from then on, what changed is enough to know.

One that found an edit does not count: what nobody repaired would be forgotten by the next.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson

from ldap2scim.model import ResourceType
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


def remember_look(run: Run, listed: Mapping[ResourceType, int]) -> None:
    """Remember a look that began with this run, and how many resources it listed.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the state cannot be written.
    """
    others = {kind.value: count - ours_listed(run, kind) for kind, count in listed.items()}
    mark = {"at": run.now.isoformat(), "settings": run.settings_digest, "others": others}
    remember(run.lease, _MARK, orjson.dumps(mark).decode())


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
