"""What some faults make of a request before it is carried out, and of its answer after. Pure."""

from collections.abc import Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson

from ldap2scim.sandbox.service.faults import Fault, FaultKind
from ldap2scim.sandbox.service.wire import Object

Headers = list[tuple[bytes, bytes]]


class Answer:
    """An answer held back until it is known whether it goes out as it is."""

    def __init__(self, status: int, body: bytes, headers: Headers) -> None:
        self.status = status
        self.body = body
        self.headers = headers


def named_members(body: bytes) -> int:
    """Return how many members a request names."""
    return sum(len(values) for values in _member_lists(_read(body)))


def rewritten(fault: Fault, scope: MutableMapping[str, Any], body: bytes) -> tuple[MutableMapping[str, Any], bytes]:
    """Return the request as the faulty service understands it."""
    match fault.kind:
        case FaultKind.IGNORE_FILTER:
            return _asking(scope, body, filter=None)
        case FaultKind.LOSE_MEMBERS:
            asked = _read(body)
            for values in _member_lists(asked):
                del values[fault.members :]
            return scope, orjson.dumps(asked)
    return scope, body


def first_page(scope: MutableMapping[str, Any], body: bytes) -> tuple[MutableMapping[str, Any], bytes]:
    """Return a list request that starts at the beginning."""
    return _asking(scope, body, startIndex=1)


def is_beyond_the_end(answer: Answer) -> bool:
    """Say whether a list holds nothing, though there is something."""
    found = _read(answer.body)
    return bool(found.get("totalResults")) and not found.get("Resources")


def spoilt(fault: Fault, method: str, filtered: bool, answer: Answer) -> Answer:
    """Return the answer as the faulty service gives it."""
    listing = _LISTINGS.get(fault.kind)
    if listing is not None:
        found = _read(answer.body)
        spoils = "Resources" in found and (filtered or fault.kind is not FaultKind.EMPTY_FILTER)
        return _with(answer, {**found, **listing(found)}) if spoils else answer
    match fault.kind:
        case FaultKind.CUT:
            # An answer without a body has nothing to cut; the start of one stands for it.
            body = answer.body[: len(answer.body) // 2] or b'{"schemas": ["urn:ietf'
            return Answer(200 if answer.status == 204 else answer.status, body, answer.headers)
        case FaultKind.CHANGED_CASE:
            return _with(answer, _in_capitals(_read(answer.body)))
        case FaultKind.NO_SCIM_TYPE if answer.status >= 400:
            return _with(answer, {name: value for name, value in _read(answer.body).items() if name != "scimType"})
        case FaultKind.UNKNOWN_AS if answer.status == 404:
            return Answer(fault.status, b"Internal Server Error", [(b"content-type", b"text/plain")])
        case FaultKind.BARE | FaultKind.MUTE if method != "GET" and answer.status < 300:
            kept = [pair for pair in answer.headers if fault.kind is FaultKind.BARE or pair[0] != b"location"]
            return Answer(answer.status, b"", [_relative(pair) for pair in kept if pair[0] != b"content-type"])
    return answer


def _read(body: bytes) -> Object:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _member_lists(asked: Object) -> list[list[Any]]:
    lists = [asked.get("members")]
    for operation in asked.get("Operations", ()):
        value = operation.get("value")
        lists.append(value if operation.get("path") == "members" else None)
        lists.append(value.get("members") if isinstance(value, dict) else None)
    return [values for values in lists if isinstance(values, list)]


def _asking(scope: MutableMapping[str, Any], body: bytes, **changes: object) -> tuple[MutableMapping[str, Any], bytes]:
    if scope["method"] == "POST":
        return scope, orjson.dumps({name: value for name, value in {**_read(body), **changes}.items() if value})
    query = {**dict(parse_qsl(scope["query_string"].decode())), **changes}
    return {**scope, "query_string": urlencode({name: value for name, value in query.items() if value}).encode()}, body


def _with(answer: Answer, body: Object) -> Answer:
    return Answer(answer.status, orjson.dumps(body) if answer.body else b"", answer.headers)


def _in_capitals(shown: Object) -> Object:
    changed = dict(shown)
    if isinstance(shown.get("userName"), str):
        changed["userName"] = shown["userName"].upper()
    if isinstance(shown.get("Resources"), list):
        changed["Resources"] = [_in_capitals(one) for one in shown["Resources"]]
    return changed


def _relative(pair: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    return (pair[0], urlsplit(pair[1]).path) if pair[0] == b"location" else pair


_LISTINGS: dict[FaultKind, Callable[[Object], Object]] = {
    FaultKind.SHORT_PAGE: lambda found: {"Resources": found["Resources"][: len(found["Resources"]) // 2]},
    FaultKind.WRONG_TOTAL: lambda found: {"totalResults": found["totalResults"] + 1},
    FaultKind.EMPTY_FILTER: lambda _: {"Resources": [], "totalResults": 0, "itemsPerPage": 0},
}
"""What is wrong in a list."""
