"""Connections to real servers: binds by certificate, certificates that do not fit, and reads that move to another."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ldap2scim.directory import client
from ldap2scim.directory.failover import on_one_server
from ldap2scim.directory.reader import Search
from ldap2scim.directory.session import Session
from ldap2scim.directory.settings import (
    Authentication,
    DirectoryKind,
    DirectorySettings,
    Encryption,
    MemberReference,
)
from ldap2scim.errors import BindRefused, DirectoryError, DirectoryUnavailable
from ldap2scim.model import ResourceType
from ldap2scim.sandbox.world import BASE_DN, Size
from ldap2scim.secret import Secret
from tests.integration.pairs import world
from tests.integration.relay import Relay, relaying
from tests.servers.available import require
from tests.servers.certificates import Certificates, make_certificates, make_client_certificate
from tests.servers.slapd import Slapd, SlapdOptions, running_slapd

pytestmark = pytest.mark.slapd
WORLD = world(Size(people=300, groups=5, largest_group=50))
PEOPLE = Search(ResourceType.USER, BASE_DN, "(objectClass=inetOrgPerson)", ("uid", "mail", "description"), 50)
MAPPED = 'authz-regexp "cn=sync,o=clients" "cn=reader,o=accounts"'
Start = Callable[..., Slapd]


@pytest.fixture
def start(tmp_path: Path, server_certificates: Certificates) -> Iterator[Start]:
    """Return a starter of slapds with the same people; `certificates` and more lines of slapd.conf can be given."""
    require("slapd")
    with ExitStack() as running:

        def start_one(*lines: str, certificates: Certificates = server_certificates) -> Slapd:
            folder = tmp_path / f"slapd{len(list(tmp_path.iterdir()))}"
            options = SlapdOptions(BASE_DN, database_lines=lines)
            return running.enter_context(running_slapd(folder, WORLD, options, certificates))

        yield start_one


@pytest.fixture
def sync_certificate(tmp_path: Path, server_certificates: Certificates) -> Certificates:
    """The certificate of a client that the servers' authority has signed."""
    return make_client_certificate(server_certificates, tmp_path / "sync", "/O=clients/CN=sync")


def settings_of(slapd: Slapd, **changes: Any) -> DirectorySettings:
    """Return settings for a simple bind as the reader."""
    values: dict[str, Any] = {
        "name": "corp",
        "kind": DirectoryKind.OPENLDAP,
        "addresses": (slapd.host,),
        "port": slapd.tls_port if changes.get("encryption") is Encryption.LDAPS else slapd.port,
        "encryption": Encryption.NONE,
        "verify_certificate": True,
        "ca_file": slapd.ca_file,
        "bind_dn": slapd.reader_dn,
        "bind_password": Secret(slapd.reader_password),
        "base_dn": BASE_DN,
        "user_filter": "",
        "group_filter": "",
        "user_object_class": "inetOrgPerson",
        "group_object_class": "groupOfNames",
        "member_attribute": "member",
        "member_reference": MemberReference.DN,
        "source_anchor": "entryUUID",
        "connect_timeout": 5.0,
    }
    return DirectorySettings(**(values | changes))


def by_certificate(slapd: Slapd, certificate: Certificates, **changes: Any) -> DirectorySettings:
    """Return settings for SASL EXTERNAL."""
    values: dict[str, Any] = {
        "authentication": Authentication.EXTERNAL,
        "client_certificate": certificate.certificate_file,
        "client_key": certificate.key_file,
        "bind_dn": None,
        "bind_password": None,
        "encryption": Encryption.START_TLS,
    }
    return settings_of(slapd, **(values | changes))


def people(session: Session) -> list[str]:
    """Read everybody's name."""
    return sorted(entry.dn for page in session.read(PEOPLE) for entry in page)


@pytest.mark.parametrize("encryption", [Encryption.START_TLS, Encryption.LDAPS, Encryption.UNWRITTEN])
@pytest.mark.parametrize("wanted", ["demand", "allow"])
def test_a_bind_by_certificate_has_the_rights_of_whom_it_stands_for(
    start: Start, sync_certificate: Certificates, encryption: Encryption, wanted: str
) -> None:
    """SASL EXTERNAL: the server maps the certificate's subject to the reader, who sees everybody."""
    slapd = start(f"TLSVerifyClient {wanted}", MAPPED)
    with client.connect(by_certificate(slapd, sync_certificate, encryption=encryption)) as session:
        assert len(people(session)) == 300


def test_a_certificate_does_not_stand_for_anybody_else(start: Start, sync_certificate: Certificates) -> None:
    """A bind DN beside the certificate is a claim that the server checks (RFC 4513 §5.2.1.8)."""
    slapd = start("TLSVerifyClient demand", MAPPED)
    with client.connect(by_certificate(slapd, sync_certificate, bind_dn=slapd.reader_dn)) as session:
        assert len(people(session)) == 300
    with pytest.raises(BindRefused, match="SASL EXTERNAL") as caught:
        client.connect(by_certificate(slapd, sync_certificate, bind_dn=slapd.stranger_dn))
    assert "authz-regexp" in caught.value.remedy


def test_a_server_that_does_not_ask_for_certificates(start: Start, sync_certificate: Certificates) -> None:
    """A server that has not been set up for certificates refuses the bind, and the remedy names its settings."""
    with pytest.raises(BindRefused, match="SASL EXTERNAL") as caught:
        client.connect(by_certificate(start(), sync_certificate))
    assert "TLSVerifyClient" in caught.value.remedy


