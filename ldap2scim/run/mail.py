"""Messages to people who were created, by the administrator's own mail server: one each, never twice.

A message is recorded before it is sent. Where the record stands without an outcome (the process was killed, the
connection broke off) nobody knows, and it is reported instead of sent again.
"""

import logging
import smtplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import replace
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from string import Template
from types import TracebackType
from typing import Self

from ldap2scim.run.context import Run
from ldap2scim.run.notices import Message, Newcomer
from ldap2scim.settings.mail_settings import MailEncryption, MailSettings
from ldap2scim.state import newcomers
from ldap2scim.state.newcomers import Mailed

logger = logging.getLogger("ldap2scim.mail")

_OUTCOMES = {Mailed.SENT: Message.SENT, Mailed.FAILED: Message.FAILED, Mailed.BEGUN: Message.UNKNOWN}


def write_to(run: Run, people: Sequence[Newcomer]) -> tuple[Newcomer, ...]:
    """Send a message to everybody who has an address and no message yet, where the settings have a mail server.

    Raises:
        RunRefused: the run lost its lease; nothing more is sent.
        StateError: the state cannot be written; nothing more is sent.
    """
    settings = run.settings.mail
    if settings is None or not any(map(_is_due, people)):
        return tuple(people)
    run.progress.begin("mailing", len(people))
    with Post(settings) as post:
        written = tuple(_written(run, post, people))
    run.progress.end()
    return written


def message_for(settings: MailSettings, one: Newcomer) -> EmailMessage:
    """Return the message to one person.

    Raises:
        ValueError: the address is none, or a value would break a header.
    """
    values = {
        "login": one.login,
        "name": one.name,
        "given_name": one.given_name,
        "family_name": one.family_name,
        "address": one.address or "",
    }
    message = EmailMessage(policy=SMTP)
    message["From"] = settings.sender
    message["To"] = Address(display_name=one.name, addr_spec=one.address or "")
    message["Subject"] = Template(settings.subject).substitute(values)
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=socket.gethostname())
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answer by a machine, please
    message.set_content(Template(settings.template).substitute(values))
    return message


class Post:
    """One connection to the mail server, made when it is needed and again when it broke."""

    def __init__(self, settings: MailSettings) -> None:
        self.settings = settings
        self._server: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()

    def is_ready(self) -> bool:
        """Connect where there is no connection; say whether there is one now, and log why there is none."""
        if self._server is not None:
            return True
        try:
            self._server = self._connected()
        except (OSError, smtplib.SMTPException, ValueError) as error:
            # The text of the library may quote what the server said, and that our user name.
            logger.warning("mail server %s: no connection (%s)", self.settings.server, _reason(error))
            return False
        return True

    def send(self, message: EmailMessage, address: str) -> Mailed:
        """Send one message over a connection that is ready, and say what became of it."""
        if self._server is None:
            raise RuntimeError("not ready")
        try:
            self._server.send_message(message, to_addrs=[address])
        except smtplib.SMTPServerDisconnected as error:
            return self._broken(error)
        except smtplib.SMTPException as error:
            logger.info("mail server %s: a message was refused (%s)", self.settings.server, _reason(error))
            return Mailed.FAILED
        except ValueError:
            return Mailed.FAILED  # an address that cannot be said in SMTP
        except OSError as error:
            return self._broken(error)
        return Mailed.SENT

    def _broken(self, error: Exception) -> Mailed:
        logger.warning("mail server %s: the connection broke off (%s)", self.settings.server, _reason(error))
        self._close()
        return Mailed.BEGUN

    def _connected(self) -> smtplib.SMTP:
        settings, here = self.settings, socket.gethostname()
        if settings.encryption is MailEncryption.TLS:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                settings.server, settings.port, here, timeout=settings.timeout, context=_context(settings)
            )
        else:
            server = smtplib.SMTP(settings.server, settings.port, here, timeout=settings.timeout)
        try:
            if settings.encryption is MailEncryption.START_TLS:
                server.starttls(context=_context(settings))
            if settings.user is not None and settings.password is not None:
                server.login(settings.user, settings.password.reveal())
        except BaseException:
            server.close()
            raise
        return server

    def _close(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        try:
            server.quit()
        except (OSError, smtplib.SMTPException):
            server.close()


def _written(run: Run, post: Post, people: Sequence[Newcomer]) -> Iterator[Newcomer]:
    away = False
    for one in people:
        run.progress.advance()
        if not _is_due(one):
            yield one
        elif away or not post.is_ready():
            away = True  # it is not tried again for everybody
            yield replace(one, message=Message.WAITING)
        else:
            yield replace(one, message=_OUTCOMES[_send(run, post, one)])


def _send(run: Run, post: Post, one: Newcomer) -> Mailed:
    newcomers.begin_mail(run.lease, one.op_no)
    try:
        message = message_for(post.settings, one)
    except (ValueError, IndexError):  # the parser of addresses knows both
        mailed = Mailed.FAILED
    else:
        mailed = post.send(message, one.address or "")
    if mailed is not Mailed.BEGUN:
        newcomers.end_mail(run.lease, one.op_no, mailed)
    return mailed


def _is_due(one: Newcomer) -> bool:
    return one.message is Message.NONE and one.address is not None and one.active


def _context(settings: MailSettings) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if settings.ca_file is not None:
        context.load_verify_locations(settings.ca_file)
    return context


def _reason(error: Exception) -> str:
    match error:
        case smtplib.SMTPAuthenticationError():
            return f"user or password refused, {error.smtp_code}"
        case smtplib.SMTPRecipientsRefused():
            return "the recipient is refused"
        case smtplib.SMTPResponseException():
            return f"{type(error).__name__}, {error.smtp_code}"
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted: {error.verify_message}"
        case OSError(strerror=str() as text):
            return text
        case _:
            return type(error).__name__
