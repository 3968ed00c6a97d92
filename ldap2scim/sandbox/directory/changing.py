"""Writes: add, modify, delete, modify DN (RFC 4511 §4.6 to 4.9), each whole or not at all."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from ldap2scim.sandbox.directory.comparing import Comparable, comparable_as
from ldap2scim.sandbox.directory.computed import COMPUTED
from ldap2scim.sandbox.directory.entry import Attribute, Entry
from ldap2scim.sandbox.directory.names import is_within, key_of, parent_of, parse, split_first
from ldap2scim.sandbox.directory.options import Make
from ldap2scim.sandbox.directory.results import Refused, Result
from ldap2scim.sandbox.directory.syntaxes import Syntax, canonical, syntax_of
from ldap2scim.sandbox.directory.tree import Tree

_LINKS = ("member", "manager")
"""Attributes whose values follow a rename and go with a delete in Active Directory (MS-ADTS §3.1.1.1.6)."""


class Change(IntEnum):
    """What a modification does (RFC 4511 §4.6)."""

    ADD = 0
    DELETE = 1
    REPLACE = 2


@dataclass(frozen=True, slots=True)
class Modification:
    """One change of one attribute."""

    change: Change
    description: str
    values: tuple[bytes, ...]


def add(tree: Tree, dn: str, values: dict[str, list[bytes]]) -> None:
    """Add an entry; values of its RDN that it lacks are taken from its name."""
    complete = {description: list(found) for description, found in values.items()}
    for kind, value in parse(dn)[0]:
        present = [each for name, found in complete.items() if canonical(name) == canonical(kind) for each in found]
        if not _holds(kind, present, value.encode()):
            complete.setdefault(kind, []).append(value.encode())
    tree.create(dn, complete)


def modify(tree: Tree, dn: str, modifications: Sequence[Modification]) -> None:
    """Change attributes of an entry, all of them or none."""
    entry = tree.require(dn)
    attributes = {name: Attribute(each.description, list(each.values)) for name, each in entry.attributes.items()}
    for modification in modifications:
        if canonical(modification.description) in COMPUTED[tree.make]:
            raise Refused(Result.UNWILLING_TO_PERFORM, f"{modification.description} belongs to the directory")
        _apply(attributes, modification)
    for kind, value in parse(entry.dn)[0]:
        present = [v for name, each in attributes.items() if canonical(name) == canonical(kind) for v in each.values]
        if not _holds(kind, present, value.encode()):
            raise Refused(Result.NOT_ALLOWED_ON_RDN, f"{kind} is part of the name {entry.dn}")
    tree.replace(entry, attributes)
    tree.touch(entry)


def delete(tree: Tree, dn: str) -> None:
    """Delete an entry without children."""
    entry = tree.require(dn)
    if next(tree.children(entry.key), None) is not None:
        raise Refused(Result.NOT_ALLOWED_ON_NON_LEAF, f"{dn} has entries below it")
    for kind, holder in _holders(tree, entry.key):
        _relink(tree, holder, kind, entry.key, None)
    tree.remove(entry)
    tree.change_number += 1


def rename(tree: Tree, dn: str, new_rdn: str, old_rdn: "OldRdn", new_parent: str | None) -> None:
    """Give an entry another name or another place; what is below it goes along."""
    entry = tree.require(dn)
    parent = split_first(entry.dn)[1] if new_parent is None else tree.require(new_parent).dn
    new_dn = f"{new_rdn},{parent}"
    new_key = key_of(new_dn)
    if new_key != entry.key and tree.find(new_key) is not None:
        raise Refused(Result.ENTRY_ALREADY_EXISTS, f"{new_dn} exists already")
    if is_within(key_of(parent), entry.key):
        raise Refused(Result.UNWILLING_TO_PERFORM, f"{new_dn} would be below itself")
    attributes = _renamed(entry, new_rdn, old_rdn)
    _move(tree, entry, new_dn)
    tree.replace(entry, attributes)
    tree.touch(entry)


class OldRdn(IntEnum):
    """What becomes of the values of the name before (`deleteoldrdn`)."""

    KEPT = 0
    DELETED = 1


def _apply(attributes: dict[str, Attribute], modification: Modification) -> None:
    name, given = modification.description.lower(), list(modification.values)
    present = attributes.get(name, Attribute(modification.description, []))
    match modification.change:
        case Change.REPLACE:
            attributes[name] = Attribute(present.description, given)
        case Change.ADD:
            if not set(_forms(name, present.values)).isdisjoint(_forms(name, given)):
                raise Refused(Result.ATTRIBUTE_OR_VALUE_EXISTS, f"{name} has such a value already")
            attributes[name] = Attribute(present.description, present.values + given)
        case Change.DELETE:
            if not present.values or not set(_forms(name, present.values)).issuperset(_forms(name, given)):
                raise Refused(Result.NO_SUCH_ATTRIBUTE, f"{name} has no such value")
            attributes[name] = Attribute(present.description, _without(name, present.values, given) if given else [])
    if not attributes[name].values:
        del attributes[name]


def _renamed(entry: Entry, new_rdn: str, old_rdn: OldRdn) -> dict[str, Attribute]:
    attributes = {name: Attribute(each.description, list(each.values)) for name, each in entry.attributes.items()}
    if old_rdn is OldRdn.DELETED:
        for kind, value in parse(entry.dn)[0]:
            for name in [name for name in attributes if canonical(name) == canonical(kind)]:
                attributes[name].values = _without(name, attributes[name].values, [value.encode()])
    for kind, value in parse(new_rdn)[0]:
        name = next((name for name in attributes if canonical(name) == canonical(kind)), kind.lower())
        attribute = attributes.setdefault(name, Attribute(kind, []))
        if not _holds(name, attribute.values, value.encode()):
            attribute.values.append(value.encode())
    return {name: attribute for name, attribute in attributes.items() if attribute.values}


def _move(tree: Tree, entry: Entry, new_dn: str) -> None:
    moved = list(_descend(tree, entry))
    links = [(old.key, kind, holder, old) for old in moved for kind, holder in _holders(tree, old.key)]
    for each in reversed(moved):
        tree.remove(each)
    by_old_key = {each.key: each for each in moved}
    for old_key, each in by_old_key.items():
        each.dn = new_dn if each is entry else f"{split_first(each.dn)[0]},{by_old_key[parent_of(old_key)].dn}"
        each.key = key_of(each.dn)
        tree.insert(each)
    for old_key, kind, holder, target in links:
        _relink(tree, holder, kind, old_key, target.dn)


def _descend(tree: Tree, entry: Entry) -> Iterator[Entry]:
    yield entry
    for child in tree.children(entry.key):
        yield from _descend(tree, child)


def _holders(tree: Tree, key: str) -> list[tuple[str, Entry]]:
    if tree.make is not Make.ACTIVE_DIRECTORY:
        return []
    return [(kind, holder) for kind in _LINKS for holder in tree.having(kind, key)]


def _relink(tree: Tree, holder: Entry, kind: str, old_key: str, new_dn: str | None) -> None:
    attributes = dict(holder.attributes)
    attribute = attributes[kind]
    kept = [value for value in attribute.values if comparable_as(value, Syntax.DN) != old_key]
    values = kept if new_dn is None else [*kept, new_dn.encode()]
    attributes[kind] = Attribute(attribute.description, values)
    if not values:
        del attributes[kind]
    tree.replace(holder, attributes)


def _forms(description: str, values: Iterable[bytes]) -> list[Comparable]:
    syntax = syntax_of(canonical(description))
    # A value that its syntax does not allow is at least equal to itself.
    return [value if (form := comparable_as(value, syntax)) is None else form for value in values]


def _holds(description: str, values: Iterable[bytes], value: bytes) -> bool:
    return _forms(description, [value])[0] in _forms(description, values)


def _without(description: str, values: Sequence[bytes], unwanted: Iterable[bytes]) -> list[bytes]:
    gone = set(_forms(description, unwanted))
    return [value for value, form in zip(values, _forms(description, values), strict=True) if form not in gone]