@pytest.mark.parametrize("encryption", [Encryption.START_TLS, Encryption.LDAPS])
def test_a_server_that_wants_a_certificate_gets_none(start: Start, encryption: Encryption) -> None:
    """Without a certificate where one is demanded, the error names the setting to fill."""
    slapd = start("TLSVerifyClient demand")
    with pytest.raises(DirectoryError) as caught:
        client.connect(settings_of(slapd, encryption=encryption))
    assert "client_certificate" in caught.value.remedy, caught.value


def test_a_certificate_of_an_authority_that_the_server_does_not_know(start: Start, tmp_path: Path) -> None:
    """A certificate that somebody else has signed is refused, and the error says why that may be."""
    stranger = make_client_certificate(make_certificates(tmp_path / "others"), tmp_path / "other", "/O=clients/CN=sync")
    slapd = start("TLSVerifyClient demand", MAPPED)
    with pytest.raises(DirectoryError) as caught:
        client.connect(by_certificate(slapd, stranger))
    assert "client_certificate" in caught.value.remedy, caught.value


@pytest.mark.parametrize("encryption", [Encryption.START_TLS, Encryption.LDAPS])
def test_a_certificate_of_another_name_says_both_names(start: Start, tmp_path: Path, encryption: Encryption) -> None:
    """A certificate made out to others is refused with the name that was expected and those that were found."""
    others = make_certificates(tmp_path / "others", "DNS:dc1.example.com,IP:192.0.2.7")
    slapd = start(certificates=others)
    with pytest.raises(DirectoryError) as caught:
        client.connect(settings_of(slapd, encryption=encryption))
    assert "expected to name 127.0.0.1, but names dc1.example.com, 192.0.2.7" in caught.value.message
    assert not isinstance(caught.value, DirectoryUnavailable)


def test_one_wrong_certificate_does_not_stop_the_use_of_another_server(
    start: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A server whose certificate does not verify is said and passed over; nothing but a handshake was sent to it."""
    wrong = start(certificates=make_certificates(tmp_path / "others"))
    good = start()
    addresses = (f"{wrong.host}:{wrong.port}", f"{good.host}:{good.port}")
    settings = settings_of(good, addresses=addresses, encryption=Encryption.START_TLS)
    with caplog.at_level(logging.WARNING), client.connect(settings) as session:
        assert session.server == addresses[1]
    assert f"{addresses[0]} is passed over, next is {addresses[1]}" in caplog.text
    assert "certificate" in caplog.text
    with pytest.raises(DirectoryError, match="certificate") as caught:
        client.connect(replace(settings, addresses=addresses[:1]))
    assert "`ca_file`" in caught.value.remedy
    assert str(good.ca_file) in caught.value.message


@pytest.mark.parametrize("share", [0.1, 0.8])
def test_a_read_that_breaks_begins_anew_on_the_next_server(
    start: Start, caplog: pytest.LogCaptureFixture, share: float
) -> None:
    """The first server dies in the middle of its pages: the result is that of the second alone, page for page."""
    first, second = start(), start()
    with client.connect(settings_of(second)) as session:
        alone = people(session)
    with (
        relaying(first.port, 10**9, first.kill) as relay,
        client.connect(settings_of(first, port=relay.port)) as session,
    ):
        people(session)
        whole = 10**9 - relay.left
    begun: list[str] = []

    def read(session: Session) -> list[str]:
        begun.append(session.server)
        return people(session)

    with relaying(first.port, int(whole * share), first.kill) as relay:
        addresses = (f"127.0.0.1:{relay.port}", f"127.0.0.1:{second.port}")
        with caplog.at_level(logging.WARNING):
            assert on_one_server(settings_of(second, addresses=addresses), read) == alone
        assert relay.struck
    assert begun == list(addresses)
    assert f"{addresses[0]} is passed over, next is {addresses[1]}" in caplog.text
    assert "was lost during the search for users" in caplog.text


@contextmanager
def stalling(slapd: Slapd) -> Iterator[Relay]:
    """Relay to a server and stop in the middle of an answer."""
    over = threading.Event()

    def wait() -> None:
        over.wait(30)

    with relaying(slapd.port, 5000, wait) as relay:
        try:
            yield relay
        finally:
            over.set()


def test_a_server_that_stalls_in_a_read_is_given_up(start: Start) -> None:
    """A server that stops answering is waited for as long as settings say; then the next is asked, or it is said."""
    first, second = start(), start()
    with stalling(first) as one, stalling(first) as other:
        addresses = (f"127.0.0.1:{one.port}", f"127.0.0.1:{second.port}")
        assert len(on_one_server(settings_of(second, addresses=addresses, answer_timeout=0.5), people)) == 300
        assert one.struck
        with pytest.raises(DirectoryUnavailable, match="did not answer in time during the search for users") as caught:
            on_one_server(settings_of(first, port=other.port, answer_timeout=0.5), people)
        assert "time-out" in caught.value.remedy


def test_when_every_server_fails_each_is_named(start: Start) -> None:
    """One cut in the middle, one that is not there: both are in the error, with their reasons; it is temporary."""
    first = start()
    with relaying(first.port, 5000, first.kill) as relay:
        addresses = (f"127.0.0.1:{relay.port}", "127.0.0.1:1")
        with pytest.raises(DirectoryUnavailable) as caught:
            on_one_server(settings_of(first, addresses=addresses), people)
    assert f"The connection to {addresses[0]} was lost during the search for users" in caught.value.message
    assert f"{addresses[1]} refuses the connection" in caught.value.message
