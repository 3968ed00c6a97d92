"""The attribute names that an administrator writes, and the ones that the model uses. Pure.

Names are written as RFC 7643 writes them (`userName`, `name.familyName`), those of the enterprise extension with
or without `enterprise.` or their URN before them, as the original has them at the top (`department`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ldap2scim.model import (
    COMPLEX_USER_ATTRIBUTES,
    EXTENSIONS,
    MULTI_VALUED_USER_ATTRIBUTES,
    SINGLE_GROUP_ATTRIBUTES,
    SINGLE_USER_ATTRIBUTES,
    ResourceType,
)
from ldap2scim.settings.nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode, describe, is_empty
from ldap2scim.settings.reading import Field, Section, unknown

ENTERPRISE_URN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
BOOLEANS = frozenset({"active", "primary"})
"""Attributes and sub-attributes whose values are true or false; all others are texts."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The attributes of one kind of resource, by written name."""

    single: Mapping[str, str]
    """Written path → path of the model."""
    blocks: Mapping[str, str]
    """Written name of a complex attribute → its written prefix."""
    multi: Mapping[str, str]
    sub_attributes: Mapping[str, Mapping[str, str]]
    """By multi-valued attribute of the model: written → model."""


def camel(name: str) -> str:
    """Return a model name as RFC 7643 writes it: `x509_certificates` → `x509Certificates`."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def written_path(path: str) -> str:
    """Return a model path as an administrator writes it."""
    if path.startswith(f"{EXTENSIONS}."):
        urn, _, attribute = path.removeprefix(f"{EXTENSIONS}.").rpartition(".")
        return f"{urn}:{attribute}"
    return ".".join(camel(part) for part in path.split("."))


def _user_vocabulary() -> Vocabulary:
    single = {camel(name): name for name in sorted(SINGLE_USER_ATTRIBUTES)}
    for block, names in COMPLEX_USER_ATTRIBUTES.items():
        single |= {f"{camel(block)}.{camel(name)}": f"{block}.{name}" for name in sorted(names)}
    single |= {camel(name): f"enterprise.{name}" for name in sorted(COMPLEX_USER_ATTRIBUTES["enterprise"])}
    return Vocabulary(
        single,
        {camel(block): camel(block) for block in COMPLEX_USER_ATTRIBUTES} | {ENTERPRISE_URN: "enterprise"},
        {camel(name): name for name in MULTI_VALUED_USER_ATTRIBUTES},
        {name: {camel(sub): sub for sub in sorted(subs)} for name, subs in MULTI_VALUED_USER_ATTRIBUTES.items()},
    )


VOCABULARIES: Mapping[ResourceType, Vocabulary] = {
    ResourceType.USER: _user_vocabulary(),
    ResourceType.GROUP: Vocabulary({camel(name): name for name in sorted(SINGLE_GROUP_ATTRIBUTES)}, {}, {}, {}),
}


@dataclass(frozen=True, slots=True)
class Leaves:
    """The attributes found in one block of a mapping, by model path; a value may be empty (`null`)."""

    single: Mapping[str, Field]
    multi: Mapping[str, Field]


def leaves(section: Section, vocabulary: Vocabulary) -> Leaves:
    """Find the attributes in a block; what is unknown or written twice becomes a problem.

    Keys that the caller has taken from the section before are left out.
    """
    found = Leaves({}, {})
    for name, entry in _flatten(section.node.entries if section.node else (), "", vocabulary, tuple(section.known)):
        field = Field(section.reading, section.path_of(name), entry.node, f"{entry.place.file}:{entry.place.line}")
        path = _single_path(name, vocabulary)
        attribute = vocabulary.multi.get(name)
        target, key = (found.multi, attribute) if attribute else (found.single, path)
        if key is None:
            known = [*vocabulary.single, *vocabulary.multi, *section.known]
            section.reading.problem(entry.place, field.path, unknown(name, known))
        elif isinstance(entry.node, MappingNode) and not entry.node.entries:
            section.reading.problem(entry.place, field.path, "has no value.")
        elif key in target:
            section.reading.problem(entry.place, field.path, f"is mapped already as `{target[key].path}`.")
        else:
            target[key] = field  # type: ignore[index] # filled here and read-only afterwards
    return found


def slots(field: Field, sub_attributes: Mapping[str, str]) -> tuple[Mapping[str, Field] | None, ...]:
    """Return the slots of a multi-valued attribute: sub-attribute → value; None for a `null` slot.

    A slot that is a single name or value means its `value`; one slot may stand without a list.
    """
    items = field.node.items if isinstance(field.node, SequenceNode) else (field.node,)
    return tuple(_slot(field, number, item, sub_attributes) for number, item in enumerate(items, 1))


def _slot(field: Field, number: int, item: Node, sub_attributes: Mapping[str, str]) -> Mapping[str, Field] | None:
    path = f"{field.path}[{number}]"
    if is_empty(item):
        return None
    if isinstance(item, ScalarNode) and "value" in sub_attributes:
        return {"value": Field(field.reading, path, item, field.origin)}
    if not isinstance(item, MappingNode):
        field.reading.problem(item.place, path, f"must be a block such as `value: mail`, not {describe(item)}.")
        return None
    found: dict[str, Field] = {}
    for entry in item.entries:
        sub = sub_attributes.get(entry.name)
        if sub is None:
            field.reading.problem(entry.place, f"{path}.{entry.name}", unknown(entry.name, list(sub_attributes)))
        elif not is_empty(entry.node):
            found[sub] = Field(field.reading, f"{path}.{entry.name}", entry.node, field.origin)
    return found


def _flatten(
    entries: tuple[Entry, ...], prefix: str, vocabulary: Vocabulary, taken: tuple[str, ...]
) -> Iterator[tuple[str, Entry]]:
    for entry in entries:
        name = f"{prefix}{entry.name}"
        if name in taken:
            continue
        block = vocabulary.blocks.get(name)
        if block is None and name.startswith("urn:") and _holds_attributes(entry.node):
            block = name
        if block and isinstance(entry.node, MappingNode):
            separator = ":" if block.startswith("urn:") else "."
            yield from _flatten(entry.node.entries, f"{block}{separator}", vocabulary, ())
        elif not (block and is_empty(entry.node)):
            yield name, entry


def _holds_attributes(node: Node) -> bool:
    """Say whether a block under a URN names attributes; a rule of one attribute has these keys instead."""
    return isinstance(node, MappingNode) and not {entry.name for entry in node.entries} & {
        "from",
        "default",
        "convert",
        "pattern",
    }


def _single_path(name: str, vocabulary: Vocabulary) -> str | None:
    known = vocabulary.single.get(name)
    if known or not name.startswith("urn:"):
        return known
    urn, _, attribute = name.rpartition(":")
    if urn == ENTERPRISE_URN:
        return vocabulary.single.get(f"enterprise.{attribute}")
    return f"{EXTENSIONS}.{urn}.{attribute}" if urn.count(":") >= 2 and attribute else None
