"""What was sent against what came back: services do answer 200 and drop an attribute. Pure.

Left-scoped: only what was sent is looked for, since a service adds much of its own.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ldap2scim.scim.filter_match import CASE_EXACT, values_of
from ldap2scim.scim.layout import member_of
from ldap2scim.scim.provider import Json, ScimRequest, ScimResponse

_NEVER_COMPARED: Final = frozenset({"schemas", "id", "meta", "password", "members"})
"""Not ours, never returned (RFC 7643 §4.1.1), or often not returned (members)."""


def ignored(request: ScimRequest, response: ScimResponse) -> tuple[str, ...]:
    """Return the paths (as on the wire) of what a write asked for and its answer does not show."""
    if request.body is None or not tells(response.body):
        return ()
    returned = response.body or {}
    if request.method == "PATCH":
        return tuple(_ignored_operations(request.body, returned))
    return ignored_attributes(request.body, returned)


def ignored_attributes(sent: Json, returned: Json) -> tuple[str, ...]:
    """Return the paths of attributes of `sent` that `returned` lacks or holds with another value.

    Case counts in `externalId` alone (RFC 7643 §3.1, §4.1); the order of values never.
    """
    return tuple(_differing(sent, returned, ""))


def tells(returned: Json | None) -> bool:
    """Say whether an answer shows what the service holds."""
    # Some services answer a write with the id alone.
    return any(name.casefold() not in _NEVER_COMPARED for name in returned or ())


def _differing(sent: Json, returned: Json, prefix: str) -> Iterator[str]:
    for name, value in sent.items():
        if not prefix and name.casefold() in _NEVER_COMPARED:
            continue
        held = member_of(returned, name)
        if isinstance(value, Mapping):
            inside = held if isinstance(held, Mapping) else {}
            yield from _differing(value, inside, f"{prefix}{name}{':' if name.startswith('urn:') else '.'}")
        elif not _shows(held, value, exact=name.casefold() in CASE_EXACT):
            yield prefix + name


def _ignored_operations(body: Json, returned: Json) -> Iterator[str]:
    for operation in body.get("Operations", ()):
        path = operation.get("path", "")
        name = path.rpartition(":")[2]
        if not name or "[" in path or name.casefold() in _NEVER_COMPARED:
            continue
        values = values_of(path, returned)
        if operation["op"] == "remove":
            left = any(value not in ("", None) for value in values)
        else:
            value = operation.get("value")
            held = values if isinstance(value, list) else next(iter(values), None)
            left = not _shows(held, value, exact=name.casefold() in CASE_EXACT)
        if left:
            yield path


def _shows(held: Any, sent: Any, *, exact: bool) -> bool:  # noqa: ANN401 - JSON
    match sent:
        case Mapping():
            return isinstance(held, Mapping) and all(
                _shows(member_of(held, name), value, exact=False)
                for name, value in sent.items()
                if not (name == "primary" and value is False)  # the same as none (RFC 7643 §2.4)
            )
        case list() | tuple():
            items = held if isinstance(held, list) else []
            return all(any(_shows(item, value, exact=False) for item in items) for value in sent)
        case bool():
            return held is sent or str(held).casefold() == str(sent).casefold()
        case _:
            left, right = str(sent), "" if held is None else str(held)
            return left == right or (not exact and left.casefold() == right.casefold())
