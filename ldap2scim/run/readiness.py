"""Readiness: is everything reachable, allowed and valid? Looks, and changes nothing but an empty state file."""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from ldap2scim.directory import active_directory, client
from ldap2scim.directory.anchors import source_anchor
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.reader import Search
from ldap2scim.directory.schema import nearest, without_options
from ldap2scim.directory.searches import searches
from ldap2scim.directory.session import Session as LdapSession
from ldap2scim.directory.settings import DirectoryKind
from ldap2scim.errors import Ldap2ScimError
from ldap2scim.findings import Held, Severity
from ldap2scim.mapping.mapper import Mapped
from ldap2scim.model import ResourceType
from ldap2scim.run.access import token_facts
from ldap2scim.run.context import open_state
from ldap2scim.run.mapping import mapper_of
from ldap2scim.run.network import beyond_the_proxy, try_way, ways
from ldap2scim.run.ours import collisions
from ldap2scim.run.schema_notes import named_attributes
from ldap2scim.run.session import Session
from ldap2scim.scim import requests
from ldap2scim.scim.layout import member_of
from ldap2scim.scim.profiles import by_name
from ldap2scim.scim.token import token_findings
from ldap2scim.settings import ConfiguredDirectory, Settings
from validations.settings import check_settings


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the preparation list."""

    what: str
    ready: bool
    detail: str
    """What was found, or what is wrong and what to do."""


def readiness(settings: Settings) -> Iterator[Item]:
    """Yield the preparation list as it is gone through; a failure never stops the rest."""
    for collision in collisions():
        yield Item("packages", False, collision)
    yield Item("settings", True, f"{settings.file} is valid")
    for finding in check_settings(settings):
        yield Item("settings", finding.severity is not Severity.STOP, f"{finding.message} {finding.remedy}")
    yield _tried("state", lambda: _state(settings))
    yield from _network(settings)
    yield from _token(settings)
    for directory in settings.directories:
        yield from _directory(settings, directory)
    yield from _service(settings)


def _tried(what: str, look: Callable[[], str]) -> Item:
    try:
        return Item(what, True, look())
    except Ldap2ScimError as error:
        return Item(what, False, str(error))


def _state(settings: Settings) -> str:
    with open_state(settings) as store:
        store.require_writable()
        return f"{store.place} can be read and written"


def _network(settings: Settings) -> Iterator[Item]:
    for way in ways(settings):
        yield _tried("firewall", partial(try_way, way))
    if (beyond := beyond_the_proxy(settings)) is not None:
        yield Item("firewall", True, f"must allow {beyond} ({beyond.purpose}), from the proxy: not tried from here")
    for asked in by_name(settings.service.profile).guidance.firewall:
        yield Item("firewall", True, f"must allow {asked}, as the service says")


def _token(settings: Settings) -> Iterator[Item]:
    facts, guidance = token_facts(settings), by_name(settings.service.profile).guidance
    kinds = tuple(ResourceType) if settings.synchronises_groups else (ResourceType.USER,)
    found = token_findings(facts, guidance, kinds, datetime.now(UTC))
    for finding in found:
        yield Item("token", finding.severity is not Severity.STOP, f"{finding.message} {finding.remedy}")
    if settings.service.token is None:
        yield Item("token", True, "none is written; the service is asked without one")
    elif not found:
        end = "when it expires is not known; write `token_expires`" if facts.expires is None else _until(facts.expires)
        needed = sorted(scope for kind in kinds for scope in guidance.scopes.get(kind, ()))
        says = f"; it needs the scopes {', '.join(needed)}" if needed and facts.scopes is None else ""
        yield Item("token", True, f"{end}{says}")


def _until(expires: datetime) -> str:
    return f"valid until {expires:%Y-%m-%d %H:%M} UTC"


def _directory(settings: Settings, directory: ConfiguredDirectory) -> Iterator[Item]:
    name = f"directory {directory.settings.name}"
    reader = yield from _first_reader(directory, name)
    if reader is None:
        return
    try:
        yield _tried(f"{name}, attributes", lambda: _attributes(directory, reader))
        mappings = directory.mappings
        for search in searches(directory.settings, mappings.user.ldap_attributes, mappings.group.ldap_attributes):
            kind = f"{search.resource_type.value.lower()}s"
            yield _tried(f"{name}, {kind}", partial(_first_page, settings, directory, search))
    finally:
        reader.close()


def _first_reader(directory: ConfiguredDirectory, name: str) -> Generator[Item, None, LdapSession | None]:
    """Try every address, since one that is never used but in need is the one nobody has tried; keep the first."""
    first: LdapSession | None = None
    for address in directory.settings.addresses:
        try:
            reader = client.connect(replace(directory.settings, addresses=(address,)))
        except Ldap2ScimError as error:
            yield Item(name, False, str(error))
            continue
        yield Item(name, True, f"{reader.server} answers and accepts the bind")
        if first is None:
            first = reader
        else:
            reader.close()
    return first


def _attributes(directory: ConfiguredDirectory, reader: LdapSession) -> str:
    # A comparison with an attribute that does not exist is Undefined (RFC 4511 §4.5.1.7): it holds for nobody.
    names, known = named_attributes(directory), reader.known_attributes()
    unknown = sorted(name for name in names if known and without_options(name) not in known)
    if unknown:
        near = {name: nearest(name, known) for name in unknown}
        said = (f"{name} (nearest is {near[name]})" if near[name] else name for name in unknown)
        raise Ldap2ScimError(
            f"the schema of the server does not have: {', '.join(said)}.",
            "Correct the name in the mapping or the filter, or map the attribute from nothing.",
        )
    return f"all {len(names)} attributes that are read are in the server's schema, as far as it publishes one"


def _first_page(settings: Settings, directory: ConfiguredDirectory, search: Search) -> str:
    # A connection of its own: a search that is given up after a page ends its connection.
    with client.connect(directory.settings) as reader:
        page = next(reader.read(search), ())
    if not page:
        if search.resource_type is ResourceType.GROUP:
            return "none is found, which may be right"
        raise Ldap2ScimError("none is found.", _nobody(directory, search))
    if source_anchor(page[0], directory.settings) is None:
        raise Ldap2ScimError(
            f"{page[0].dn} has no readable {directory.settings.source_anchor}.",
            "See that the bind user may read it, or choose another `source_anchor`.",
        )
    fit = _synchronisable(settings, directory, search.resource_type, page)
    return (
        f"found, with {directory.settings.source_anchor} (first page: {len(page)}, of which {fit} can be synchronised)"
    )


def _nobody(directory: ConfiguredDirectory, search: Search) -> str:
    remedy = f"Check base DN {search.base} and filter {search.filter}."
    if directory.settings.kind is DirectoryKind.ACTIVE_DIRECTORY:
        # What may not be read is Undefined in a filter, and so is its negation.
        remedy += f" The bind user must be allowed to read {active_directory.SYSTEM} and userAccountControl of people."
    return remedy


def _synchronisable(
    settings: Settings, directory: ConfiguredDirectory, kind: ResourceType, page: Sequence[LdapEntry]
) -> int:
    """Return how many entries the mapping makes something of.

    Raises:
        Ldap2ScimError: it makes something of none: an attribute is mapped that they do not have.
    """
    mapper, now = mapper_of(settings, directory, kind), datetime.now(UTC)
    anchored = ((entry, source_anchor(entry, directory.settings)) for entry in page)
    results = [mapper.map(entry, anchor, now) for entry, anchor in anchored if anchor is not None]
    fit = sum(isinstance(result, Mapped) for result in results)
    held = [result for result in results if isinstance(result, Held)]
    if held and not fit:
        finding = held[0].findings[0]
        raise Ldap2ScimError(
            f"none of the first {len(page)} can be synchronised. {held[0].dn}: {finding.message}", finding.remedy
        )
    return fit


def _service(settings: Settings) -> Iterator[Item]:
    try:
        with open_state(settings) as store:
            session = Session(settings, store)
    except Ldap2ScimError as error:
        yield Item("service", False, str(error))
        return
    try:
        yield Item("service", True, f"{settings.service.base_url} answers; {_abilities(session)}")
        for kind in ResourceType:
            yield _tried(f"service, {kind.value.lower()}s", partial(_one, session, kind))
        for name, words in session.view.profile.unproven.items():
            yield Item("service, assumed", True, f"{words}; not documented, `service.assume.{name}` says otherwise")
    finally:
        session.close()


def _abilities(session: Session) -> str:
    known = session.view.capabilities
    named = (("PATCH", known.patch), ("filter", known.filter), ("ETag", known.etag))
    return ", ".join(name if has else f"no {name}" for name, has in named)


def _one(session: Session, kind: ResourceType) -> str:
    page = requests.list_page(kind, requests.Page(start=1, count=1), session.view.profile)
    answer = session.wait(session.connection.send(page))
    total = member_of(answer.body or {}, "totalResults")
    if total is None:
        raise Ldap2ScimError(
            "the answer is no list response (RFC 7644 §3.4.2).", "Check the base URL (it ends before `/Users`)."
        )
    return f"may be read; the service says it has {total}"
