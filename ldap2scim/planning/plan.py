"""The plan: sorted, frozen operations with an id that says exactly what was decided (P2). Pure.

The id is the SHA-256 of canonical JSON (names sorted, no blanks, UTF-8) of the settings' digest, the program's version,
the operations and the held operations with their reasons. The time of evaluation is kept but not hashed: the same
decision taken later has the same id, since every operation carries the fingerprints of its inputs.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from operator import attrgetter
from types import MappingProxyType
from typing import Any, TypeVar

import orjson

from ldap2scim.errors import PlanError
from ldap2scim.planning.operation_json import all_held_json, held_from, operation_from, operations_json
from ldap2scim.planning.operations import HeldOperation, Operation

_T = TypeVar("_T")

FORMAT = 1
"""Of the plan file; a program refuses others."""
_REMEDY = "Write the plan again with `ldap2scim plan --out FILE`."
_CHUNK = 1_000
"""Operations of one piece of a plan file: well below a megabyte."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done, what waits for a person, and from what it was decided. Built by `make_plan`."""

    plan_id: str
    """64 hexadecimal digits."""
    operations: tuple[Operation, ...]
    held: tuple[HeldOperation, ...]
    evaluated_at: datetime
    """The "now" of this run, with time zone."""
    settings_digest: str
    program: str
    """Version of the program that decided."""
    settings: tuple[tuple[str, str], ...] = ()
    """Digest of each setting by its name, to say later which one has changed; not part of the decision."""

    @property
    def is_empty(self) -> bool:
        """Say whether there is nothing to do and nothing held."""
        return not self.operations and not self.held


def make_plan(  # noqa: PLR0913 - what a plan says of itself, by name
    operations: Iterable[Operation],
    held: Iterable[HeldOperation],
    *,
    evaluated_at: datetime,
    settings_digest: str,
    program: str,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Plan:
    """Sort operations by rank and name, and give them their id; the order of the input does not matter."""
    flowing = tuple(sorted(operations, key=attrgetter("sort_key")))
    waiting = tuple(sorted(held, key=attrgetter("operation.sort_key")))
    digest = sha256()
    for chunk in _decision(flowing, waiting, settings_digest, program):
        digest.update(chunk)
    by_name = tuple(sorted(settings.items()))
    return Plan(digest.hexdigest(), flowing, waiting, evaluated_at, settings_digest, program, by_name)


def part_of(plan: Plan, operations: Iterable[Operation], held: Iterable[HeldOperation]) -> Plan:
    """Return a part of a plan, under the id of the whole: what is carried out of it now, and what goes on waiting."""
    flowing = tuple(sorted(operations, key=attrgetter("sort_key")))
    return replace(plan, operations=flowing, held=tuple(sorted(held, key=attrgetter("operation.sort_key"))))


def json_chunks(plan: Plan) -> Iterator[bytes]:
    """Yield the plan file piece by piece, so that a million operations need no second copy in memory."""
    yield b'{"decision":'
    yield from _decision(plan.operations, plan.held, plan.settings_digest, plan.program)
    yield b"," + orjson.dumps(_about(plan), option=orjson.OPT_SORT_KEYS)[1:]


def to_json(plan: Plan) -> bytes:
    """Return the plan file: the decision that the id is of, then time of evaluation, format and id."""
    return b"".join(json_chunks(plan))


def pieces(plan: Plan) -> Iterator[bytes]:
    """Yield the plan as JSON documents of bounded size: what it is about, then what it holds, then what it does."""
    head = _about(plan) | {"program": plan.program, "settings_digest": plan.settings_digest}
    yield orjson.dumps(head, option=orjson.OPT_SORT_KEYS)
    for start in range(0, len(plan.held), _CHUNK):
        yield b'{"held":[' + all_held_json(plan.held[start : start + _CHUNK]) + b"]}"
    for start in range(0, len(plan.operations), _CHUNK):
        yield b'{"operations":[' + operations_json(plan.operations[start : start + _CHUNK]) + b"]}"


def from_pieces(documents: Iterable[bytes]) -> Plan:
    """Return the plan of `pieces`; one document after the other is read and let go.

    Raises:
        PlanError: it is not what was stored.
    """
    rest = iter(documents)
    operations: list[Operation] = []
    held: list[HeldOperation] = []
    try:
        head = orjson.loads(next(rest))
        for document in map(orjson.loads, rest):
            held.extend(map(held_from, document.get("held", ())))
            operations.extend(map(operation_from, document.get("operations", ())))
        plan = _made(head, operations, held, head)
    except (StopIteration, KeyError, TypeError, ValueError, AttributeError) as error:
        raise PlanError(f"The stored plan cannot be understood: {error}.", _REMEDY) from error
    if plan.plan_id != head.get("plan_id"):
        raise PlanError(f"The stored plan {plan.plan_id[:12]}… is not the one that was stored.", _REMEDY)
    return plan


def _about(plan: Plan) -> dict[str, Any]:
    """Return what a plan file says beside the decision."""
    return {
        "evaluated_at": plan.evaluated_at.isoformat(),
        "format": FORMAT,
        "plan_id": plan.plan_id,
        "settings": dict(plan.settings),
    }


def from_json(text: bytes) -> Plan:
    """Return the plan of a file.

    Raises:
        PlanError: the text is not a plan, is one of another format, or was changed since it was written.
    """
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise PlanError(f"The plan file is not JSON: {error}.", _REMEDY) from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise PlanError(f"This is not a plan file of format {FORMAT}.", _REMEDY)
    try:
        plan = _plan(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PlanError(f"The plan file cannot be understood: {error}.", _REMEDY) from error
    if plan.plan_id != document.get("plan_id"):
        raise PlanError(
            f"The plan file was changed since it was written: its content has the id {plan.plan_id[:12]}…, "
            "which is not the id it states.",
            _REMEDY,
        )
    return plan


def _plan(document: dict[str, Any]) -> Plan:
    decision = document["decision"]
    return _made(document, map(operation_from, decision["operations"]), map(held_from, decision["held"]), decision)


def _made(
    about: Mapping[str, Any],
    operations: Iterable[Operation],
    held: Iterable[HeldOperation],
    decided_by: Mapping[str, Any],
) -> Plan:
    evaluated_at = datetime.fromisoformat(about["evaluated_at"])
    if evaluated_at.tzinfo is None:
        raise ValueError("the time of evaluation has no time zone")
    settings = about.get("settings", {})
    for name, text in {**settings, **{name: decided_by[name] for name in ("settings_digest", "program")}}.items():
        if not isinstance(text, str):
            raise TypeError(f"`{name}` is not text")
    return make_plan(
        operations,
        held,
        evaluated_at=evaluated_at,
        settings_digest=decided_by["settings_digest"],
        program=decided_by["program"],
        settings=settings,
    )


def _decision(
    operations: Sequence[Operation], held: Sequence[HeldOperation], settings_digest: str, program: str
) -> Iterator[bytes]:
    yield b'{"held":['
    yield from _joined(held, all_held_json)
    yield b'],"operations":['
    yield from _joined(operations, operations_json)
    yield b'],"program":' + orjson.dumps(program) + b',"settings_digest":' + orjson.dumps(settings_digest) + b"}"


def _joined(items: Sequence[_T], written: Callable[[Sequence[_T]], bytes]) -> Iterator[bytes]:
    """Yield the items with commas between them, many at a time."""
    for start in range(0, len(items), _CHUNK):
        yield (b"," if start else b"") + written(items[start : start + _CHUNK])
