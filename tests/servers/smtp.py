"""A mail server of the tests' own: RFC 5321 as far as one message needs it, with STARTTLS and a few bad habits."""

import socketserver
import ssl
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path


@dataclass
class Postbox:
    """What the server took, and how it behaves."""

    port: int = 0
    messages: list[tuple[str, EmailMessage]] = field(default_factory=list)
    """Recipient and message, of those that were taken."""
    connections: int = 0
    refused: frozenset[str] = frozenset()
    """Recipients that are answered 550."""
    breaks_off_at: frozenset[str] = frozenset()
    """Recipients at whose message the connection is dropped without an answer, after the message was taken."""
    tls: tuple[Path, Path] | None = None
    """Certificate and key: STARTTLS is offered."""
    login: tuple[str, str] | None = None
    """User and password that are wanted (RFC 4616)."""

    @property
    def recipients(self) -> list[str]:
        """Who was written to, in order."""
        return [recipient for recipient, _ in self.messages]


class _Session(socketserver.StreamRequestHandler):
    server: "_Server"

    def handle(self) -> None:
        self.box = self.server.box
        self.box.connections += 1
        self.known, self.encrypted, self.recipient = self.box.login is None, False, ""
        self._say("220 mail.example ESMTP")
        try:
            while (line := self.rfile.readline().decode("utf-8").rstrip("\r\n")) and self._obeyed(line):
                pass
        except OSError:
            pass  # the client has gone, or does not trust our certificate
        finally:
            if self.connection is not self.request:
                self.rfile.close()
                self.wfile.close()
                self.connection.close()

    def _obeyed(self, line: str) -> bool:
        """Answer one line; say whether the conversation goes on."""
        match line.partition(" ")[0].upper():
            case "EHLO":
                self._offer()
            case "STARTTLS" if self.box.tls:
                self._encrypt(*self.box.tls)
            case "AUTH":
                self.known = tuple(b64decode(line.split()[2]).decode().split("\0")[1:]) == self.box.login
                self._say("235 welcome" if self.known else "535 no")
            case "MAIL":
                self._say("250 ok" if self.known else "530 who are you?")
            case "RCPT":
                self.recipient = line[line.index("<") + 1 : line.index(">")]
                self._say("550 nobody here" if self.recipient in self.box.refused else "250 ok")
            case "DATA":
                self._say("354 go on")
                return self._took(self.recipient)
            case "QUIT":
                self._say("221 bye")
                return False
            case _:
                self._say("250 ok")
        return True

    def _offer(self) -> None:
        lines = ["mail.example", "8BITMIME"]
        lines += ["STARTTLS"] if self.box.tls and not self.encrypted else []
        lines += ["AUTH PLAIN"] if self.box.login else []
        for each in lines:
            self._say(f"250-{each}")
        self._say("250 SMTPUTF8")

    def _encrypt(self, certificate: Path, key: Path) -> None:
        self._say("220 go ahead")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.encrypted = True

    def _took(self, recipient: str) -> bool:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line)
        message = message_from_bytes(b"".join(lines), policy=default)
        assert isinstance(message, EmailMessage)
        self.server.box.messages.append((recipient, message))
        if recipient in self.server.box.breaks_off_at:
            return False
        self._say("250 taken")
        return True

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, box: Postbox) -> None:
        self.box = box
        super().__init__(("127.0.0.1", 0), _Session)


@contextmanager
def mail_server(box: Postbox) -> Iterator[Postbox]:
    """Serve on a free port of the loopback address while the block lasts."""
    with _Server(box) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()
