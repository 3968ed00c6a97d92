"""What the headers of an answer say of the quota. Pure.

Read are `RateLimit` and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers (structured since its eighth
version, a dictionary in the seventh, three headers before), `X-RateLimit-*` and `X-Rate-Limit-*`, of which no
standard says whether a reset is a moment or a number of seconds.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_RESET: Final = 3660.0
"""Seconds. Services count by the hour at the most; what is said beyond is a wrong clock or a quota of the day."""
_FAMILIES: Final = ("ratelimit-", "x-ratelimit-", "x-rate-limit-")
_A_MOMENT: Final = 1e9
"""A number from here on is a moment in seconds since 1970, no duration."""
_IN_MILLISECONDS: Final = 1e11
_NUMBER: Final = re.compile(r"\s*(\d{1,18}(?:\.\d{1,9})?)")
_ITEM: Final = re.compile(r'\s*(?:"([^"]{0,100})"|([A-Za-z0-9_.*-]{1,100}))((?:\s*;\s*[a-z]+=(?:"[^"]*"|[^;,"]*))*)')
_PARAMETER: Final = re.compile(r';\s*([a-z]+)=("?)([^;,"]*)\2')
_PAIR: Final = re.compile(r"\s*(limit|remaining|reset)\s*=\s*(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Quota:
    """How much of one quota is left."""

    name: str
    remaining: int
    reset: float
    """Seconds until it is full again."""
    limit: int | None = None


def quotas_of(headers: Mapping[str, str], now: float) -> tuple[Quota, ...]:
    """Return every quota that the headers (names in lower case) speak of; what cannot be read is left out.

    Args:
        headers: of one answer.
        now: seconds since 1970, for a reset that is a moment; the answer's own `Date` goes before it.
    """
    policies = dict(_items(headers.get("ratelimit-policy", "")))
    now = _date(headers.get("date")) or now
    return (*_standard(headers.get("ratelimit", ""), policies), *_by_family(headers, policies, now))


def _standard(text: str, policies: Mapping[str, Mapping[str, float]]) -> Iterator[Quota]:
    if pairs := {name: int(value) for name, value in _PAIR.findall(text)}:
        if "remaining" in pairs and "reset" in pairs:
            yield Quota("", pairs["remaining"], _bounded(pairs["reset"]), pairs.get("limit"))
        return
    for name, values in _items(text):
        policy = policies.get(name, {})
        reset = values.get("t", policy.get("w"))
        if "r" in values and reset is not None:
            yield Quota(name, int(values["r"]), _bounded(reset), _whole(policy.get("q")))


def _by_family(headers: Mapping[str, str], policies: Mapping[str, Mapping[str, float]], now: float) -> Iterator[Quota]:
    for family in _FAMILIES:
        remaining = _number(headers.get(f"{family}remaining"))
        if remaining is None:
            continue
        reset = _number(headers.get(f"{family}reset"))
        if reset is None:
            windows = [values["w"] for values in policies.values() if "w" in values]
            reset = min(windows, default=None)
        if reset is not None:
            yield Quota(family, int(remaining), _seconds(reset, now), _whole(_number(headers.get(f"{family}limit"))))


def _items(text: str) -> Iterator[tuple[str, Mapping[str, float]]]:
    """Yield the items of a structured list that count requests, with those parameters that are numbers."""
    for quoted, token, parameters in _ITEM.findall(text):
        written = {name: value for name, _, value in _PARAMETER.findall(parameters)}
        if written.get("qu", "requests") == "requests":
            values = {name: number for name, value in written.items() if (number := _number(value)) is not None}
            yield quoted or token, values


def _seconds(reset: float, now: float) -> float:
    if reset >= _IN_MILLISECONDS:
        reset /= 1000
    return _bounded(reset - now if reset >= _A_MOMENT else reset)


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_RESET)


def _number(text: str | None) -> float | None:
    found = _NUMBER.match(text) if text else None
    return float(found[1]) if found else None


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def _date(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except (ValueError, OverflowError):
        return None
