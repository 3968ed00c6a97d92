"""The attribute that a write leaves out without a word: the fault `IGNORE_ATTRIBUTE`. Pure."""

from collections.abc import MutableMapping
from typing import Any

IGNORED = "ldap2scim.sandbox.ignored"
"""Key of the request's scope under which the faults leave the attribute's name."""


def with_ignored(scope: MutableMapping[str, Any], old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return the new attributes, the ignored one as it was before."""
    name = scope.get(IGNORED)
    if not name:
        return new
    kept = {key: value for key, value in new.items() if key != name}
    return {**kept, name: old[name]} if name in old else kept
