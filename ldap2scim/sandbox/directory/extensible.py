"""Extensible filters (RFC 4511 §4.5.1.7.7) with the matching rules that directories are asked for."""

from collections.abc import Callable

from ldap2scim.sandbox.directory.comparing import Comparable, comparable_as, comparables
from ldap2scim.sandbox.directory.entry import Entry
from ldap2scim.sandbox.directory.names import parse
from ldap2scim.sandbox.directory.options import Make
from ldap2scim.sandbox.directory.syntaxes import Syntax, canonical, syntax_of, syntax_of_rule
from ldap2scim.sandbox.directory.tree import Tree
from ldap2scim.sandbox.directory.wire import Decoded

BIT_AND = "1.2.840.113556.1.4.803"
BIT_OR = "1.2.840.113556.1.4.804"
IN_CHAIN = "1.2.840.113556.1.4.1941"
"""MS-ADTS §3.1.1.3.4.4: matching rules of Active Directory; OpenLDAP has the two bit rules as well."""

Test = Callable[[Entry], bool | None]


def extensible_test(request: Decoded, tree: Tree) -> Test:
    """Turn a decoded extensible filter into a test of one entry; a rule that is not known is Undefined."""
    kind = canonical(request.type.value.decode()) if request.type is not None else None
    rule = request.matchingRule.value.decode() if request.matchingRule is not None else None
    value: bytes = request.matchValue.value
    if kind is not None and not tree.knows(kind):
        return _undefined
    match rule:
        case "1.2.840.113556.1.4.803" | "1.2.840.113556.1.4.804" if kind is not None:
            return _bits(rule, kind, value, tree)
        case "1.2.840.113556.1.4.1941" if kind is not None and tree.make is Make.ACTIVE_DIRECTORY:
            return _in_chain(kind, value, tree)
    syntax = syntax_of(kind) if rule is None and kind is not None else syntax_of_rule(rule or "")
    wanted = None if syntax is None else comparable_as(value, syntax)
    if syntax is None or wanted is None:
        return _undefined
    in_name = request.dnAttributes is not None and bool(request.dnAttributes.value)
    return lambda entry: (
        wanted in _asserted(entry, kind, syntax, tree) or (in_name and wanted in _named(entry, kind, syntax))
    )


def _undefined(_: Entry) -> bool | None:
    return None


def _asserted(entry: Entry, kind: str | None, syntax: Syntax, tree: Tree) -> set[Comparable]:
    if kind is not None:
        return set(comparables(tree.values(entry, kind), syntax))
    return {form for name in entry.attributes for form in comparables(entry.values(canonical(name)), syntax)}


def _named(entry: Entry, kind: str | None, syntax: Syntax) -> set[Comparable]:
    parts = [value for rdn in parse(entry.dn) for name, value in rdn if kind in (None, canonical(name))]
    return set(comparables((value.encode() for value in parts), syntax))


def _bits(rule: str, kind: str, value: bytes, tree: Tree) -> Test:
    mask = comparable_as(value, Syntax.INTEGER)
    if not isinstance(mask, int):
        return _undefined

    def test(entry: Entry) -> bool | None:
        numbers = [each for each in comparables(tree.values(entry, kind), Syntax.INTEGER) if isinstance(each, int)]
        return any(each & mask == mask if rule == BIT_AND else bool(each & mask) for each in numbers)

    return test


def _in_chain(kind: str, value: bytes, tree: Tree) -> Test:
    target = comparable_as(value, Syntax.DN)
    if target is None or syntax_of(kind) is not Syntax.DN:
        return _undefined
    # Breadth first from the value asked for; groups may contain each other in circles.
    reached: set[str] = set()
    waiting: list[Comparable] = [target]
    while waiting:
        for entry in tree.having(kind, waiting.pop()):
            if entry.key not in reached:
                reached.add(entry.key)
                waiting.append(entry.key)
    return lambda entry: entry.key in reached
