"""The Kerberos bind without a domain: which security layer is chosen, what is missing, what ties it to TLS.

Against a real domain controller: tests/integration/test_kerberos.py.
"""

import base64
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from ldap2scim.directory import kerberos
from ldap2scim.directory.client import connect
from ldap2scim.directory.settings import Authentication, DirectorySettings
from ldap2scim.errors import BindRefused, DirectoryError
from tests.directory.little_server import LittleServer
from tests.servers.certificates import make_certificates

MakeSettings = Callable[..., DirectorySettings]


class ScriptedContext:
    """A security context of gssapi that is complete after two steps; the server offers the given layers."""

    def __init__(self, offered: bytes) -> None:
        self.complete = False
        self._offered = offered

    def step(self, token: bytes | None) -> bytes | None:
        """Go on with the server's token."""
        self.complete = token is not None
        return b"ticket" if token is None else None

    def unwrap(self, token: bytes) -> SimpleNamespace:
        """Open the server's last token."""
        assert token == b"wrapped layers"
        return SimpleNamespace(message=self._offered)

    def wrap(self, message: bytes, encrypt: bool) -> SimpleNamespace:
        """Close our answer."""
        assert not encrypt
        return SimpleNamespace(message=b"wrapped " + message)


def exchange(offered: bytes) -> list[bytes]:
    """Return what was sent to a server that offers these layers."""
    sent: list[bytes] = []

    def send(token: bytes) -> bytes:
        sent.append(token)
        return b"mutual" if len(sent) == 1 else b"wrapped layers"

    def send_last(token: bytes) -> bytes:
        sent.append(token)
        return b""

    kerberos.negotiate(ScriptedContext(offered), "dc1.example.com", send, send_last)
    return sent


@pytest.mark.parametrize("offered", [b"\1\0\0\0", b"\7\0\xff\xff", b"\1\0\xff\xff", b"\3\0\0\0"])
def test_no_security_layer_is_chosen(offered: bytes) -> None:
    """Whatever else the server offers, no layer is chosen, of no size; a server that offers nothing else is fine."""
    assert exchange(offered) == [b"ticket", b"", b"wrapped \1\0\0\0"]


@pytest.mark.parametrize("offered", [b"\2\0\xff\xff", b"\4\0\xff\xff", b"\6\0\xff\xff", b"\0\0\0\0", b"", b"\1"])
def test_a_server_that_insists_on_a_layer_is_refused(offered: bytes) -> None:
    """Signing or sealing alone is refused with what to use instead, and no answer is sent."""
    with pytest.raises(DirectoryError, match="insists on signed or sealed") as caught:
        exchange(offered)
    assert "start_tls" in caught.value.remedy


def test_without_the_package_the_line_to_install_it_is_said(
    make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where gssapi is not installed, nothing is connected to, and the error has the lines to install it."""
    monkeypatch.setitem(sys.modules, "gssapi", None)
    server = LittleServer()
    settings = make_settings(addresses=(server.address,), authentication=Authentication.KERBEROS, bind_password=None)
    with pytest.raises(BindRefused, match="needs the package gssapi") as caught:
        connect(settings)
    server.shutdown()
    server.server_close()
    assert "pip install 'ldap2scim[kerberos]'" in caught.value.remedy
    assert "libkrb5-dev" in caught.value.remedy
    assert server.octets == b""


def test_the_bind_is_tied_to_the_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The channel binding is the hash of the server's certificate (RFC 5929 §4.1)."""
    text = make_certificates(tmp_path).certificate_file.read_text()
    der = base64.b64decode("".join(line for line in text.splitlines() if "-----" not in line))
    assert kerberos.end_point(der) == b"tls-server-end-point:" + hashlib.sha256(der).digest()
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(BindRefused, match="package cryptography"):
        kerberos.end_point(der)
