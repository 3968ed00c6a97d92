"""The access token over its life, the ways that a firewall must allow, and what people who were created need."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from ldap2scim.sandbox.service import Fault, FaultKind
from tests.cli.bad_servers import closed_port
from tests.cli.installation import PEOPLE, Installation
from tests.servers.smtp import Postbox, mail_server


def in_days(days: float) -> str:
    """Return a moment from now, as the settings have it."""
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def test_a_token_that_ends_soon_is_said_in_every_run(installed: Installation, caplog: pytest.LogCaptureFixture) -> None:
    """In the report and in the log, in runs without changes as well; it changes no exit code."""
    installed.write({"service.token_expires": in_days(6.5)})
    first = installed.run("sync", "--apply")
    assert first.code == 0
    caplog.clear()
    idle = installed.run("sync", "--apply")
    assert idle.code == 0
    for said in (first, idle):
        assert said.out.count("(token-expires-soon)") == 1
        assert "in 6 days" in said.out
    assert [record.levelno for record in caplog.records if "expires at" in record.message] == [logging.WARNING]
    installed.write({"service.token_expires": in_days(2)})
    assert "URGENT: the access token" in installed.run("sync", "--apply").out, "a run without changes says it anew"


def test_an_expired_token_stops_the_run(installed: Installation) -> None:
    """Before anything is written, whether or not there is something to do; the new one goes on as if nothing was."""
    installed.write({"service.token_expires": in_days(-1)})
    refused = installed.run("sync", "--apply")
    assert refused.code == 3
    assert "(token-expired)" in refused.out
    assert installed.service.requests == ()
    installed.write()
    assert installed.run("sync", "--apply").code == 0
    installed.write({"service.token_expires": in_days(-1)})
    assert installed.run("sync", "--apply").code == 3


def test_a_replaced_token_needs_no_recovery(installed: Installation) -> None:
    """Secrets are not part of what a run rests on: nothing is read from the service, nothing is done again."""
    installed.write({"service.token": {"file": "token"}, "service.token_expires": in_days(2)})
    token = installed.folder / "token"
    token.touch(mode=0o600)
    token.write_text(installed.service.token + "\n")
    assert installed.run("sync", "--apply").code == 0
    installed.service.clear_requests()

    token.write_text(installed.service.tokens.issue())
    installed.service.tokens.revoke(installed.service.token)
    installed.write({"service.token": {"file": "token"}, "service.token_expires": in_days(365)})
    assert installed.run("sync", "--apply").code == 0
    assert installed.service.requests == ()
    assert installed.run("drift").code == 0, "and the service takes it"


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_is_refused_stops_the_load_at_once(installed: Installation, status: int) -> None:
    """One answer is enough; the next run, with another token, finishes the work and makes nobody twice."""
    installed.write({"service.concurrency": 1})
    installed.service.faults.add(Fault(FaultKind.STATUS, status=status, method="POST", path_prefix="/Users", after=2))
    said = installed.run("sync", "--apply")
    assert said.code == 1
    assert f"The load was given up: POST /Users: the service answered {status}" in said.out
    assert len([one for one in installed.service.requests if one.method == "POST"]) == 3
    installed.service.faults.clear()
    assert installed.run("sync", "--apply").code == 0
    assert len(installed.service.store.users) == len(PEOPLE)


def test_a_report_says_who_was_created(installed: Installation) -> None:
    """Names and addresses are in the report and in JSON, in no log; the next report has nobody."""
    done = installed.process("sync", "--apply", "--json", "--verbose")
    assert [one["notification_address"] for one in done.document["new_users"]] == [
        f"{name}@example.com" for name in PEOPLE
    ]
    assert not any(f"{name}@example.com" in done.err for name in PEOPLE)
    assert installed.run("sync", "--apply", "--json").document["new_users"] == []


def test_a_plan_creates_nobody(installed: Installation) -> None:
    """A dry run has no such section, and takes it from no later report."""
    assert "New users" not in installed.run("plan").out
    said = installed.run("sync", "--apply").out
    assert "New users:" in said
    assert f"{len(PEOPLE)} people were created." in said


def test_check_names_what_a_firewall_must_allow_and_tries_it(installed: Installation) -> None:
    """Each host and port once, what it is for, and whether it can be reached from here."""
    said = installed.run("check")
    assert said.code == 0
    directory, service = installed.directory, installed.service
    assert f"ok      firewall: must allow 127.0.0.1, port {directory.port}/TCP (directory main), from here" in said.out
    assert "/TCP (the service), from here: it does" in said.out
    assert "when it expires is not known; write `token_expires`" in said.out
    assert service.base_url in said.out


def test_check_names_a_way_that_is_closed(installed: Installation) -> None:
    """The proxy takes the place of the service, whose way begins there; a mail server is a way as well."""
    proxy, post = closed_port(), closed_port()
    (installed.folder / "hello.txt").write_text("Dear $name")
    installed.write(
        {
            "service.proxy": {"url": f"http://127.0.0.1:{proxy}"},
            "service.retry_budget": 0,
            "mail": {
                "server": "127.0.0.1",
                "port": post,
                "encryption": "none",
                "from": "it@example.com",
                "subject": "Hello",
                "template": "hello.txt",
            },
        }
    )
    said = installed.run("check")
    assert said.code == 1
    assert f"FAILED  firewall: 127.0.0.1, port {proxy}/TCP (the proxy): Connection refused" in said.out
    assert f"FAILED  firewall: 127.0.0.1, port {post}/TCP (the mail server): Connection refused" in said.out
    assert "(the service), from the proxy: not tried from here" in said.out


def test_check_of_the_iij_id_service(installed: Installation) -> None:
    """What the service asks its customers to allow, and the scopes that a token needs, are said."""
    said = installed.run("check")
    installed.write({"service.profile": "iij-id", "service.token_expires": in_days(-1)})
    said = installed.run("check")
    assert "*.auth.iij.jp" in said.out
    assert "FAILED  token: The access token of the service expired" in said.out
    installed.write({"service.profile": "iij-id"})
    assert "escim_write_groups" in installed.run("check").out


def test_messages_that_wait_are_sent_by_a_run_without_changes(installed: Installation) -> None:
    """The mail server is back: nothing else happened, and everybody is written to, once."""
    (installed.folder / "hello.txt").write_text("Dear $name")
    mail = {"server": "127.0.0.1", "encryption": "none", "from": "it@example.com", "subject": "Hello"}
    with mail_server(Postbox()) as box:
        away = closed_port()
        for port, sent in ((away, 0), (away, 0), (box.port, len(PEOPLE)), (box.port, len(PEOPLE))):
            installed.write({"mail": {**mail, "port": port, "template": "hello.txt"}})
            said = installed.run("sync", "--apply")
            assert said.code == 0
            assert ("(mail-server-away)" in said.out) is (sent == 0)
            assert len(box.messages) == sent
