"""A server that is no directory: it answers binds and StartTLS with given result codes. It shows what we send."""

import socket
import socketserver
import threading

from ldap2scim.directory.ber import OCTETS, SEQUENCE, DecodeError, inner, integer, tlv
from ldap2scim.directory.framing import Framer

BIND, UNBIND, EXTENDED = 0x60, 0x42, 0x77


class LittleServer(socketserver.ThreadingTCPServer):
    """A server that answers binds and StartTLS with given result codes, and remembers what it was sent."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self, bind_code: int = 0, start_tls_code: int = 2, diagnostic: str = "", host: str = "127.0.0.1"
    ) -> None:
        self.codes = {BIND: bind_code, EXTENDED: start_tls_code}
        self.diagnostic = diagnostic
        self.received: list[int] = []
        self.octets = b""
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, 0), _Handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def address(self) -> str:
        """Return `host:port`."""
        host, port = self.server_address[:2]
        return f"[{host!s}]:{port}" if self.address_family is socket.AF_INET6 else f"{host!s}:{port}"

    def result(self, kind: int, request: bytes) -> tuple[int, bytes, str]:
        """Return result code, matchedDN and diagnostic message for a request (its contents, behind the kind)."""
        del request  # for servers that look at it
        return self.codes[kind], b"", self.diagnostic


class _Handler(socketserver.BaseRequestHandler):
    server: LittleServer

    def handle(self) -> None:
        framer = Framer()
        while chunk := self.request.recv(4096):
            self.server.octets += chunk
            try:
                messages = framer.feed(chunk)
            except DecodeError:
                return  # a TLS handshake, which this server does not know
            for message in messages:
                start, end = inner(message, 0, 0x02, len(message))
                self.server.received.append(message[end])
                if message[end] != UNBIND:
                    self.request.sendall(self._answer(message[start:end], message[end], message[end:]))

    def _answer(self, message_id: bytes, kind: int, request: bytes) -> bytes:
        code, matched, diagnostic = self.server.result(kind, request)
        result = (tlv(0x0A, bytes([code])), tlv(OCTETS, matched), tlv(OCTETS, diagnostic.encode()))
        return tlv(SEQUENCE, integer(int.from_bytes(message_id, "big")), tlv(kind + 1, *result))
