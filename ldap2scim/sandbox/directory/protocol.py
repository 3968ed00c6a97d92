"""One connection of a client: requests in, answers out. Runs in the reactor's thread.

ldaptor frames and decodes; its handlers are replaced, since they know no controls in answers and encode slowly.
"""

import logging
from collections.abc import Callable

from ldaptor.protocols import pureber, pureldap
from ldaptor.protocols.ldap.ldapserver import BaseLDAPServer

from ldap2scim.sandbox.directory.accounts import Bound, Role, anonymous, bind
from ldap2scim.sandbox.directory.answering import SearchAnswers
from ldap2scim.sandbox.directory.changing import Change, Modification, OldRdn, add, delete, modify, rename
from ldap2scim.sandbox.directory.matching import compile_filter
from ldap2scim.sandbox.directory.results import Refused, Result
from ldap2scim.sandbox.directory.root_dse import WHO_AM_I
from ldap2scim.sandbox.directory.state import State
from ldap2scim.sandbox.directory.wire import MANAGE_DSA_IT, PAGED_RESULTS, Decoded, message_size

_LOG = logging.getLogger(__name__)

_RESPONSES = {
    pureldap.LDAPBindRequest: pureldap.LDAPBindResponse,
    pureldap.LDAPSearchRequest: pureldap.LDAPSearchResultDone,
    pureldap.LDAPCompareRequest: pureldap.LDAPCompareResponse,
    pureldap.LDAPAddRequest: pureldap.LDAPAddResponse,
    pureldap.LDAPModifyRequest: pureldap.LDAPModifyResponse,
    pureldap.LDAPDelRequest: pureldap.LDAPDelResponse,
    pureldap.LDAPModifyDNRequest: pureldap.LDAPModifyDNResponse,
}
_KNOWN_CONTROLS = {PAGED_RESULTS, MANAGE_DSA_IT}


class Connection(BaseLDAPServer):  # type: ignore[misc]  # ldaptor has no types
    """A client's connection; ldaptor calls `handle` with each decoded message."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self.buffer: bytes = b""
        self.state = state
        self.bound = anonymous(state.options.anonymous)
        self.searches = SearchAnswers(state)
        self.closed: Callable[[Connection], None] = lambda _: None
        """Called when the connection has ended."""

    def connectionLost(self, reason: object = None) -> None:  # noqa: N802 — Twisted's name
        """Note the end of the connection."""
        super().connectionLost(reason)
        self.closed(self)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 — Twisted's name
        """Take bytes; a message that cannot be decoded ends the connection (RFC 4511 §4.1.1)."""
        self.buffer += data
        try:
            # ldaptor's own loop waits for ever for the rest of a broken message that is complete.
            while (size := message_size(self.buffer)) is not None and size <= len(self.buffer):
                whole, self.buffer = self.buffer[:size], self.buffer[size:]
                message, _ = pureber.berDecodeObject(self.berdecoder, whole)
                self.handle(message)
        except Exception:  # noqa: BLE001 — ldaptor asserts; whatever it is, the client hears that it is over
            _LOG.exception("a message that cannot be answered")
            self.transport.loseConnection()

    def handle(self, message: Decoded) -> None:
        """Answer one message."""
        request = message.value
        if isinstance(request, pureldap.LDAPUnbindRequest):
            self.transport.loseConnection()
        elif not isinstance(request, pureldap.LDAPAbandonRequest):
            self._answer(message, request)

    def _answer(self, message: Decoded, request: Decoded) -> None:
        response = _RESPONSES.get(type(request))
        try:
            _check_critical(message.controls)
            if response is None:
                self._extended(message, request)
            elif isinstance(request, pureldap.LDAPSearchRequest):
                self.searches.answer(message, self.bound, self.transport)
            else:
                self._send(message, response(resultCode=self._carry_out(request)))
        except Refused as refused:
            kind = response or pureldap.LDAPExtendedResponse
            self._send(message, kind(refused.code, matchedDN=refused.matched_dn, errorMessage=refused.message))

    def _carry_out(self, request: Decoded) -> int:
        tree = self.state.tree
        match request:
            case pureldap.LDAPBindRequest():
                self.bound = self._bind(request)
            case pureldap.LDAPCompareRequest():
                return self._compare(request)
            case pureldap.LDAPAddRequest():
                self._require(Role.ADMINISTRATOR)
                add(tree, request.entry.decode(), _attributes(request))
            case pureldap.LDAPModifyRequest():
                self._require(Role.ADMINISTRATOR)
                modify(tree, request.object.decode(), _modifications(request))
            case pureldap.LDAPDelRequest():
                self._require(Role.ADMINISTRATOR)
                delete(tree, request.value.decode())
            case pureldap.LDAPModifyDNRequest():
                self._require(Role.ADMINISTRATOR)
                parent = None if request.newSuperior is None else request.newSuperior.decode()
                old_rdn = OldRdn.DELETED if request.deleteoldrdn else OldRdn.KEPT
                rename(tree, request.entry.decode(), request.newrdn.decode(), old_rdn, parent)
        return Result.SUCCESS

    def _bind(self, request: Decoded) -> Bound:
        # Whatever comes of it, the connection is anonymous first (RFC 4511 §4.2.1).
        self.bound = anonymous(self.state.options.anonymous)
        if request.sasl:
            raise Refused(Result.AUTH_METHOD_NOT_SUPPORTED, "only simple binds")
        return bind(request.dn.decode(), request.auth or b"", self.state.tree, self.state.options.anonymous)

    def _compare(self, request: Decoded) -> int:
        self._require(Role.READER)
        ava = request.ava
        test = compile_filter(pureldap.LDAPFilter_equalityMatch(ava.attributeDesc, ava.assertionValue), self.state.tree)
        return Result.COMPARE_TRUE if test(self.state.tree.require(request.entry.decode())) else Result.COMPARE_FALSE

    def _extended(self, message: Decoded, request: Decoded) -> None:
        name = getattr(request, "requestName", b"")
        if name != WHO_AM_I.encode():
            raise Refused(Result.PROTOCOL_ERROR, f"unsupported extended operation {name.decode()}")
        who = f"dn:{self.bound.dn}" if self.bound.dn else ""
        self._send(message, pureldap.LDAPExtendedResponse(Result.SUCCESS, response=who.encode()))

    def _require(self, role: Role) -> None:
        if self.bound.role is not role and self.bound.role is not Role.ADMINISTRATOR:
            raise Refused(Result.INSUFFICIENT_ACCESS_RIGHTS, "not allowed for this name")

    def _send(self, message: Decoded, response: Decoded) -> None:
        self.transport.write(pureldap.LDAPMessage(response, id=message.id).toWire())


def _check_critical(controls: list[tuple[bytes, int | None, bytes | None]] | None) -> None:
    for oid, critical, _ in controls or ():
        if critical and oid.decode() not in _KNOWN_CONTROLS:
            raise Refused(Result.UNAVAILABLE_CRITICAL_EXTENSION, f"control {oid.decode()} is not supported")


def _attributes(request: Decoded) -> dict[str, list[bytes]]:
    return {name.value.decode(): [value.value for value in values] for name, values in request.attributes}


def _modifications(request: Decoded) -> list[Modification]:
    return [
        Modification(Change(change.value), attribute[0].value.decode(), tuple(value.value for value in attribute[1]))
        for change, attribute in request.modification
    ]
