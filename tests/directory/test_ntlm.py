"""The NTLM bind of Active Directory, which no server here takes (Samba refuses this form).

What we send is checked by a server that is no directory: it knows three messages, and the hashes of one password as
[MS-NLMP] §4.2 publishes them, so that the proof is checked without code of ours that could make the same mistake.
"""

import hmac
import struct
import sys
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace

import pytest

from ldap2scim.directory.ber import inner
from ldap2scim.directory.client import connect
from ldap2scim.directory.settings import Authentication, DirectorySettings
from ldap2scim.errors import BindRefused, DirectoryError, DirectoryUnavailable
from ldap2scim.secret import Secret
from tests.directory.little_server import BIND, LittleServer

MakeSettings = Callable[..., DirectorySettings]
NAME, PASSWORD = "Domain\\User", "Password"
HASH = bytes.fromhex("a4f49c406510bdcab6824ee7c30fd852")
"""[MS-NLMP] §4.2.2.1.2: NTOWFv1 of the password, its MD4."""
KEY = bytes.fromhex("0c868a403bfd7a93a3001ef22ef02e3f")
"""[MS-NLMP] §4.2.4.1.1: NTOWFv2 of password, user and domain."""
DISCOVERY, NEGOTIATE, RESPONSE = 0x89, 0x8A, 0x8B
"""[MS-ADTS] §5.1.1.1.3: the choices of authentication in a bind request."""
SIGN, SEAL = 0x10, 0x20
CHALLENGE = bytes.fromhex("0123456789abcdef")


class NtlmServer(LittleServer):
    """Takes the NTLM bind of one user, and remembers the flags that were asked for."""

    def __init__(self, packages: bytes = b"NTLM") -> None:
        self.packages = packages
        self.flags = 0
        self.proven = False
        self.ends = False
        """Whether it ends the connection instead of answering."""
        super().__init__()

    def result(self, kind: int, request: bytes) -> tuple[int, bytes, str]:
        """Answer the three steps."""
        if self.ends:
            raise ConnectionAbortedError
        if kind != BIND:
            return super().result(kind, request)
        start, end = inner(request, 0, BIND, len(request))
        _, start = inner(request, start, 0x02, end)
        _, start = inner(request, start, 0x04, end)
        step = request[start]
        start, end = inner(request, start, step, end)
        if step == DISCOVERY:
            return 0, self.packages, ""
        if step == NEGOTIATE:
            self.flags |= struct.unpack_from("<I", request, start + 12)[0]
            return 0, challenge(), ""
        if step == RESPONSE:
            return self.check(request[start:end])
        return 7, b"", "this server takes NTLM alone"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""

    def check(self, message: bytes) -> tuple[int, bytes, str]:
        """Check the proof of the password ([MS-NLMP] §3.3.2)."""
        self.flags |= struct.unpack_from("<I", message, 60)[0]
        length, _, offset = struct.unpack_from("<HHI", message, 20)
        proof, rest = message[offset : offset + 16], message[offset + 16 : offset + length]
        self.proven = hmac.new(KEY, CHALLENGE + rest, "md5").digest() == proof
        refusal = "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data 52e, v4563"
        return (0, b"", "") if self.proven else (49, b"", refusal)


def challenge() -> bytes:
    """Return a CHALLENGE_MESSAGE ([MS-NLMP] §2.2.1.2)."""
    domain = "Domain".encode("utf-16-le")
    target = struct.pack("<HH", 2, len(domain)) + domain + struct.pack("<HH", 0, 0)
    # Unicode, target wanted, NTLM, always sign, a domain, extended session security, target info, 128 bits.
    flags = 0x1 | 0x4 | 0x200 | 0x8000 | 0x10000 | 0x80000 | 0x800000 | 0x20000000
    head = b"NTLMSSP\0" + struct.pack("<IHHII", 2, len(domain), len(domain), 56, flags) + CHALLENGE + bytes(8)
    return head + struct.pack("<HHI", len(target), len(target), 56 + len(domain)) + bytes(8) + domain + target


@pytest.fixture
def start_ntlm() -> Iterator[Callable[..., NtlmServer]]:
    """Return a maker of servers; they are closed at the end."""
    servers: list[NtlmServer] = []

    def start(packages: bytes = b"NTLM") -> NtlmServer:
        servers.append(NtlmServer(packages))
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


Start = Callable[..., NtlmServer]


