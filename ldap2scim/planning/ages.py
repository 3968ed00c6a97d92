"""How long what is held has waited: a pile of several days is released together, and should be seen as such. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from ldap2scim.planning.document import Document

MOST_DAYS = 3
"""That one sentence names."""


def ages(since: Iterable[datetime], now: datetime | None = None) -> str:
    """Return a sentence on since when operations have been held, by days in UTC; empty where all are new.

    Args:
        since: the first run of those in a row that held each of them.
        now: the time of evaluation; what has waited since then is new. None: nothing is new.
    """
    moments = list(since)
    new = sum(moment == now for moment in moments)
    days = Counter(moment.astimezone(UTC).date() for moment in moments if moment != now)
    if not days:
        return ""
    named = sorted(days)[:MOST_DAYS]
    parts = [f"{days[day]} since {day}" for day in named]
    later = sum(days.values()) - sum(days[day] for day in named)
    parts += [f"{later} since later days"] if later else []
    parts[0] = parts[0].replace(" since", " have been held since" if days[named[0]] != 1 else " has been held since")
    if new:
        parts.append(f"{new} {'is' if new == 1 else 'are'} new")
    joined = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]
    return f"Of these, {joined}."


def with_ages(document: Document, said: str) -> Document:
    """Return a plan or report that says how long what is held has waited, below the sums of what is held."""
    if not said:
        return document
    after = next((number for number, line in enumerate(document.lines, 1) if line.startswith("Held: ")), 1)
    return replace(document, lines=(*document.lines[:after], said, *document.lines[after:]))
