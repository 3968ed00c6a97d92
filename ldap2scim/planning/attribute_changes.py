"""Which attributes differ between two essences, and the law that makes it true: applying the changes gives the other.

Pure. A path is an attribute (`title`, `emails` whole), a sub-attribute of a complex one (`name.family_name`), or an
attribute of an unknown schema (`extensions.URN.attribute`; a URN has dots, an attribute name has none: RFC 7643 §2.1).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ldap2scim.essence import from_essence, to_essence
from ldap2scim.model import EXTENSIONS, Attributes, AttributeValue
from ldap2scim.planning.operations import AttributeChange


def attribute_changes(old_essence: str, new_essence: str) -> tuple[AttributeChange, ...]:
    """Return what has to change in the old essence to give the new one, sorted by path."""
    return changes_between(from_essence(old_essence), from_essence(new_essence))


def changes_between(old: Attributes, new: Attributes) -> tuple[AttributeChange, ...]:
    """Return what has to change in `old` to give `new`, sorted by path."""
    differing = [name for name in {*old, *new} if not _same(old.get(name), new.get(name))]
    before, after = (dict(_flat({name: side[name] for name in differing if name in side})) for side in (old, new))
    found: list[AttributeChange] = []
    for path in sorted({*before, *after}):
        was, will_be = before.get(path), after.get(path)
        if not _same(was, will_be):
            found.append(AttributeChange(path, was, will_be))
    return tuple(found)


def apply_changes(attributes: Attributes, changes: Iterable[AttributeChange]) -> Attributes:
    """Return new attributes with the changes made."""
    flat = dict(_flat(attributes))
    for change in changes:
        if change.new is None:
            flat.pop(change.path, None)
        else:
            flat[change.path] = change.new
    result: dict[str, Any] = {}
    for path, value in flat.items():
        _place(result, path, value)
    return result


def _flat(attributes: Mapping[str, Any]) -> Iterator[tuple[str, AttributeValue]]:
    """Yield every value by its path; multi-valued attributes whole, as tuples."""
    for name, value in attributes.items():
        match value:
            case Mapping() if name == EXTENSIONS:
                for urn, inner in value.items():
                    yield from _prefixed(f"{name}.{urn}", inner)
            case Mapping():
                yield from _prefixed(name, value)
            case list() | tuple():
                yield name, tuple(value)
            case _:
                yield name, value


def _prefixed(prefix: str, values: Mapping[str, Any]) -> Iterator[tuple[str, AttributeValue]]:
    for name, value in values.items():
        yield f"{prefix}.{name}", tuple(value) if isinstance(value, list) else value


def _place(result: dict[str, Any], path: str, value: AttributeValue) -> None:
    if path.startswith(f"{EXTENSIONS}."):
        urn, _, name = path.removeprefix(f"{EXTENSIONS}.").rpartition(".")
        result.setdefault(EXTENSIONS, {}).setdefault(urn, {})[name] = value
        return
    name, dot, sub_attribute = path.partition(".")
    if dot:
        result.setdefault(name, {})[sub_attribute] = value
    else:
        result[name] = value


def _same(one: AttributeValue | None, other: AttributeValue | None) -> bool:
    """Compare as JSON does: in Python `True == 1`."""
    if one is None or other is None or one != other:
        return one is other
    return isinstance(one, str) or to_essence({"": one}) == to_essence({"": other})