@pytest.fixture
def md4(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for pycryptodome, which is an extra: it knows the published MD4 of this one password."""
    known = {PASSWORD.encode("utf-16-le"): HASH}
    hashes = ModuleType("Crypto.Hash")
    hashes.MD4 = SimpleNamespace(  # type: ignore[attr-defined] # a module of our own
        new=lambda data: SimpleNamespace(digest=lambda: known.get(data, bytes(16)))
    )
    monkeypatch.setitem(sys.modules, "Crypto", ModuleType("Crypto"))
    monkeypatch.setitem(sys.modules, "Crypto.Hash", hashes)


@pytest.fixture
def ntlm(make_settings: MakeSettings) -> MakeSettings:
    """Return a maker of settings for the NTLM bind at a server."""

    def make(**changes: object) -> DirectorySettings:
        values = {"authentication": Authentication.NTLM, "bind_dn": NAME, "bind_password": Secret(PASSWORD)}
        return make_settings(**(values | changes))

    return make


@pytest.mark.usefixtures("md4")
def test_the_password_is_proven_and_never_sent(ntlm: MakeSettings, start_ntlm: Start) -> None:
    """The proof is right; neither signing nor sealing is asked for, which our reader could not follow."""
    server = start_ntlm()
    with connect(ntlm(addresses=(server.address,))) as session:
        assert session.server == server.address
    assert server.proven
    assert not server.flags & (SIGN | SEAL)
    assert PASSWORD.encode("utf-16-le") not in server.octets
    assert PASSWORD.encode() not in server.octets


@pytest.mark.usefixtures("md4")
def test_a_wrong_password_is_explained(ntlm: MakeSettings, start_ntlm: Start) -> None:
    """A refused proof is said as a wrong password, at the first server only."""
    first, second = start_ntlm(), start_ntlm()
    with pytest.raises(BindRefused, match="the password is wrong") as caught:
        connect(ntlm(addresses=(first.address, second.address), bind_password=Secret("guess")))
    assert "the NTLM bind as Domain\\User" in caught.value.message
    assert "guess" not in repr(caught.value)
    assert second.received == []


@pytest.mark.parametrize("packages", [b"", b"DPA;Kerberos"])
def test_success_without_ntlm_is_no_bind(ntlm: MakeSettings, start_ntlm: Start, packages: bytes) -> None:
    """A server that answers the first question with success but has no NTLM has not bound anybody."""
    with pytest.raises(BindRefused, match="has no NTLM"):
        connect(ntlm(addresses=(start_ntlm(packages).address,)))


def test_a_server_that_knows_nothing_of_it(ntlm: MakeSettings, start_ntlm: Start) -> None:
    """A server that refuses the kind of bind is explained, with what to use instead."""
    server = LittleServer(bind_code=7)
    with pytest.raises(BindRefused, match="authMethodNotSupported") as caught:
        connect(ntlm(addresses=(server.address,)))
    server.shutdown()
    server.server_close()
    assert "authentication: kerberos" in caught.value.remedy


@pytest.mark.usefixtures("md4")
@pytest.mark.parametrize("kept", [0, 10, 75])
def test_a_challenge_that_makes_no_sense(
    ntlm: MakeSettings, start_ntlm: Start, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    """A challenge that is cut or filled with zeros is an error with words."""
    whole = challenge()
    monkeypatch.setattr(sys.modules[__name__], "challenge", lambda: whole[:kept])
    with pytest.raises(DirectoryError, match="makes no sense"):
        connect(ntlm(addresses=(start_ntlm().address,)))


def test_without_md4_the_package_is_named(
    ntlm: MakeSettings, start_ntlm: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where neither Python nor a package has MD4, the error has the line to install it."""
    monkeypatch.setitem(sys.modules, "Crypto", None)
    monkeypatch.setattr("ldap3.utils.ntlm.hashlib.new", no_md4)
    with pytest.raises(BindRefused, match="MD4") as caught:
        connect(ntlm(addresses=(start_ntlm().address,)))
    assert "pip install 'ldap2scim[ntlm]'" in caught.value.remedy


def no_md4(name: str, _data: bytes) -> object:
    """Refuse as OpenSSL 3 does."""
    raise ValueError(f"unsupported hash type {name}")


@pytest.mark.parametrize("name", [None, "User", "\\User", "Domain\\", "cn=sync,dc=example,dc=com"])
def test_the_form_of_the_name_is_checked_first(ntlm: MakeSettings, start_ntlm: Start, name: str | None) -> None:
    """A bind DN of another form is refused before any connection."""
    server = start_ntlm()
    with pytest.raises(BindRefused, match=r"DOMAIN\\user"):
        connect(ntlm(addresses=(server.address,), bind_dn=name))
    assert server.octets == b""


def test_a_connection_that_is_ended_is_explained(ntlm: MakeSettings, start_ntlm: Start) -> None:
    """Samba ends the connection; the remedy says that it has no NTLM of this form."""
    server = start_ntlm()
    server.ends = True
    with pytest.raises(DirectoryUnavailable, match="ended the connection") as caught:
        connect(ntlm(addresses=(server.address,)))
    assert "Samba" in caught.value.remedy
