"""One search while it is answered, page by page: what matches, in which order, and where it must stop."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from ldaptor.protocols import pureldap

from ldap2scim.sandbox.directory.accounts import Bound, Role
from ldap2scim.sandbox.directory.entry import Entry
from ldap2scim.sandbox.directory.faults import Faults
from ldap2scim.sandbox.directory.matching import candidates, compile_filter
from ldap2scim.sandbox.directory.names import is_within, parent_of
from ldap2scim.sandbox.directory.options import DirectoryOptions, Make
from ldap2scim.sandbox.directory.results import Refused, Result
from ldap2scim.sandbox.directory.selection import Selection
from ldap2scim.sandbox.directory.tree import Tree
from ldap2scim.sandbox.directory.wire import Decoded


@dataclass(slots=True)
class RunningSearch:
    """A search between its request and its end; a cookie stands for one of these."""

    hits: Iterator[Entry]
    selection: Selection
    limit: int | None
    """Most entries, pages together."""
    sent: int = 0
    missed: set[UUID] = field(default_factory=set)
    """Entries that this search passes by: those that move behind its back, where a server walks by name."""
    _ahead: list[Entry] = field(default_factory=list)

    def next(self) -> Entry | None:
        """Return the next hit; None at the end.

        Raises:
            Refused: sizeLimitExceeded, when there would be one more.
        """
        entry = self._ahead.pop() if self._ahead else next(self.hits, None)
        while entry is not None and entry.uuid in self.missed:
            entry = next(self.hits, None)
        if entry is not None and self.limit is not None and self.sent >= self.limit:
            raise Refused(Result.SIZE_LIMIT_EXCEEDED, f"the limit is {self.limit} entries")
        return entry

    def has_more(self) -> bool:
        """Say whether a hit is left."""
        if not self._ahead and (entry := next(self.hits, None)) is not None:
            self._ahead.append(entry)
        return bool(self._ahead)


def begin(request: Decoded, bound: Bound, tree: Tree, options: DirectoryOptions, faults: Faults) -> RunningSearch:
    """Start a search.

    Raises:
        Refused: noSuchObject for a base that is not there, or that the reader may not see.
    """
    above_rights = bound.role is Role.ADMINISTRATOR
    if above_rights:
        faults = Faults(interruption=faults.interruption)
    base = _base(request.baseObject.decode(), tree)
    if faults.hides(base.key):
        raise Refused(Result.NO_SUCH_OBJECT, f"no entry {base.dn}", tree.nearest(parent_of(base.key)))
    selection = Selection.of((name.decode() for name in request.attributes), options.max_values, faults.withheld)
    limits = [limit for limit in (request.sizeLimit, None if above_rights else options.size_limit) if limit]
    return RunningSearch(_hits(request, base, tree, faults), selection, min(limits, default=None))


def is_referral(entry: Entry) -> bool:
    """Say whether an entry stands for a part of the tree that another server keeps (RFC 3296 §2.1)."""
    return "referral" in entry.comparable("objectclass")


def _base(dn: str, tree: Tree) -> Entry:
    if tree.make is Make.ACTIVE_DIRECTORY and dn.upper().startswith("<GUID="):
        # MS-ADTS §3.1.1.3.1.2.4: an entry may be named by its GUID.
        text = dn[6:-1]
        found = tree.having("objectguid", UUID(text).bytes_le if "-" in text else bytes.fromhex(text))
        if not found:
            raise Refused(Result.NO_SUCH_OBJECT, f"no entry {dn}")
        return found[0]
    return tree.require(dn)


def _hits(request: Decoded, base: Entry, tree: Tree, faults: Faults) -> Iterator[Entry]:
    matches = compile_filter(request.filter, tree)
    few = candidates(request.filter, tree)
    if few is not None:
        few = (*few, *tree.having("objectclass", "referral"))
    for entry in _in_scope(request.scope, base, tree) if few is None else few:
        # Between two pages an entry may have gone or moved.
        if tree.find(entry.key) is not entry or faults.hides(entry.key):
            continue
        if few is not None and not _is_in_scope(request.scope, entry.key, base.key):
            continue
        if matches(entry) or (is_referral(entry) and request.scope != pureldap.LDAP_SCOPE_baseObject):
            yield entry


def _in_scope(scope: int, base: Entry, tree: Tree) -> Iterator[Entry]:
    match scope:
        case pureldap.LDAP_SCOPE_baseObject:
            return iter((base,))
        case pureldap.LDAP_SCOPE_singleLevel:
            return tree.children(base.key)
        case _:
            return tree.subtree(base.key)


def _is_in_scope(scope: int, key: str, base: str) -> bool:
    match scope:
        case pureldap.LDAP_SCOPE_baseObject:
            return key == base
        case pureldap.LDAP_SCOPE_singleLevel:
            return parent_of(key) == base
        case _:
            return is_within(key, base)
