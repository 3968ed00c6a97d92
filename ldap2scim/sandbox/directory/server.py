"""A listening port and its connections. Everything here runs in the reactor's thread."""

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ServerFactory

from ldap2scim.sandbox.directory.protocol import Connection
from ldap2scim.sandbox.directory.state import State


class _Factory(ServerFactory):  # type: ignore[misc]  # Twisted is taken as it comes
    noisy = False

    def __init__(self, state: State) -> None:
        self.state = state
        self.open: set[Connection] = set()

    def buildProtocol(self, addr: object) -> Connection:  # noqa: ARG002, N802 — Twisted's signature
        """Make the protocol of a new connection."""
        connection = Connection(self.state)
        connection.factory = self
        self.open.add(connection)
        connection.closed = self.open.discard
        return connection


class Server:
    """Listens from its construction until `stop`."""

    def __init__(self, state: State, host: str, port: int) -> None:
        self._factory = _Factory(state)
        self._listening = reactor.listenTCP(port, self._factory, interface=host)
        self.port: int = self._listening.getHost().port

    def stop(self) -> Deferred:
        """Stop listening and drop all connections; the Deferred ends when the port is free."""
        for connection in tuple(self._factory.open):
            connection.transport.abortConnection()
        return self._listening.stopListening()
