"""What an OpenLDAP publishes about itself: the controls it knows, its databases, and how current they are."""

from dataclasses import dataclass

from ldap2scim.directory import dn
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.reader import ServerState
from ldap2scim.directory.session import Session
from ldap2scim.directory.settings import DirectorySettings
from ldap2scim.errors import ReadIncomplete


@dataclass(frozen=True, slots=True)
class RootDse:
    """Of the root DSE (RFC 4512 §5.1), what reading changes needs."""

    controls: frozenset[str]
    """`supportedControl`: of any database of the server, not of each."""
    naming_context: str | None
    """The suffix of the database that holds the base DN; None where the server shows none."""


def root_dse(session: Session, base_dn: str) -> RootDse:
    """Return what the server says of itself; nothing where it does not.

    Raises:
        DirectoryUnavailable: the connection was lost or the server is busy.
    """
    entry = _look_up(session, "", ("supportedControl", "namingContexts"))
    if entry is None:
        return RootDse(frozenset(), None)
    controls = frozenset(value.decode("ascii", "replace") for value in entry.attributes.get("supportedcontrol", ()))
    contexts = [value.decode("utf-8", "replace") for value in entry.attributes.get("namingcontexts", ())]
    holding = [context for context in contexts if dn.is_below(base_dn, context)]
    return RootDse(controls, max(holding, key=len, default=None))


def context_csns(session: Session, naming_context: str) -> tuple[str, ...]:
    """Return contextCSN of a database, one value for each server that writes, sorted by text.

    It is the greatest change stamp below which no write is pending, so that a later change has a greater one. None
    are returned where there are none, or the bind DN may not read them.

    Raises:
        DirectoryUnavailable: the connection was lost or the server is busy.
    """
    entry = _look_up(session, naming_context, ("contextCSN",))
    values = entry.attributes.get("contextcsn", ()) if entry is not None else ()
    return tuple(sorted(value.decode("ascii", "replace") for value in values))


def server_state(session: Session, settings: DirectorySettings) -> ServerState:
    """Return who answers, and up to which change it knows what each server wrote.

    An OpenLDAP publishes no identity of its own without special rights (replicas share all identifiers of their
    entries), so it is known by its address.

    Raises:
        DirectoryUnavailable: the connection was lost or the server is busy.
    """
    context = root_dse(session, settings.base_dn).naming_context
    csns = () if context is None else context_csns(session, context)
    # A CSN is time#count#server id#modification.
    by_server = sorted((parts[2], csn) for csn in csns if len(parts := csn.split("#")) == 4)
    return ServerState(session.server, tuple(by_server))


def _look_up(session: Session, name: str, attributes: tuple[str, ...]) -> LdapEntry | None:
    try:
        return session.lookup(name, attributes)
    except ReadIncomplete:
        return None  # no right to see it
