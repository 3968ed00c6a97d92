"""Range retrieval: an attribute of many values that comes in pieces (MS-ADTS §3.1.1.3.1.3.3). Pure."""

import re
from dataclasses import dataclass

_RANGED = re.compile(r"(?P<attribute>.+?);range=(?P<low>[0-9]+)-(?P<high>[0-9]+|\*)(?P<options>;.*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Range:
    """Which of an attribute's values came."""

    attribute: str
    """The attribute description without the range."""
    low: int
    high: int | None
    """Index of the last value that came; None: there are no more."""


def read_range(description: str) -> Range | None:
    """Return the range in an attribute description; None where it has none."""
    match = _RANGED.fullmatch(description)
    if match is None:
        return None
    high = None if match["high"] == "*" else int(match["high"])
    return Range(match["attribute"] + (match["options"] or ""), int(match["low"]), high)


def from_index(attribute: str, low: int) -> str:
    """Return the attribute description that asks for all values from index `low` on."""
    return f"{attribute};range={low}-*"
