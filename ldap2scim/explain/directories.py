"""What the directories say of somebody now. Asked read-only, by searches whose filters are built and never written."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ldap2scim.directory import client, dn, filters, openldap_state, questions, searches
from ldap2scim.directory.anchors import GUID_ATTRIBUTES, UUID_ATTRIBUTES, entry_uuid
from ldap2scim.directory.encoder import Scope, SearchRequest
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.filters import Filter
from ldap2scim.directory.reader import Search
from ldap2scim.directory.session import Session
from ldap2scim.errors import DirectoryError, ReadIncomplete
from ldap2scim.explain.clauses import Clause, evaluate
from ldap2scim.explain.subjects import MOST, normalised
from ldap2scim.model import ResourceType
from ldap2scim.settings import ConfiguredDirectory

_USUAL = ("uid", "mail", "cn", "sAMAccountName", "userPrincipalName", "proxyAddresses")
"""Attributes by which people are called, besides those that are mapped. A server that does not know one finds
nobody by it (RFC 4511 §4.5.1.7: undefined)."""
_CALLED = ("user_name", "external_id", "display_name", "email")


@dataclass(frozen=True, slots=True)
class Seen:
    """An entry as a directory shows it now."""

    directory: str
    server: str
    entry: LdapEntry
    uuid: str | None
    resource_type: ResourceType
    below_base: bool
    clauses: Clause
    """Of the filter that a run searches with."""
    has_class: bool
    """Whether it is of the class of people or of groups at all."""


@contextmanager
def asking(directory: ConfiguredDirectory) -> Iterator["Asking"]:
    """Connect to a directory for some questions.

    Raises:
        DirectoryError: it cannot be reached, or refuses the bind.
    """
    session = client.connect(directory.settings)
    try:
        yield Asking(directory, session)
    finally:
        session.close()


class Asking:
    """Questions to one directory."""

    def __init__(self, directory: ConfiguredDirectory, session: Session) -> None:
        self._directory = directory
        self._settings = directory.settings
        self._session = session
        mapped = directory.mappings.user.ldap_attributes | directory.mappings.group.ldap_attributes
        own = UUID_ATTRIBUTES.get(self._settings.kind, self._settings.source_anchor)
        self._attributes = ("objectClass", self._settings.source_anchor, own, *sorted(mapped))

    def called(self, who: str) -> tuple[Seen, ...]:
        """Look for somebody below the base DN, then in the whole naming context, whatever the filter says.

        Raises:
            DirectoryError: the directory would not say.
        """
        if (name := normalised(who)) is not None:
            found = self.named(name)
            return () if found is None else (found,)
        wanted = self._wanted(who)
        found_below = self._search(self._settings.base_dn, wanted)
        if found_below:
            return found_below
        context = openldap_state.root_dse(self._session, self._settings.base_dn).naming_context
        if context is None or normalised(context) == normalised(self._settings.base_dn):
            return ()
        return self._search(context, wanted)

    def named(self, name: str) -> Seen | None:
        """Look at one entry by DN; None where it is not there, or may not be seen.

        Raises:
            DirectoryError: the directory would not say.
        """
        entry = questions.entry_if_shown(self._session, name, self._attributes, f"the look-up of {name}")
        return None if entry is None else self._seen(entry)

    def identified(self, identity: str) -> Seen | None:
        """Look for one entry by objectGUID or entryUUID, wherever it has been moved to below the base DN.

        Raises:
            DirectoryError: the directory would not say.
        """
        attribute = UUID_ATTRIBUTES.get(self._settings.kind)
        wanted = _identity(attribute, identity) if attribute is not None else None
        if wanted is None:
            return None
        found = self._search(self._settings.base_dn, wanted)
        return found[0] if found else None

    def _search(self, base: str, wanted: Filter) -> tuple[Seen, ...]:
        found: list[LdapEntry] = []
        request = SearchRequest(base, Scope.SUBTREE, wanted, self._attributes)
        questions.ask(self._session, request, f"the search for one entry below {base}", found.append)
        return tuple(self._seen(entry) for entry in found[:MOST])

    def _seen(self, entry: LdapEntry) -> Seen:
        settings = self._settings
        classes = {value.decode("utf-8", "replace").lower() for value in entry.attributes.get("objectclass", ())}
        is_group = settings.group_object_class.lower() in classes
        kind = ResourceType.GROUP if is_group else ResourceType.USER
        wanted = searches.group_filter(settings) if is_group else searches.user_filter(settings)
        return Seen(
            directory=settings.name,
            server=self._session.server,
            entry=entry,
            uuid=entry_uuid(entry, settings),
            resource_type=kind,
            below_base=dn.is_below(entry.dn, settings.base_dn),
            clauses=evaluate(wanted, lambda one: self._holds(entry.dn, kind, one)),
            has_class=is_group or settings.user_object_class.lower() in classes,
        )

    def _holds(self, name: str, kind: ResourceType, wanted: Filter) -> bool:
        # 1.1 asks for no attribute (RFC 4511 §4.5.1.8).
        search = Search(kind, name, filters.render(wanted), ("1.1",))
        try:
            return self._session.reread(name, search) is not None
        except ReadIncomplete:
            return False

    def _wanted(self, who: str) -> Filter:
        mappings = self._directory.mappings
        rules = [one.single[path] for one in (mappings.user, mappings.group) for path in _CALLED if path in one.single]
        for items in mappings.user.multi.get("emails", ()):
            rules += [rule for name, rule in items.sub_attributes.items() if name == "value"]
        sources = [source for rule in rules for source in rule.sources]
        names = {name.lower(): name for name in (*sources, *_USUAL, self._settings.source_anchor)}
        own = UUID_ATTRIBUTES.get(self._settings.kind)
        if own is not None:
            names.setdefault(own.lower(), own)
        asked = (_identity(name, who) for name in names.values())
        return filters.Or(tuple(one for one in asked if one is not None))


def _identity(attribute: str, text: str) -> Filter | None:
    """Build the filter for one value; a GUID in text is compared as the octets that it stands for. None: it is none."""
    if attribute.lower() not in GUID_ATTRIBUTES:
        return filters.equals(attribute, text)
    try:
        return filters.equals(attribute, uuid.UUID(text).bytes_le)
    except ValueError:
        return None


def why_unasked(directory: str, error: DirectoryError) -> str:
    """Say that a directory could not be asked."""
    return f"Directory {directory} could not be asked, so that this is what the state has: {error.message}"
