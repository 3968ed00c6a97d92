"""Which domain controller of Active Directory answers, and what it knows ([MS-ADTS] §3.1.1.1.9, §3.1.1.3.2)."""

from dataclasses import dataclass

from ldap2scim.directory import dn, replication_data
from ldap2scim.directory.changes import Position
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.questions import Asked, entry_if_shown
from ldap2scim.directory.reader import ServerState
from ldap2scim.directory.settings import DirectorySettings
from ldap2scim.directory.syntaxes import ValueSyntaxError, guid_text
from ldap2scim.errors import ChangesRefused

DAMAGED = "the place where the last run stopped is damaged in the state"
_ROOT_DSE = ("dsServiceName", "namingContexts", "highestCommittedUSN")


@dataclass(frozen=True, slots=True)
class DomainController:
    """A domain controller at one moment."""

    server: str
    """`host:port`."""
    identity: str
    """invocationId of its database, which a restore renews; where it may not be read the DN of its settings."""
    naming_context: str
    """DN of the partition that holds the base DN."""
    usn: int
    """highestCommittedUSN: every change up to it can be read."""

    @property
    def stamp(self) -> bytes:
        """Return identity and USN as positions begin with them."""
        return f"{self.usn} {self.identity}\n".encode()


def find(session: Asked, settings: DirectorySettings) -> DomainController | None:
    """Return the controller that answers; None where the server does not say so much about itself.

    Raises:
        DirectoryUnavailable: the connection was lost or the server is busy.
        ReadIncomplete: what arrived is not LDAP.
    """
    root = entry_if_shown(session, "", _ROOT_DSE, "the look-up of the root DSE")
    if root is None:
        return None
    usn, service = _text(root, "highestcommittedusn"), _text(root, "dsservicename")
    context = naming_context(root, settings.base_dn)
    if service is None or context is None or usn is None or not usn.isdecimal():
        return None
    identity = _invocation_id(session, service) or service
    return DomainController(session.server, identity, context, int(usn))


def server_state(session: Asked, settings: DirectorySettings) -> ServerState:
    """Return which controller answers and up to which USN it knows the changes made at each controller.

    Of the others only what the naming context shows of `replUpToDateVector`; one controller alone has none.

    Raises:
        DirectoryUnavailable: the connection was lost or the server is busy.
        ReadIncomplete: what arrived is not LDAP.
    """
    controller = find(session, settings)
    if controller is None:
        return ServerState(session.server)
    context = controller.naming_context
    head = entry_if_shown(session, context, ("replUpToDateVector",), f"the look-up of {context}")
    known = dict(_others(head)) | {controller.identity: controller.usn}
    return ServerState(controller.identity, tuple(sorted((origin, f"{usn:020}") for origin, usn in known.items())))


def naming_context(root: LdapEntry, base_dn: str) -> str | None:
    """Return the naming context in a root DSE that holds `base_dn`, the nearest one; None where none does.

    Raises:
        DnError: `base_dn` is no DN.
    """
    base = dn.normalise(base_dn)
    contexts = [value.decode("utf-8", "replace") for value in root.attributes.get("namingcontexts", ())]
    holding = [context for context in contexts if f",{base}".endswith(f",{dn.normalise(context)}")]
    return max(holding, key=len, default=None)


def go_on(session: Asked, settings: DirectorySettings, position: Position) -> tuple[DomainController, int, bytes]:
    """Return the controller, the USN of a position, and what stands in it behind the stamp.

    Raises:
        ChangesRefused: the position is damaged or of another controller, or this one was set back.
        DirectoryUnavailable: the connection was lost or the server is busy.
        ReadIncomplete: what arrived is not LDAP.
    """
    controller = find(session, settings)
    if controller is None:
        raise refused(session, "it does not say which domain controller it is")
    stamp, _, rest = position.cookie.partition(b"\n")
    digits, _, identity = stamp.decode("utf-8", "replace").partition(" ")
    if not digits.isdecimal() or not identity:
        raise refused(session, DAMAGED)
    if identity != controller.identity:
        raise refused(session, f"it is another domain controller than the one of then ({identity}), or was restored")
    if controller.usn < int(digits):
        raise refused(
            session, f"it was set back: its highest update sequence number was {digits}, now {controller.usn}"
        )
    return controller, int(digits), rest


def stands_still(position: Position, state: ServerState) -> bool:
    """Say whether a controller had written nothing at all between a position and a state: nobody need be asked."""
    usn, _, identity = position.cookie.partition(b"\n")[0].decode("utf-8", "replace").partition(" ")
    known = dict(state.knows).get(state.identity, "")
    return identity == state.identity and usn.isdecimal() and known.isdecimal() and int(known) == int(usn)


def refused(session: Asked, why: str) -> ChangesRefused:
    """Return the error for changes that cannot be had; `why` is a clause."""
    return ChangesRefused(
        f"{session.server} does not tell what changed since the last run: {why}.", "Everything is read instead."
    )


def _invocation_id(session: Asked, service: str) -> str | None:
    found = entry_if_shown(session, service, ("invocationId",), f"the look-up of {service}")
    values = found.attributes.get("invocationid", ()) if found is not None else ()
    try:
        return guid_text(values[0]) if values else None
    except ValueSyntaxError:
        return None


def _others(head: LdapEntry | None) -> tuple[tuple[str, int], ...]:
    values = head.attributes.get("repluptodatevector", ()) if head is not None else ()
    try:
        return replication_data.up_to_dateness(values[0]) if values else ()
    except ValueSyntaxError:
        return ()  # of a later version: it says nothing that we could read


def _text(entry: LdapEntry, attribute: str) -> str | None:
    values = entry.attributes.get(attribute, ())
    return values[0].decode("utf-8", "replace") if values else None
