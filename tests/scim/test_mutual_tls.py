"""A service that wants to see a certificate of ours."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ldap2scim.errors import ServiceError, SettingsError
from ldap2scim.scim.client import connect
from ldap2scim.scim.requests import SERVICE_PROVIDER_CONFIG
from ldap2scim.scim.settings import Leavers, ServiceSettings
from ldap2scim.scim.tls import permanent_cause
from tests.servers.certificates import Certificates, make_certificates, make_client_certificate


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with the name in the client's certificate."""
        assert isinstance(self.connection, ssl.SSLSocket)
        name = str((self.connection.getpeercert() or {}).get("subject"))
        body = f'{{"documentationUri": "{name}"}}'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/scim+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a refused handshake is the point."""


@contextmanager
def service(made: Certificates) -> Iterator[int]:
    """Serve over TLS to whoever has a certificate of the authority; give the port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=made.ca_file)
    context.load_cert_chain(made.certificate_file, made.key_file)
    context.verify_mode = ssl.CERT_REQUIRED
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority with a server certificate."""
    return make_certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def client(made: Certificates) -> Certificates:
    """A certificate of the same authority for us."""
    return make_client_certificate(made, made.ca_file.with_name("client"), "/CN=ldap2scim")


def settings(
    port: int, made: Certificates, certificate: Path | None = None, key: Path | None = None
) -> ServiceSettings:
    """Return the way to the server."""
    return ServiceSettings(
        profile="generic",
        base_url=f"https://127.0.0.1:{port}/v2",
        token=None,
        leavers=Leavers.DEACTIVATE,
        user_filter="",
        group_filter="",
        ca_file=made.ca_file,
        retry_budget=0,
        timeout=5,
        client_certificate=certificate,
        client_key=key,
    )


async def test_our_certificate_is_shown(made: Certificates, client: Certificates) -> None:
    """From a file of its own or together with its key."""
    both = client.certificate_file.with_name("both.pem")
    both.write_bytes(client.certificate_file.read_bytes() + client.key_file.read_bytes())
    with service(made) as port:
        for files in ((client.certificate_file, client.key_file), (both, None)):
            async with connect(settings(port, made, *files)) as connection:
                answer = await connection.send(SERVICE_PROVIDER_CONFIG)
                assert "'ldap2scim'" in str((answer.body or {})["documentationUri"])


async def test_without_a_certificate_the_setting_is_named(made: Certificates) -> None:
    """In TLS 1.3 the refusal comes after the handshake, and our request may lose it: either way the key is named."""
    with service(made) as port:
        async with connect(settings(port, made)) as connection:
            with pytest.raises(ServiceError, match="`client_certificate`"):
                await connection.send(SERVICE_PROVIDER_CONFIG)


async def test_a_certificate_of_a_stranger_is_refused(made: Certificates, tmp_path: Path) -> None:
    """It is one error of ours, whose words have the certificate in them."""
    other = make_certificates(tmp_path / "other")
    stranger = make_client_certificate(other, tmp_path / "stranger", "/CN=stranger")
    with service(made) as port:
        async with connect(settings(port, made, stranger.certificate_file, stranger.key_file)) as connection:
            with pytest.raises(ServiceError, match="client certificate"):
                await connection.send(SERVICE_PROVIDER_CONFIG)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "wants a certificate of ours"),
        ("TLSV1_ALERT_UNKNOWN_CA", "refuses our client certificate (unknown ca)"),
        ("SSLV3_ALERT_BAD_CERTIFICATE", "refuses our client certificate (bad certificate)"),
        ("WRONG_VERSION_NUMBER", "does not speak TLS"),
    ],
)
def test_what_an_alert_says(reason: str, words: str) -> None:
    """The alerts of RFC 8446 §6.2 about certificates are about ours: those about theirs are errors of ours."""
    error = ssl.SSLError(1, reason)
    error.reason = reason
    assert words in str(permanent_cause(error))


def test_files_that_do_not_go_together(made: Certificates, client: Certificates, tmp_path: Path) -> None:
    """A foreign key, a certificate without a key, and no certificate at all are told before anything is connected."""
    empty = tmp_path / "empty.pem"
    empty.touch()
    for files, word in (
        ((client.certificate_file, made.key_file), "not that of the certificate"),
        ((client.certificate_file, None), "in PEM"),
        ((empty, None), "in PEM"),
        ((tmp_path / "missing.pem", None), "No such file"),
    ):
        with pytest.raises(SettingsError, match=word):
            connect(settings(1, made, *files))
