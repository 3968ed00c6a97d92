"""Operations as canonical JSON and back: names sorted, no blanks, UTF-8. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import orjson

from ldap2scim.model import AttributeValue, Key, ResourceType
from ldap2scim.planning.operations import (
    Adopt,
    AttributeChange,
    ChangeMembers,
    Create,
    Deactivate,
    Delete,
    HeldOperation,
    Inputs,
    Operation,
    Restore,
    Update,
)

_KINDS: Mapping[str, type[Operation]] = {
    kind.verb: kind for kind in (Create, Adopt, Restore, Update, ChangeMembers, Deactivate, Delete)
}
_FIELDS: Mapping[str, tuple[str, ...]] = {verb: tuple(sorted(kind.__match_args__)) for verb, kind in _KINDS.items()}
_WRITTEN: Mapping[str, tuple[str, ...]] = {verb: tuple(sorted({*fields, "verb"})) for verb, fields in _FIELDS.items()}
_VALUES: Mapping[str, Callable[[Operation], tuple[Any, ...]]] = {
    verb: attrgetter(*names) for verb, names in _WRITTEN.items()
}


def operation_json(operation: Operation) -> bytes:
    """Return the canonical JSON of an operation."""
    return operations_json((operation,))


def operations_json(operations: Iterable[Operation]) -> bytes:
    """Return the canonical JSON of operations, with commas between them; many at once cost half of one by one."""
    return orjson.dumps(list(map(_plain, operations)), option=orjson.OPT_SORT_KEYS)[1:-1]


def all_held_json(held: Iterable[HeldOperation]) -> bytes:
    """Return the canonical JSON of held operations, with commas between them."""
    plain = [{"operation": _plain(one.operation), "reasons": one.reasons} for one in held]
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)[1:-1]


def _plain(operation: Operation) -> dict[str, Any]:
    if isinstance(operation, Create):
        # Of these there may be a million: fetched one by one and written as they stand, in half the time.
        return {
            "essence": operation.essence,
            "inputs": operation.inputs,
            "key": operation.key,
            "name": operation.name,
            "resource_type": operation.resource_type,
            "verb": operation.verb,
        }
    verb = operation.verb
    plain: dict[str, Any] = dict(zip(_WRITTEN[verb], _VALUES[verb](operation), strict=True))
    if "changes" in plain:
        plain["changes"] = [{"new": one.new, "old": one.old, "path": one.path} for one in plain["changes"]]
    # `inputs` is written by orjson itself: its two fields are in the order of their names.
    return plain


def operation_from(plain: Mapping[str, Any]) -> Operation:
    """Return the operation of parsed JSON.

    Raises:
        ValueError: it is not an operation (an unknown verb, or fields that are missing, strange or of another type).
    """
    verb = plain.get("verb")
    kind = _KINDS.get(verb) if isinstance(verb, str) else None
    if kind is None:
        raise ValueError(f"{verb!r} is no verb of an operation")
    strange = {*plain} ^ {"verb", *_FIELDS[kind.verb]}
    if strange:
        raise ValueError(f"an operation `{verb}` with missing or unknown fields: {', '.join(sorted(strange))}")
    decoded = {**_DECODED, "service_id": _optional} if kind is ChangeMembers else _DECODED
    return kind(**{name: decoded.get(name, _text)(plain[name]) for name in _FIELDS[kind.verb]})


def held_from(plain: Mapping[str, Any]) -> HeldOperation:
    """Return the held operation of parsed JSON.

    Raises:
        ValueError: it is not one.
    """
    if {*plain} != {"operation", "reasons"}:
        raise ValueError("a held operation has `operation` and `reasons`, nothing else")
    return HeldOperation(operation_from(_object(plain["operation"])), _texts(plain["reasons"]))


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"an object was expected, not {type(value).__name__}")  # noqa: TRY004 - one error for bad data
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"text was expected, not {type(value).__name__}")  # noqa: TRY004 - one error for bad data
    return value


def _list(value: object) -> Sequence[Any]:
    if not isinstance(value, list):
        raise ValueError(f"a list was expected, not {type(value).__name__}")  # noqa: TRY004 - one error for bad data
    return value


def _texts(value: object) -> tuple[str, ...]:
    return tuple(_text(item) for item in _list(value))


def _optional(value: object) -> str | None:
    return None if value is None else _text(value)


def _keys(value: object) -> tuple[Key, ...]:
    return tuple(Key(_text(item)) for item in _list(value))


def _inputs(value: object) -> Inputs:
    plain = _object(value)
    if {*plain} != {"desired", "known"}:
        raise ValueError("inputs are `desired` and `known`, nothing else")
    return Inputs(_optional(plain["desired"]), _optional(plain["known"]))


def _value(value: object) -> AttributeValue | None:
    return tuple(value) if isinstance(value, list) else value  # type: ignore[return-value]


def _changes(value: object) -> tuple[AttributeChange, ...]:
    found: list[AttributeChange] = []
    for item in _list(value):
        plain = _object(item)
        if {*plain} != {"new", "old", "path"}:
            raise ValueError("a change of an attribute is `path`, `old` and `new`, nothing else")
        found.append(AttributeChange(_text(plain["path"]), _value(plain["old"]), _value(plain["new"])))
    return tuple(found)


_DECODED: Mapping[str, Callable[[object], Any]] = {
    "resource_type": lambda value: ResourceType(_text(value)),
    "inputs": _inputs,
    "changes": _changes,
    "added": _keys,
    "removed": _keys,
    "version": _optional,
    "replaces": _optional,
}
"""Fields that are more than text."""
