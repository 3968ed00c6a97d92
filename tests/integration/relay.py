"""A relay before a server that does something when enough of an answer has gone through it."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.servers.process import LOOPBACK


class Relay:
    """Passes every connection on; calls `at_limit` once, in the middle of the answer that goes beyond the limit."""

    def __init__(self, port: int, limit: int, at_limit: Callable[[], None]) -> None:
        self._target = port
        self.left = limit
        """Bytes of answers that may still go through."""
        self._at_limit: Callable[[], None] | None = at_limit
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def struck(self) -> bool:
        """Whether the limit was reached."""
        return self._at_limit is None

    def close(self) -> None:
        """End every connection."""
        # Closing alone does not wake a thread that waits on the socket.
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._open.append(client)
                server = socket.create_connection((LOOPBACK, self._target))
                self._open.append(server)
                for source, sink, counted in ((client, server, False), (server, client, True)):
                    thread = threading.Thread(target=self._pass, args=(source, sink, counted), daemon=True)
                    self._threads.append(thread)
                    thread.start()

    def _pass(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                if counted:
                    self._count(len(data))
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def _count(self, size: int) -> None:
        self.left -= size
        if self.left < 0 and self._at_limit is not None:
            strike, self._at_limit = self._at_limit, None
            strike()


@contextmanager
def relaying(port: int, limit: int, at_limit: Callable[[], None]) -> Iterator[Relay]:
    """Relay to a port of this machine; `at_limit` is called after `limit` bytes of answers."""
    relay = Relay(port, limit, at_limit)
    try:
        yield relay
    finally:
        relay.close()
