"""What a probe finds out about a service, as sentences and as settings. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any, TypeAlias

import orjson

from ldap2scim.model import ResourceType
from ldap2scim.scim.assumptions import Assumptions
from ldap2scim.scim.profiles import Profile
from ldap2scim.settings.attribute_names import written_path

Tree: TypeAlias = Mapping[str, Any]
"""A block of settings."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One answer."""

    question: str
    answer: str


@dataclass(slots=True)
class Findings:
    """What was found so far; grows question by question."""

    facts: list[Fact] = field(default_factory=list)
    said: dict[str, Any] = field(default_factory=dict)
    """Fields of `Assumptions`."""
    left: list[str] = field(default_factory=list)
    """What could not be removed again, as a path below the base URL or a name."""

    def note(self, question: str, answer: str, **said: object) -> None:
        """Add an answer, and what follows for the settings."""
        self.facts.append(Fact(question, answer))
        self.said.update(said)


def overlay(found: Findings, profile: Profile) -> Tree:
    """Return the block `service.assume` that says what was found and the profile does not, or only assumes."""
    assumed = Assumptions(**found.said)
    block: dict[str, Any] = {}
    for name in (one.name for one in fields(assumed)):
        value = getattr(assumed, name)
        if name in {"ignored", "longest", "placements"} or value is None:
            continue
        if name in profile.unproven or value != _of(profile, name):
            block[name] = value.value if isinstance(value, Enum) else value
    if dropped := _by_kind((kind, written_path(path)) for kind, path in assumed.ignored):
        block["ignored"] = dropped
    if placed := [one for one in assumed.placements if "placements" in profile.unproven or not _knows(profile, one)]:
        block["placements"] = {
            kind.value.lower(): {written_path(name): urn for found_kind, name, urn in placed if found_kind is kind}
            for kind in dict.fromkeys(kind for kind, _, _ in placed)
        }
    return block


def to_yaml(tree: Tree, indent: int = 0) -> str:
    """Return a block of settings as YAML; texts are in quotes where they could be read as something else."""
    return "".join(_lines(tree, " " * indent))


def _lines(tree: Tree, indent: str) -> Iterator[str]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield f"{indent}{name}:\n"
            yield from _lines(value, f"{indent}  ")
        else:
            yield f"{indent}{name}: {_scalar(value)}\n"


def _scalar(value: object) -> str:
    if isinstance(value, str) and value.replace("-", "").isalpha():
        return value
    return orjson.dumps(value).decode()  # JSON is YAML


def _of(profile: Profile, name: str) -> object:
    match name:
        case "external_id_filter":
            return profile.trusted_external_id_filter
        case "deletion":
            return profile.user_deletion
        case "group_update":
            return profile.update_of(ResourceType.GROUP)
        case _:
            return getattr(profile, name)


def _knows(profile: Profile, placed: tuple[ResourceType, str, str]) -> bool:
    kind, name, urn = placed
    return profile.placements.get(kind, {}).get(name) == urn


def _by_kind(pairs: Iterator[tuple[ResourceType, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kind, path in pairs:
        found.setdefault(kind.value.lower(), []).append(path)
    return found
