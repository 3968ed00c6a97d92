"""What the people who were created need next, and the message to each: once, or not at all."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from ldap2scim.essence import fingerprint, to_essence
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.accounts import Result
from ldap2scim.run.context import Run
from ldap2scim.run.mail import Post, message_for, write_to
from ldap2scim.run.notices import Message, Newcomer, conclude, newcomers_of, welcome
from ldap2scim.secret import Secret
from ldap2scim.settings.mail_settings import MailEncryption, MailSettings
from ldap2scim.state.journal import Intent, Settlement, begin, settle
from ldap2scim.state.newcomers import Mailed
from ldap2scim.state.snapshot_rows import Confirmed, SnapshotRow, Status
from tests.run.conftest import StartRun
from tests.run.scripted import ScriptedProvider
from tests.servers.certificates import make_certificates
from tests.servers.smtp import Postbox, mail_server

TEMPLATE = "Dear $name,\n\nyour login is $login.\n"


@pytest.fixture
def box() -> Iterator[Postbox]:
    """A mail server that takes everything."""
    with mail_server(Postbox()) as running:
        yield running


def mail(box: Postbox, **changes: Any) -> MailSettings:
    """Return settings that lead to this server."""
    plain = MailSettings(
        "127.0.0.1",
        box.port,
        MailEncryption.NONE,
        None,
        None,
        "IT desk <it@example.com>",
        "Welcome, $given_name",
        TEMPLATE,
        None,
        5.0,
    )
    return replace(plain, **changes)


def person(name: str, *addresses: str, active: bool = True) -> dict[str, Any]:
    """Return the attributes of somebody; the last address is the primary one."""
    emails = [{"value": one, "primary": one == addresses[-1]} for one in addresses]
    names = {"given_name": name.title(), "family_name": "Example"}
    return {
        "user_name": f"{name}@example.com",
        "name": names,
        "active": active,
        **({"emails": emails} if emails else {}),
    }


def create(run: Run, name: str, attributes: dict[str, Any]) -> None:
    """Let the service confirm a creation."""
    essence = to_essence(attributes)
    key = Key(f"corp:{name}")
    row = SnapshotRow(key, ResourceType.USER, name, None, None, fingerprint(essence), essence, None, Status.MANAGED)
    [number] = begin(run.lease, run.run_id, "plan", [Intent(key, "create", ResourceType.USER, False)])
    settle(run.lease, [Settlement(number, Result.APPLIED, (Confirmed(row),))])


def three(run: Run) -> None:
    """Create somebody with two addresses, somebody with none, and somebody disabled."""
    create(run, "aiko", person("aiko", "home@example.net", "aiko@example.com"))
    create(run, "bunta", person("bunta"))
    create(run, "chika", person("chika", "chika@example.com", active=False))


def report(run: Run) -> tuple[Newcomer, ...]:
    """Do what a report does, and return whom it told of."""
    people = write_to(run, newcomers_of(run))
    welcome(run, people)
    conclude(run, people)
    return people


@pytest.fixture
def posting(start: StartRun, box: Postbox) -> Callable[..., Run]:
    """Start a run whose settings lead to the mail server."""

    def begin_run(settings: MailSettings | None = None) -> Run:
        run = start(ScriptedProvider())
        run.settings = replace(run.settings, mail=settings or mail(box))
        return run

    return begin_run


def test_a_report_lists_who_was_created(start: StartRun) -> None:
    """With the primary address first, what is missing, and what this make of service does; nothing is sent."""
    run = start(ScriptedProvider())
    three(run)
    said = welcome(run, report(run))
    assert said.table.rows == (
        ("aiko@example.com", "aiko@example.com", "home@example.net", "enabled", "–"),
        ("bunta@example.com", "MISSING", "", "enabled", "–"),
        ("chika@example.com", "chika@example.com", "", "disabled", "–"),
    )
    assert said.lines[0] == "3 people were created; 1 of them without a notification address."
    assert newcomers_of(run) == (), "the next report tells of nobody"
    run.settings = replace(run.settings, service=replace(run.settings.service, profile="iij-id"))
    assert "temporary password" in " ".join(welcome(run, said.people).lines)


def test_the_table_has_a_bound_and_the_people_have_none(start: StartRun) -> None:
    """An artifact of many rows freezes the browser; machines get everybody."""
    run = start(ScriptedProvider())
    for number in range(502):
        create(run, f"u{number}", person(f"u{number}"))
    said = welcome(run, newcomers_of(run))
    assert (len(said.table.rows), said.table.more, len(said.people)) == (500, 2, 502)


def test_who_has_left_since_is_not_listed(start: StartRun) -> None:
    """A creation whose person is gone from the snapshot has nobody to write to."""
    run = start(ScriptedProvider())
    [number] = begin(run.lease, run.run_id, "plan", [Intent(Key("corp:x"), "create", ResourceType.USER, False)])
    settle(run.lease, [Settlement(number, Result.APPLIED)])
    assert newcomers_of(run) == ()


def test_each_person_gets_one_message(posting: Callable[..., Run], box: Postbox) -> None:
    """At the primary address, from the template; who has none or is disabled gets nothing."""
    run = posting()
    three(run)
    people = report(run)
    assert [one.message for one in people] == [Message.SENT, Message.NONE, Message.NONE]
    ((recipient, message),) = box.messages
    assert recipient == "aiko@example.com"
    assert message["To"] == "Aiko Example <aiko@example.com>"
    assert message["From"] == "IT desk <it@example.com>"
    assert message["Subject"] == "Welcome, Aiko"
    assert message.get_content().replace("\r", "") == "Dear Aiko Example,\n\nyour login is aiko@example.com.\n"
    assert report(posting()) == ()
    assert box.recipients == ["aiko@example.com"]


def test_a_run_that_is_killed_while_sending_never_sends_twice(
    posting: Callable[..., Run], box: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record stands before the message: the next run reports that nobody knows, and sends nothing."""

    def killed(self: Post, message: EmailMessage, address: str) -> Mailed:
        whole(self, message, address)
        raise SystemExit

    whole = Post.send
    run = posting()
    create(run, "aiko", person("aiko", "aiko@example.com"))
    monkeypatch.setattr(Post, "send", killed)
    with pytest.raises(SystemExit):
        report(run)
    monkeypatch.undo()

    run = posting()
    assert [one.message for one in report(run)] == [Message.UNKNOWN]
    assert [finding.rule for finding in run.findings] == ["mail-in-doubt"]
    assert box.recipients == ["aiko@example.com"]


