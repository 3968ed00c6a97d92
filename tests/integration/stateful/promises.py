"""The promises P1 to P3, held against what the service had before a run, has after it, and was asked. Pure."""

import json
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from tests.integration.stateful.company import Truth
from tests.integration.stateful.console import Held

LEAST = 5
"""Removals of users in a day that flow without a person, in a company of less than a hundred (DESIGN §6)."""


def removed_users(before: Held, after: Held) -> frozenset[str]:
    """Return the service ids of users who were there and active, and are not any more."""
    active = {key for key, user in before.users.items() if user.get("active") is not False}
    still = {key for key, user in after.users.items() if user.get("active") is not False}
    return frozenset(active - still)


def removed_groups(before: Held, after: Held) -> frozenset[str]:
    """Return the service ids of groups that are not there any more."""
    return frozenset(before.groups.keys() - after.groups.keys())


def unfounded(before: Held, after: Held, truth: Truth) -> Iterator[str]:
    """Yield what was taken away from somebody of whom the directory, asked past every fault, still holds it (P1)."""
    anchors = {key: str(one.get("externalId")) for key, one in before.resources.items()}
    for key in removed_users(before, after):
        if truth.people.get(anchors[key]):
            yield f"{before.users[key]['userName']} was removed, and is in the directory"
    for key in removed_groups(before, after):
        if anchors[key] in truth.groups:
            yield f"group {before.groups[key]['displayName']} was deleted, and is in the directory"
    for group, member in before.memberships - after.memberships:
        if group in after.groups and member in after.users and (anchors[group], anchors[member]) in truth.members:
            yield f"a member of {before.groups[group]['displayName']} was taken out, and is in it in the directory"


def twice(held: Held) -> Iterator[str]:
    """Yield the externalIds that two resources of a kind have (P3)."""
    for kind in (held.users, held.groups):
        found = [one["externalId"] for one in kind.values() if "externalId" in one]
        yield from (f"{one} is there twice" for one in sorted({one for one in found if found.count(one) > 1}))


def touched(held: Held, foreign: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the resources that are no business of ours and are not, byte for byte, what they were (P3)."""
    there = held.resources
    for key, resource in foreign.items():
        if key not in there:
            yield f"{key}, which is not ours, has gone"
        elif json.dumps(there[key]) != json.dumps(resource):
            yield f"{key}, which is not ours, is another one: {there[key]}"


def made_up(before: Held, after: Held, ever: AbstractSet[str]) -> Iterator[str]:
    """Yield what a run made that no entry of the directory stands for."""
    for key in after.resources.keys() - before.resources.keys():
        if after.resources[key].get("externalId") not in ever:
            yield f"{after.resources[key]} is nobody's"
