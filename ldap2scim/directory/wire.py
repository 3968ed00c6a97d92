"""A connected socket as a `Wire`: time-outs, keep-alive, receive sizes."""

import socket
import ssl
from collections.abc import Callable

_CHUNK = 64 * 1024
_TLS_CHUNK = 16 * 1024
"""One TLS record; a larger buffer is allocated for each of them and stays empty."""
_KEEP_ALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPALIVE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))
"""Seconds, seconds (the name on macOS), seconds, times: a server that vanished is noticed within two minutes, and
firewalls that forget idle connections are kept awake. A system has some of them; its defaults are hours."""


class SocketWire:
    """The socket of a connection that is open and bound."""

    def __init__(self, connected: socket.socket, answer_timeout: float, close: Callable[[], None]) -> None:
        self._socket = connected
        self._close = close
        self._chunk = _TLS_CHUNK if isinstance(connected, ssl.SSLSocket) else _CHUNK
        connected.settimeout(answer_timeout)
        keep_alive(connected)

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        self._socket.sendall(data)

    def receive(self) -> bytes:
        """Wait for octets and return some; none at all when the other side has closed."""
        try:
            return self._socket.recv(self._chunk)
        except TimeoutError as error:
            if error.errno is None:
                raise
            # ETIMEDOUT comes from keep-alive: not slow but gone, and a longer time-out would not help.
            raise ConnectionAbortedError("there is no sign of life from it") from error

    def close(self) -> None:
        """Unbind and close."""
        self._close()


def keep_alive(connected: socket.socket) -> None:
    """Let the system ask an idle connection for a sign of life."""
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEP_ALIVE:
        option = getattr(socket, name, None)
        if option is not None:
            connected.setsockopt(socket.IPPROTO_TCP, option, value)
