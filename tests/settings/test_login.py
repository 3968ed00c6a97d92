"""How we say who we are to a directory: what cannot work is refused before any connection."""

from pathlib import Path

import pytest

from ldap2scim.directory.settings import Authentication
from ldap2scim.secret import Secret
from tests.settings.texts import CONFIG, NATIVE, Failing, Loader


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    """Return a file of its owner that can be read, beside the settings."""
    path = tmp_path / "client.pem"
    path.write_text("-----BEGIN CERTIFICATE-----\n", encoding="ascii")
    path.chmod(0o600)
    return path


def with_lines(lines: str, kind: str = "active-directory") -> str:
    """Return the least file with lines added to its directory."""
    added = "".join(f"    {line}\n" for line in lines.splitlines())
    return NATIVE.replace("openldap", kind).replace("    base_dn", f"{added}    base_dn")


NTLM = "authentication: ntlm\nbind_dn: 'CORP\\sync'\nbind_password: ${LDAP_PASSWORD}"
EXTERNAL = "authentication: external\nclient_certificate: client.pem"


def test_a_simple_bind_is_the_usual_one(native: Loader) -> None:
    """Nothing written is the anonymous simple bind; name and password are one with a name."""
    assert native().directories[0].settings.authentication is Authentication.SIMPLE
    found = native(with_lines("bind_dn: sync@corp.example\nbind_password: ${LDAP_PASSWORD}")).directories[0].settings
    assert (found.authentication, found.bind_dn) == (Authentication.SIMPLE, "sync@corp.example")


def test_each_way_to_bind_reaches_its_setting(native: Loader, pem: Path) -> None:
    """NTLM has name and password, EXTERNAL a certificate with its key, Kerberos nothing."""
    found = native(with_lines(NTLM)).directories[0].settings
    assert (found.authentication, found.bind_dn) == (Authentication.NTLM, "CORP\\sync")
    assert found.bind_password == Secret("open sesame")
    found = native(with_lines(f"{EXTERNAL}\nclient_key: client.pem\nencryption: ldaps")).directories[0].settings
    assert (found.authentication, found.client_certificate, found.client_key) == (Authentication.EXTERNAL, pem, pem)
    for kind in ("openldap", "active-directory"):
        found = native(with_lines("authentication: kerberos", kind)).directories[0].settings
        assert (found.authentication, found.bind_dn) == (Authentication.KERBEROS, None)


@pytest.mark.usefixtures("pem")
@pytest.mark.parametrize(
    ("lines", "messages"),
    [
        (
            "authentication: external",
            ["`directories.main.client_certificate` is missing beside `authentication: external`"],
        ),
        (
            f"{EXTERNAL}\nencryption: none",
            ["`directories.main.authentication` cannot be `external` with `encryption: none`"],
        ),
        (
            f"{EXTERNAL}\nbind_dn: cn=x\nbind_password: ${{LDAP_PASSWORD}}",
            [
                "`directories.main.bind_dn` is not needed with `authentication: external`, since the client",
                "`directories.main.bind_password` is not needed with `authentication: external`",
            ],
        ),
        (
            "authentication: kerberos\nbind_dn: sync@CORP.EXAMPLE",
            ["`directories.main.bind_dn` is not needed with `authentication: kerberos`, since the Kerberos ticket"],
        ),
        ("authentication: ntlm", ["`directories.main.bind_dn` is missing beside `authentication: ntlm`"]),
        ("authentication: ntlm\nbind_dn: 'CORP\\sync'", ["`directories.main.bind_password` is missing beside"]),
        (NTLM.replace("CORP\\sync", "CN=sync,DC=corp"), ["`directories.main.bind_dn` must be `DOMAIN\\user`"]),
        (NTLM.replace("CORP\\sync", "sync@corp"), ["`directories.main.bind_dn` must be `DOMAIN\\user`"]),
        ("client_key: client.pem", ["`directories.main.client_key` has no effect without `client_certificate`"]),
        (
            "client_certificate: client.pem\nencryption: none",
            ["`directories.main.client_certificate` is never shown with `encryption: none`"],
        ),
        (
            "client_certificate: none.pem\nclient_key: none.key\nca_file: none.ca",
            [
                "none.pem, which cannot be read: No such file or directory",
                "none.key, which cannot be read: No such file or directory",
                "none.ca, which cannot be read: No such file or directory",
            ],
        ),
        ("authentication: sasl", ["known are simple, external, ntlm, kerberos"]),
        (
            "bind_dn: 'CN=sync,OU=Svc,corp'\nbind_password: ${LDAP_PASSWORD}",
            ["`directories.main.bind_dn` is no DN (RFC 4514) such as `dc=example,dc=com`: column 16 of its text"],
        ),
    ],
)
def test_a_bind_that_could_never_work(native: Loader, problems: Failing, lines: str, messages: list[str]) -> None:
    """Each half, contradiction or missing file is one problem on its line, and all come at once."""
    found = problems(native, with_lines(lines))
    assert len(found) == len(messages)
    for problem, message in zip(found, messages, strict=True):
        assert message in problem
        assert problem.startswith("ldap2scim.yml:")


