"""Substring filters (RFC 4511 §4.5.1.7.2). Pure."""

from collections.abc import Callable
from typing import Any

from ldaptor.protocols import pureldap

from ldap2scim.sandbox.directory.entry import Entry
from ldap2scim.sandbox.directory.syntaxes import Syntax, canonical, fold, syntax_of
from ldap2scim.sandbox.directory.tree import Tree
from ldap2scim.sandbox.directory.wire import Decoded


def substrings_test(request: Decoded, tree: Tree) -> Callable[[Entry], bool | None]:
    """Turn a decoded substring filter into a test of one entry."""
    kind = canonical(request.type.decode())
    syntax = syntax_of(kind)
    if syntax in {Syntax.DN, Syntax.TIME, Syntax.INTEGER}:
        # Their syntaxes have no substring rule (RFC 4517 §4.2): the assertion is Undefined.
        return lambda _: None
    parts = [(type(part), _form(part.value, syntax)) for part in request.substrings]

    def test(entry: Entry) -> bool | None:
        return any(_matches(_form(value, syntax), parts) for value in tree.values(entry, kind))

    return test


def _form(value: bytes, syntax: Syntax) -> str:
    if syntax is Syntax.OCTETS:
        return value.decode("latin-1")
    text = value.decode("utf-8", "replace")
    if syntax is Syntax.EXACT_TEXT:
        return text
    # A blank at the edge of a part counts (RFC 4518 §2.6.1), while `fold` would drop it.
    return f"{' ' * text[:1].isspace()}{fold(text)}{' ' * text[-1:].isspace()}" if text.strip() else " "


def _matches(value: str, parts: list[tuple[Any, str]]) -> bool:
    position, end = 0, len(value)
    for kind, part in parts:
        if kind is pureldap.LDAPFilter_substrings_initial:
            if not value.startswith(part):
                return False
            position = len(part)
        elif kind is pureldap.LDAPFilter_substrings_final:
            if not value.endswith(part) or end - len(part) < position:
                return False
        else:
            found = value.find(part, position)
            if found < 0:
                return False
            position = found + len(part)
    return True
