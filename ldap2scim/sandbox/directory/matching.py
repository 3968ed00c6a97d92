"""Filters (RFC 4511 §4.5.1.7): a decoded filter becomes a function of an entry. Three-valued: None is Undefined.

ldaptor decodes the filter; its own matcher knows neither Undefined nor syntaxes nor matching rules.
"""

from collections.abc import Callable, Sequence

from ldaptor.protocols import pureldap

from ldap2scim.sandbox.directory.comparing import Comparable, comparable_as
from ldap2scim.sandbox.directory.entry import Entry
from ldap2scim.sandbox.directory.extensible import extensible_test
from ldap2scim.sandbox.directory.substrings import substrings_test
from ldap2scim.sandbox.directory.syntaxes import canonical, syntax_of
from ldap2scim.sandbox.directory.tree import Tree
from ldap2scim.sandbox.directory.wire import Decoded

Test = Callable[[Entry], bool | None]


def compile_filter(request: Decoded, tree: Tree) -> Test:
    """Turn a decoded filter into a test of one entry."""
    match request:
        case pureldap.LDAPFilter_and():
            return _all([compile_filter(each, tree) for each in request])
        case pureldap.LDAPFilter_or():
            return _any([compile_filter(each, tree) for each in request])
        case pureldap.LDAPFilter_not():
            return _not(compile_filter(request.value, tree))
        case _:
            return _compile_leaf(request, tree)


def candidates(request: Decoded, tree: Tree) -> Sequence[Entry] | None:
    """Return the few entries that alone can match, where an equality says so; None: any may."""
    match request:
        case pureldap.LDAPFilter_and():
            found = [few for each in request if (few := candidates(each, tree)) is not None]
            return min(found, key=len, default=None)
        case pureldap.LDAPFilter_equalityMatch():
            kind, value = _assertion(request)
            # objectClass is what everybody has: an index would not narrow anything.
            return None if kind == "objectclass" or value is None else tree.having(kind, value)
        case _:
            return None


def _compile_leaf(request: Decoded, tree: Tree) -> Test:
    match request:
        case pureldap.LDAPFilter_present():
            return _present(_kind(request.value), tree)
        case pureldap.LDAPFilter_substrings():
            return _if_known(_kind(request.type), tree, substrings_test(request, tree))
        case pureldap.LDAPFilter_extensibleMatch():
            return extensible_test(request, tree)
        case _:
            return _comparison(request, tree)


def _kind(description: bytes | str) -> str:
    return canonical(description.decode() if isinstance(description, bytes) else description)


def _assertion(request: Decoded) -> tuple[str, Comparable | None]:
    kind = _kind(request.attributeDesc.value)
    return kind, comparable_as(request.assertionValue.value, syntax_of(kind))


def _comparison(request: Decoded, tree: Tree) -> Test:
    kind, value = _assertion(request)
    if value is None:
        return _undefined
    match request:
        case pureldap.LDAPFilter_greaterOrEqual():
            return _if_known(kind, tree, lambda entry: any(each >= value for each in tree.comparable(entry, kind)))  # type: ignore[operator]  # one attribute, one type
        case pureldap.LDAPFilter_lessOrEqual():
            return _if_known(kind, tree, lambda entry: any(each <= value for each in tree.comparable(entry, kind)))  # type: ignore[operator]  # one attribute, one type
        case pureldap.LDAPFilter_equalityMatch() | pureldap.LDAPFilter_approxMatch():
            # RFC 4511 §4.5.1.7.6: where approximate matching is not supported, it is equality.
            return _if_known(kind, tree, lambda entry: value in tree.comparable(entry, kind))
        case _:
            return _undefined


def _present(kind: str, tree: Tree) -> Test:
    if kind == "objectclass":
        return lambda _: True
    return _if_known(kind, tree, lambda entry: bool(tree.values(entry, kind)))


def _if_known(kind: str, tree: Tree, test: Test) -> Test:
    return test if tree.knows(kind) else _undefined


def _undefined(_: Entry) -> bool | None:
    return None


def _not(test: Test) -> Test:
    def negated(entry: Entry) -> bool | None:
        result = test(entry)
        return None if result is None else not result

    return negated


def _all(tests: list[Test]) -> Test:
    def every(entry: Entry) -> bool | None:
        result: bool | None = True
        for test in tests:
            match test(entry):
                case False:
                    return False
                case None:
                    result = None
        return result

    return every


def _any(tests: list[Test]) -> Test:
    def some(entry: Entry) -> bool | None:
        result: bool | None = False
        for test in tests:
            match test(entry):
                case True:
                    return True
                case None:
                    result = None
        return result

    return some
