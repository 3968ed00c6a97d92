"""Whatever is wrong with directory or service: one message that names it, exit code 1, nothing changed."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from ldap2scim.sandbox.service import Fault, FaultKind
from tests.cli.bad_servers import closed_port, web_server
from tests.cli.installation import ABSENT, PEOPLE, Installation, Said
from tests.cli.snapshots import snapshot_of
from tests.servers.certificates import Certificates

READING = (("plan",), ("sync", "--apply"), ("recover", "--apply"), ("drift",))
HTML = b"<html><title>Sign in</title></html>"


def assert_refused(said: Said, *words: str) -> None:
    """One message after the notes, with these words; nothing on standard output, no traceback."""
    assert (said.code, said.out) == (1, "")
    assert "\nldap2scim: " in said.err
    assert "Traceback" not in said.err
    for word in words:
        assert word in said.err


DIRECTORY: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "wrong password": ({"bind_password": "wrong"}, ("cn=reader", "password")),
    "unknown bind DN": ({"bind_dn": "cn=nobody,dc=example,dc=com"}, ("cn=nobody,dc=example,dc=com",)),
    "unknown host": ({"addresses": ["no-such-host.invalid"]}, ("no-such-host.invalid", "addresses")),
    "two unknown hosts": ({"addresses": ["a.invalid", "b.invalid"]}, ("a.invalid", "b.invalid")),
    "refused connection": ({"port": closed_port()}, ("127.0.0.1",)),
    "StartTLS": ({"encryption": "start_tls"}, ("StartTLS", "encryption: none")),
    "LDAPS": ({"encryption": "ldaps"}, ("127.0.0.1", "TLS")),
    "empty CA file": ({"encryption": "ldaps", "ca_file": "/dev/null"}, ("/dev/null", "`ca_file` must name")),
}


@pytest.mark.parametrize("name", DIRECTORY)
def test_directory_that_cannot_be_used(installed: Installation, name: str) -> None:
    """A directory that cannot be reached, trusted or logged in to is named with what to do, and nothing is changed."""
    assert installed.run("sync", "--apply").code == 0
    before = snapshot_of(installed.state)
    installed.service.clear_requests()
    changes, words = DIRECTORY[name]
    installed.write({f"directories.main.{key}": value for key, value in changes.items()})
    for command in READING:
        assert_refused(installed.run(*command), *words)
    assert snapshot_of(installed.state) == before
    assert installed.service.writes() == ()


@pytest.mark.parametrize("name", DIRECTORY)
def test_check_names_a_directory_that_cannot_be_used(installed: Installation, name: str) -> None:
    """`check` has the same as one line, goes on with the service, and returns 1."""
    changes, words = DIRECTORY[name]
    installed.write({f"directories.main.{key}": value for key, value in changes.items()})
    said = installed.run("check")
    assert said.code == 1
    failed = said.out.partition("FAILED  directory main: ")[2].partition("\nok  ")[0]
    for word in words:
        assert word in failed
    assert "ok      service: " in said.out


def test_certificate_of_a_directory_by_an_unknown_authority(
    installed: Installation, server_certificates: Certificates
) -> None:
    """A directory whose certificate nobody vouches for is refused before the bind."""
    with web_server(200, "text/plain", b"", server_certificates) as port:
        installed.write({"directories.main.encryption": "ldaps", "directories.main.port": port})
        assert_refused(installed.run("plan"), f"The certificate of 127.0.0.1:{port} was refused", "ca_file")


def test_base_dn_that_does_not_exist(installed: Installation) -> None:
    """A base DN without an entry is a read that proves nothing: refused with exit code 3, and nobody is removed."""
    assert installed.run("sync", "--apply").code == 0
    before = snapshot_of(installed.state)
    installed.service.clear_requests()
    installed.write({"directories.main.base_dn": "ou=nowhere,dc=example,dc=com"})
    for command in READING:
        said = installed.run(*command)
        assert (said.code, said.out) == (3, "")
        assert "ou=nowhere,dc=example,dc=com" in said.err
        assert "base_dn" in said.err
    assert installed.run("check").code == 1
    assert snapshot_of(installed.state) == before
    assert installed.service.writes() == ()


def test_mapped_attribute_that_the_directory_does_not_have(installed: Installation) -> None:
    """`check` says that nobody can be synchronised and why; a run holds everybody, each by name, and removes nobody."""
    assert installed.run("sync", "--apply").code == 0
    before = snapshot_of(installed.state)
    installed.service.clear_requests()
    installed.write({"mapping.user.userName": "sAMAccountNam"})
    said = installed.run("check")
    assert said.code == 1
    assert "sAMAccountNam" in said.out.partition("FAILED  directory main, users: ")[2]
    said = installed.run("sync", "--apply")
    assert said.code == 3
    assert said.out.count("sAMAccountNam") == len(PEOPLE)
    for uid in PEOPLE:
        assert f"uid={uid},ou=people,dc=example,dc=com: " in said.out
    assert snapshot_of(installed.state) == before
    assert installed.service.writes() == ()


def test_check_tries_every_address(installed: Installation) -> None:
    """A second server that could not stand in for the first is named while the first still answers."""
    first = installed.settings["directories"]["main"]["addresses"][0]
    installed.write({"directories.main.addresses": [first, "no-such-host.invalid"]})
    said = installed.run("check")
    assert said.code == 1
    assert f"ok      directory main: {first}:" in said.out
    assert "no-such-host.invalid" in said.out.partition("FAILED  directory main: ")[2]
    assert "ok      directory main, users: found" in said.out


SERVICE: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "wrong token": ({"token": "wrong"}, ("401", "get a new one")),
    "no token": ({"token": ABSENT}, ("401",)),
    "unknown host": ({"base_url": "http://no-such-host.invalid/v2"}, ("there is no host of that name", "base URL")),
    "refused connection": ({"base_url": f"http://127.0.0.1:{closed_port()}/v2"}, ("no connection to the service",)),
    "unknown proxy": (
        {"base_url": "http://scim.invalid/v2", "proxy": {"url": "http://no-such-proxy.invalid:8080"}},
        ("by way of the proxy http://no-such-proxy.invalid:8080: there is no host of that name",),
    ),
    "no TLS": ({"base_url": "https://127.0.0.1:{port}/scim/v2"}, ("does not speak TLS", "base URL")),
    "wrong path": ({"base_url": "http://127.0.0.1:{port}/elsewhere"}, ("404", "Check the base URL")),
    "no such CA file": ({"base_url": "https://127.0.0.1:{port}/", "ca_file": "/no/such/ca.pem"}, ("/no/such/ca.pem",)),
    "web site": ({"base_url": "http://127.0.0.1:{web}/v2"}, ("`text/html` in place of JSON", "Check the base URL")),
    "JSON, not SCIM": ({"base_url": "http://127.0.0.1:{json}/v2"}, ("is no list response",)),
    "redirect": ({"base_url": "http://127.0.0.1:{redirect}/v2"}, ("redirect", "Check the base URL")),
    "unknown authority": ({"base_url": "https://127.0.0.1:{tls}/v2"}, ("certificate is not trusted", "`ca_file`")),
}


@pytest.fixture(scope="module")
def ports(server_certificates: Certificates) -> Iterator[Mapping[str, int]]:
    """Ports of services that are none."""
    with ExitStack() as running:
        start = running.enter_context
        yield {
            "web": start(web_server(200, "text/html", HTML)),
            "json": start(web_server(200, "application/json", b'{"hello": "world"}')),
            "redirect": start(web_server(302, "text/html", HTML)),
            "tls": start(web_server(200, "text/html", HTML, server_certificates)),
        }


def _broken(installed: Installation, name: str, ports: Mapping[str, int]) -> tuple[str, ...]:
    changes, words = SERVICE[name]
    port = int(installed.service.base_url.split(":")[2].split("/")[0])
    filled = {
        f"service.{key}": value.format(port=port, **ports) if isinstance(value, str) else value
        for key, value in changes.items()
    }
    installed.write({"service.retry_budget": 0, **filled})
    return words


@pytest.mark.parametrize("name", SERVICE)
def test_service_that_cannot_be_used(installed: Installation, ports: Mapping[str, int], name: str) -> None:
    """A service that cannot be reached, trusted or understood is named with what to do, and nothing is changed."""
    assert installed.run("sync", "--apply").code == 0
    before = snapshot_of(installed.state)
    installed.service.clear_requests()
    words = _broken(installed, name, ports)
    for command in (("recover",), ("recover", "--apply")):
        assert_refused(installed.run(*command), *words)
    assert snapshot_of(installed.state) == before
    assert installed.service.writes() == ()


@pytest.mark.parametrize("name", SERVICE)
def test_check_and_first_run_name_a_service_that_cannot_be_used(
    installed: Installation, ports: Mapping[str, int], name: str
) -> None:
    """`check` has the same as one line and returns 1; a first run, which reads the service, stops with it."""
    words = _broken(installed, name, ports)
    said = installed.run("check")
    assert said.code == 1
    for word in words:
        assert word in said.out.partition("FAILED  service")[2]
    for command in (("sync", "--apply"), ("drift",)):
        assert_refused(installed.run(*command), *words)
    assert not any(snapshot_of(installed.state).values())


def test_token_that_is_refused_in_the_middle_of_a_load(installed: Installation) -> None:
    """The load is given up at the first refusal, says so, and the next run finishes it."""
    installed.service.faults.add(Fault(FaultKind.STATUS, status=401, method="POST", after=2))
    installed.write({"service.concurrency": 1})
    said = installed.run("sync", "--apply")
    assert said.code == 1
    assert "The load was given up" in said.out
    assert "401" in said.out
    assert "Traceback" not in said.all
    assert len([request for request in installed.service.writes() if request.method == "POST"]) == 3
    installed.service.faults.clear()
    assert installed.run("sync", "--apply").code == 0
    assert installed.run("drift").code == 0


@pytest.mark.parametrize("name", ["wrong token", "refused connection", "web site"])
def test_errors_as_json(installed: Installation, ports: Mapping[str, int], name: str) -> None:
    """With `--json` the same message is a document on standard output."""
    words = _broken(installed, name, ports)
    said = installed.run("drift", "--json")
    assert said.code == 1
    assert set(said.document) == {"error"}
    for word in words:
        assert word in said.document["error"]["message"] + said.document["error"]["remedy"]
    checked = installed.run("check", "--json")
    assert checked.code == 1
    assert checked.document["ready"] is False
    assert any(words[0] in item["detail"] for item in checked.document["items"] if not item["ready"])