def test_a_run_that_is_killed_before_its_report_writes_in_the_next(posting: Callable[..., Run], box: Postbox) -> None:
    """The creation is in the journal, so nobody is forgotten."""
    create(posting(), "aiko", person("aiko", "aiko@example.com"))
    assert [one.message for one in report(posting())] == [Message.SENT]
    assert box.recipients == ["aiko@example.com"]


def test_a_refused_recipient_stops_nobody_else(posting: Callable[..., Run], box: Postbox) -> None:
    """The failure is a note that names the person; the others are written to, over the same connection."""
    box.refused = frozenset({"aiko@example.com"})
    run = posting()
    for name in ("aiko", "bunta"):
        create(run, name, person(name, f"{name}@example.com"))
    create(run, "chika", person("chika", "not an address"))
    assert [one.message for one in report(run)] == [Message.FAILED, Message.SENT, Message.FAILED]
    (note,) = run.findings
    assert (note.rule, note.subjects) == ("mail-not-sent", ("aiko@example.com", "chika@example.com"))
    assert (box.recipients, box.connections) == (["bunta@example.com"], 1)


def test_a_connection_that_breaks_off_leaves_one_in_doubt(posting: Callable[..., Run], box: Postbox) -> None:
    """The server may have taken that message: it is not sent again; the others go over a new connection."""
    box.breaks_off_at = frozenset({"aiko@example.com"})
    run = posting()
    for name in ("aiko", "bunta"):
        create(run, name, person(name, f"{name}@example.com"))
    assert [one.message for one in report(run)] == [Message.UNKNOWN, Message.SENT]
    assert report(posting()) == ()
    assert (box.recipients, box.connections) == (["aiko@example.com", "bunta@example.com"], 2)


def test_a_server_that_is_away_keeps_everybody_waiting(posting: Callable[..., Run], box: Postbox) -> None:
    """Nothing was begun, so the next run that applies sends it."""
    run = posting(mail(box, port=1))
    for name in ("aiko", "bunta"):
        create(run, name, person(name, f"{name}@example.com"))
    assert {one.message for one in report(run)} == {Message.WAITING}
    assert [finding.rule for finding in run.findings] == ["mail-server-away"]
    assert [one.message for one in report(posting())] == [Message.SENT, Message.SENT]
    assert report(posting()) == ()


def test_start_tls_and_a_login(posting: Callable[..., Run], box: Postbox, tmp_path: Path, caplog: Any) -> None:
    """The password goes over TLS with a certificate that is checked; a wrong one keeps everybody waiting, unlogged."""
    made = make_certificates(tmp_path / "tls")
    box.tls, box.login = (made.certificate_file, made.key_file), ("robot", "open sesame")
    secure = mail(
        box,
        encryption=MailEncryption.START_TLS,
        user="robot",
        password=Secret("open sesame"),
        ca_file=made.ca_file,
    )
    for settings in (replace(secure, password=Secret("shibboleth")), replace(secure, ca_file=None)):
        run = posting(settings)
        if not newcomers_of(run):
            create(run, "aiko", person("aiko", "aiko@example.com"))
        assert [one.message for one in report(run)] == [Message.WAITING]
    assert [one.message for one in report(posting(secure))] == [Message.SENT]
    assert "shibboleth" not in caplog.text
    assert "aiko" not in caplog.text


def test_a_server_without_start_tls_gets_no_password(posting: Callable[..., Run], box: Postbox) -> None:
    """What was asked for is not given up silently."""
    run = posting(mail(box, encryption=MailEncryption.START_TLS))
    create(run, "aiko", person("aiko", "aiko@example.com"))
    assert [one.message for one in report(run)] == [Message.WAITING]


def test_a_name_cannot_add_a_header(box: Postbox) -> None:
    """A line break in a value of the directory ends in an error, not in a second recipient."""
    one = Newcomer(1, "a", "A\r\nBcc: all@example.com", "A\nB", "E", "a@example.com", (), True)
    with pytest.raises(ValueError, match=r"invalid|newline|linefeed"):
        message_for(mail(box), one)
    with pytest.raises(ValueError, match=r"newline|linefeed"):
        message_for(mail(box), replace(one, name="A"))