def test_ntlm_is_for_active_directory(native: Loader, problems: Failing) -> None:
    """No other directory understands it."""
    (problem,) = problems(native, with_lines(NTLM, "generic"))
    assert "cannot be `ntlm`, which Active Directory alone understands; this directory's kind is `generic`" in problem


def test_openldap_wants_a_dn(native: Loader, problems: Failing) -> None:
    """A logon name, which Active Directory takes, is none."""
    lines = "bind_dn: sync@corp.example\nbind_password: ${LDAP_PASSWORD}"
    (problem,) = problems(native, with_lines(lines, "openldap"))
    assert "`directories.main.bind_dn` is no DN" in problem


@pytest.mark.parametrize(("key", "exposed"), [("", "client.pem"), ("client_key: client.key", "client.key")])
def test_a_private_key_that_everybody_may_read_is_noted(native: Loader, pem: Path, key: str, exposed: str) -> None:
    """The key is in its own file, or in that of the certificate."""
    for file in (pem, pem.with_name("client.key")):
        file.write_text("-----BEGIN", encoding="ascii")
        file.chmod(0o600)
    text = with_lines(f"{EXTERNAL}\n{key}\nencryption: ldaps")
    assert native(text).notes == ()
    pem.with_name(exposed).chmod(0o644)
    (note,) = native(text).notes
    assert f"{exposed}: holds a secret and may be read by everybody" in note


def test_a_file_that_may_not_be_read_is_no_certificate(native: Loader, problems: Failing, pem: Path) -> None:
    """A folder in the place of a file is refused like a missing one."""
    pem.unlink()
    pem.mkdir()
    (problem,) = problems(native, with_lines(f"{EXTERNAL}\nencryption: ldaps"))
    assert "client.pem, which cannot be read: Is a directory" in problem


OURS = "ldap2scim:\n  directory:\n"


def test_the_original_takes_another_bind_from_our_block(original: Loader) -> None:
    """Name and password may stay for the original's sake; a note says that nobody looks at them."""
    settings = original(f"{CONFIG}{OURS}    authentication: kerberos\n")
    found = settings.directories[0].settings
    assert (found.authentication, found.bind_dn, found.bind_password) == (Authentication.KERBEROS, None, None)
    first, second = settings.notes
    assert "`ad.ldap.server.user` is not needed with `authentication: kerberos`" in first
    assert "`ad.ldap.server.password` is not needed" in second


def test_the_original_needs_no_name_with_another_bind(original: Loader, problems: Failing) -> None:
    """With a ticket neither name nor password need be written, and with NTLM both must be."""
    bare = CONFIG.replace("      user: 'CN=sync,DC=corp,DC=example'\n", "")
    secret = "iid:\n  scim:\n    token: t0ken\n"
    assert original(f"{bare}{OURS}    authentication: kerberos\n", secret).notes == ()
    found = problems(original, f"{bare}{OURS}    authentication: ntlm\n", secret)
    assert ["is missing; write it" in problem for problem in found] == [True, True]
