"""Reads how we say who we are to a directory, and refuses what could never work. No I/O but for the files named."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ldap2scim.directory.settings import Authentication, DirectoryKind, Encryption
from ldap2scim.secret import Secret
from ldap2scim.settings.dn_checks import dn
from ldap2scim.settings.reading import Field, Parser, Section, Unfit
from ldap2scim.settings.secret_values import password
from ldap2scim.settings.values import filled, one_of, readable

_NAMELESS: Final = {
    Authentication.EXTERNAL: "the client certificate",
    Authentication.KERBEROS: "the Kerberos ticket",
}
"""What says who we are where no bind name does."""
_LOOKS_LIKE_A_DN = re.compile(r"[A-Za-z][A-Za-z0-9.-]*\s*=")
_LOGON_NAME = re.compile(r"[^\\@=,]+\\[^\\]+")


@dataclass(frozen=True, slots=True)
class Login:
    """What is written about it."""

    authentication: Authentication
    bind_dn: str | None
    bind_password: Secret | None
    client_certificate: Path | None
    client_key: Path | None


@dataclass(frozen=True, slots=True)
class Naming:
    """Where a form of the file has the bind name and its password."""

    section: Section
    name: str
    password: str

    def written(self) -> tuple[str, ...]:
        """Return those of the two keys that are written."""
        return tuple(key for key in (self.name, self.password) if self.section.get(key))


def read_login(section: Section, naming: Naming, kind: DirectoryKind, encryption: Encryption) -> Login:
    """Return what is written about the bind; `section` holds what `naming` does not. Problems are in its reading."""
    authentication = section.take("authentication", one_of(Authentication), Authentication.SIMPLE)
    login = Login(
        authentication=authentication,
        bind_dn=naming.section.take(naming.name, _bind_name(kind, authentication), None),
        bind_password=naming.section.take(naming.password, password, None),
        client_certificate=section.take("client_certificate", readable, None),
        client_key=section.take("client_key", readable, None),
    )
    _check_certificate(section, login, encryption)
    if authentication is Authentication.NTLM and kind is not DirectoryKind.ACTIVE_DIRECTORY:
        text = "cannot be `ntlm`, which Active Directory alone understands; this directory's kind is"
        section.problem("authentication", f"{text} `{kind.value}`.")
    if authentication is Authentication.EXTERNAL and encryption is Encryption.NONE:
        text = "cannot be `external` with `encryption: none`: a certificate is shown over TLS alone. Write"
        section.problem("authentication", f"{text} `encryption: ldaps` or `encryption: start_tls`.")
    return login


def check_native(naming: Naming, authentication: Authentication) -> None:
    """Refuse half a bind, and a name that nobody would look at; both left out is an anonymous bind."""
    section, written = naming.section, naming.written()
    if authentication in _NAMELESS:
        for key in written:
            section.problem(key, f"{_unneeded(authentication)}; take it away.")
    elif written == (naming.name,):
        # It would be an anonymous bind (RFC 4513 §5.1.2).
        section.problem(
            naming.password, f"is missing beside `{naming.name}`; write it as `${{NAME}}` or `{{file: PATH}}`."
        )
    elif written == (naming.password,):
        text = f"is missing beside `{naming.password}`; write both, or none for an anonymous bind."
        section.problem(naming.name, text)
    elif not written and authentication is Authentication.NTLM:
        section.problem(naming.name, "is missing beside `authentication: ntlm`; write it as `DOMAIN\\user`.")


def check_original(naming: Naming, login: Login, secret_hint: str | None) -> Login:
    """Require name and password, as the original does; return the login without them where nobody looks at them.

    They may stay written for the original's sake when our block says how to bind.
    """
    written = naming.written()
    if login.authentication in _NAMELESS:
        for key in written:
            naming.section.note(key, f"{_unneeded(login.authentication)}, and is not looked at.")
        return replace(login, bind_dn=None, bind_password=None)
    if naming.name not in written:
        naming.section.problem(naming.name, "is missing; write it.")
    if naming.password not in written and secret_hint is not None:
        naming.section.problem(naming.password, f"is missing; write it{secret_hint}.")
    return login


def _unneeded(authentication: Authentication) -> str:
    holder = _NAMELESS[authentication]
    return f"is not needed with `authentication: {authentication.value}`, since {holder} says who we are"


def _bind_name(kind: DirectoryKind, authentication: Authentication) -> Parser[str]:
    """Make a reader of the bind name: a DN (RFC 4511 §4.2), or another name that Active Directory takes."""

    def parse(field: Field) -> str:
        value = filled(field)
        if authentication is Authentication.NTLM and not _LOGON_NAME.fullmatch(value):
            raise Unfit("must be `DOMAIN\\user` with `authentication: ntlm`.")
        simple = authentication is Authentication.SIMPLE
        if simple and (kind is DirectoryKind.OPENLDAP or _LOOKS_LIKE_A_DN.match(value)):
            return dn(field)
        return value

    return parse


def _check_certificate(section: Section, login: Login, encryption: Encryption) -> None:
    certificate, key = section.get("client_certificate"), section.get("client_key")
    wanted = login.authentication is Authentication.EXTERNAL
    if wanted and not certificate:
        text = "is missing beside `authentication: external`; write the PEM file of the certificate to show."
        section.problem("client_certificate", text)
    elif key and not certificate:
        text = "has no effect without `client_certificate`; write the PEM file of the certificate beside it."
        section.problem("client_key", text)
    elif certificate and encryption is Encryption.NONE and not wanted:
        text = "is never shown with `encryption: none`; take it away, or write `encryption: ldaps` or `start_tls`."
        section.problem("client_certificate", text)
    # Without a file of its own the private key is in that of the certificate.
    private = login.client_key or login.client_certificate
    if private:
        section.reading.clear_files.add(str(private))
