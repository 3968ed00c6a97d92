"""What users must do next: who was created, at which address each is reached, and who was written to.

The service mails nobody whom we create. People are taken from the journal, and their addresses from what the service
confirmed, so that a run which was killed leaves its newcomers to the report of the next.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ldap2scim.essence import from_essence
from ldap2scim.findings import MOST_SUBJECTS, Finding, Severity
from ldap2scim.model import Attributes
from ldap2scim.planning.document import MOST_ROWS, Table, harmless
from ldap2scim.run.context import Run
from ldap2scim.scim.profiles import by_name
from ldap2scim.state import newcomers
from ldap2scim.state.newcomers import Created, Mailed


class Message(StrEnum):
    """What became of our own message to somebody."""

    NONE = "–"
    """None was to be sent: there is no mail server in the settings, no address, or the account is disabled."""
    SENT = "mailed"
    FAILED = "not mailed"
    UNKNOWN = "perhaps mailed"
    WAITING = "waits for the mail server"


_AS_RECORDED = {Mailed.SENT: Message.SENT, Mailed.FAILED: Message.FAILED, Mailed.BEGUN: Message.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Newcomer:
    """One person who was created."""

    op_no: int
    login: str
    name: str
    given_name: str
    family_name: str
    address: str | None
    """The primary e-mail, or else the first; None: nobody can mail a first password."""
    others: tuple[str, ...]
    active: bool
    message: Message = Message.NONE


@dataclass(frozen=True, slots=True)
class Welcome:
    """The people who were created, and what they need."""

    people: tuple[Newcomer, ...] = ()
    advice: tuple[str, ...] = ()
    """What the make of service does with newcomers, as sentences."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The summary, without names."""
        if not self.people:
            return ()
        count = len(self.people)
        silent = sum(one.address is None for one in self.people)
        missing = f"; {silent} of them without a notification address" if silent else ""
        return (f"{count} {'person was' if count == 1 else 'people were'} created{missing}.", *self.advice)

    @property
    def table(self) -> Table:
        """Who they are; at most as many as a table may have."""
        rows = tuple(tuple(map(harmless, _row(one))) for one in self.people[:MOST_ROWS])
        columns = ("login", "notification address", "other addresses", "account", "our message")
        return Table("New users", columns, rows, len(self.people) - len(rows))


NOBODY: Final = Welcome()


def newcomers_of(run: Run) -> tuple[Newcomer, ...]:
    """Return the people of whom no report has told yet; who has left since is nobody's first day.

    Raises:
        StateError: the state cannot be read.
    """
    return tuple(one for batch in newcomers.waiting(run.store) for one in _newcomers(run, batch))


def welcome(run: Run, people: Sequence[Newcomer]) -> Welcome:
    """Return what the report says of newcomers, and note whose message did not surely arrive."""
    run.note(*_notes(people))
    return Welcome(tuple(people), by_name(run.settings.service.profile).guidance.new_users if people else ())


def conclude(run: Run, people: Iterable[Newcomer]) -> None:
    """Record that the report has told of them; who waits for the mail server is told of again.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the state cannot be written.
    """
    told: list[int] = []
    left: list[int] = []
    for one in people:
        (left if one.message is Message.WAITING else told).append(one.op_no)
    newcomers.conclude(run.lease, told, left)


def _newcomers(run: Run, created: Sequence[Created]) -> Iterator[Newcomer]:
    essences = run.state.snapshot.essences([one.key for one in created])
    for one in created:
        if (essence := essences.get(one.key)) is not None:
            message = Message.NONE if one.mailed is None else _AS_RECORDED[one.mailed]
            yield _newcomer(one.op_no, from_essence(essence), message)


def _newcomer(op_no: int, attributes: Attributes, message: Message) -> Newcomer:
    name = attributes.get("name")
    names = name if isinstance(name, dict) else {}
    given, family = str(names.get("given_name", "")), str(names.get("family_name", ""))
    login = str(attributes.get("user_name", ""))
    addresses = _addresses(attributes)
    shown = attributes.get("display_name") or names.get("formatted") or f"{given} {family}".strip() or login
    return Newcomer(
        op_no=op_no,
        login=login,
        name=str(shown),
        given_name=given,
        family_name=family,
        address=addresses[0] if addresses else None,
        others=addresses[1:],
        active=attributes.get("active") is not False,
        message=message,
    )


def _addresses(attributes: Attributes) -> tuple[str, ...]:
    """Return the e-mail addresses, the primary one first."""
    emails = attributes.get("emails")
    items = [item for item in emails if isinstance(item, dict)] if isinstance(emails, list | tuple) else []
    items.sort(key=lambda item: item.get("primary") is not True)
    return tuple(str(item["value"]) for item in items if item.get("value"))


def _row(one: Newcomer) -> tuple[str, ...]:
    state = "enabled" if one.active else "disabled"
    return (one.login, one.address or "MISSING", ", ".join(one.others), state, one.message.value)


def _notes(people: Sequence[Newcomer]) -> Iterator[Finding]:
    names = {message: [one.login for one in people if one.message is message] for message in Message}
    if failed := names[Message.FAILED]:
        yield Finding(
            rule="mail-not-sent",
            severity=Severity.NOTE,
            message=f"The mail server did not take the message to {len(failed)} of the people who were created.",
            remedy="Correct their addresses, and tell them yourself: nobody is written to twice.",
            subjects=tuple(failed[:MOST_SUBJECTS]),
        )
    if unknown := names[Message.UNKNOWN]:
        yield Finding(
            rule="mail-in-doubt",
            severity=Severity.NOTE,
            message=f"Whether the message to {len(unknown)} of the people who were created was sent is not known: the "
            "connection or a run broke off at that moment.",
            remedy="Ask them, or look at the log of the mail server: nobody is written to twice.",
            subjects=tuple(unknown[:MOST_SUBJECTS]),
        )
    if waiting := names[Message.WAITING]:
        yield Finding(
            rule="mail-server-away",
            severity=Severity.NOTE,
            message=f"The mail server could not be used; {len(waiting)} messages to people who were created wait.",
            remedy="See why in the log, and correct `mail` in the settings; the next run that applies sends them.",
            subjects=tuple(waiting[:MOST_SUBJECTS]),
        )
