"""Reads `mail`: the administrator's own mail server, and the message to people who were created.

Reads the template's file.
"""

from string import Template

from ldap2scim.settings.mail_settings import MailEncryption, MailSettings
from ldap2scim.settings.reading import Field, Section, Unfit
from ldap2scim.settings.secret_values import LARGEST, password
from ldap2scim.settings.values import filled, is_loopback, number, one_of, path, raw_text, readable, whole

PLACEHOLDERS = ("login", "name", "given_name", "family_name", "address")
"""What `$NAME` may stand for in subject and template."""


_PORTS = {MailEncryption.START_TLS: 587, MailEncryption.TLS: 465, MailEncryption.NONE: 25}


def read_mail(section: Section) -> MailSettings | None:
    """Return the settings; None where none are written."""
    if section.node is None:
        return None
    encryption = section.take("encryption", one_of(MailEncryption), MailEncryption.START_TLS)
    found = MailSettings(
        server=section.require("server", filled, "mail.invalid"),
        port=section.take("port", whole(1, 65535), _PORTS[encryption]),
        encryption=encryption,
        user=section.take("user", filled, None),
        password=section.take("password", password, None),
        sender=section.require("from", sender, "nobody@mail.invalid"),
        subject=section.require("subject", subject, ""),
        template=section.require("template", template, "", ": the path of a text file"),
        ca_file=section.take("ca_file", readable, None),
        timeout=section.take("timeout", number(1, 600), 30.0),
    )
    if (found.user is None) is not (found.password is None):
        section.problem("user" if found.user is None else "password", "is missing: user and password go together.")
    if found.password is not None and encryption is MailEncryption.NONE and not is_loopback(found.server):
        section.problem("encryption", "is `none`: the password would go in clear. Write `start_tls` or `tls`.")
    section.finish()
    return found


def sender(field: Field) -> str:
    """Return the text of a `From`."""
    value = filled(field)
    if "@" not in value or not value.isprintable():
        raise Unfit("must be an address, such as `IT desk <it@example.com>`.")
    return value


def subject(field: Field) -> str:
    """Return the subject, with placeholders; `${NAME}` is one of them, and no variable of the environment."""
    value = raw_text(field.node).strip()
    if not value.isprintable():
        raise Unfit("must be one line.")
    return _checked(value)


def template(field: Field) -> str:
    """Return the text of the template's file."""
    file = path(field)
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise Unfit(f"names the file {file}, which cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise Unfit(f"names the file {file}, which is not UTF-8.") from None
    if len(data) > LARGEST or not text.strip():
        raise Unfit(f"names the file {file}, which is {'too large' if text.strip() else 'empty'}.")
    return _checked(text)


def _checked(text: str) -> str:
    asked = Template(text)
    unknown = sorted(set(asked.get_identifiers()) - set(PLACEHOLDERS))
    if not asked.is_valid():
        raise Unfit("has a `$` that begins no placeholder; write `$$` for the sign itself.")
    if unknown:
        known = ", ".join(f"${name}" for name in PLACEHOLDERS)
        raise Unfit(f"has `${unknown[0]}`, which nothing stands for; known are {known}.")
    return text
