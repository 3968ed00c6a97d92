"""Readers of single values: each takes a `Field` and returns the value, or raises `Unfit`. No I/O."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from ldap2scim.settings.nodes import Node, ScalarNode, SequenceNode, describe
from ldap2scim.settings.reading import Field, Parser, Unfit, show, unknown

E = TypeVar("E", bound=StrEnum)

_VARIABLE = re.compile(r"\$(\$\{)|\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LDAP_ATTRIBUTE = re.compile(r"([A-Za-z][A-Za-z0-9-]*|\d+(\.\d+)+)(;[A-Za-z0-9-]+)*")
_DURATION = re.compile(r"([0-9]{1,12})\s*([smhd]?)")
_UNITS = {unit: timedelta(seconds=seconds) for unit, seconds in zip("smhd", (1, 60, 3600, 86400), strict=True)}
_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")


def raw_text(node: Node) -> str:
    """Return the text of a node as written; a number counts as the text it was written as. Raises Unfit."""
    match node:
        case ScalarNode(value=bool()) | SequenceNode():
            raise Unfit(f"must be a text, not {describe(node)}; put a text that looks like one in 'quotes'.")
        case ScalarNode(value=None):
            raise Unfit("has no value.")
        case ScalarNode(text=written):
            return written
        case _:
            raise Unfit(f"must be a text, not {describe(node)}.")


def variable(environ: Mapping[str, str], name: str) -> str:
    """Return the value of an environment variable. Raises Unfit, naming it."""
    value = environ.get(name)
    if not value:
        raise Unfit(f"needs the environment variable {name}, which is {'empty' if value == '' else 'not set'}.")
    return value


def text(field: Field) -> str:
    """Return a text in which `${NAME}` stands for an environment variable (`$${` for the signs themselves)."""
    names: list[str] = []

    def expand(found: re.Match[str]) -> str:
        if found[1]:
            return found[1]
        names.append(found[2])
        return variable(field.reading.environ, found[2])

    value = _VARIABLE.sub(expand, raw_text(field.node))
    if names:
        field.origin = f"environment {', '.join(names)} ({field.origin})"
    return value


def filled(field: Field) -> str:
    """Return a text that is not blank."""
    value = text(field).strip()
    if not value:
        raise Unfit("is empty.")
    return value


def texts(field: Field) -> tuple[str, ...]:
    """Return a list of texts; a single text is a list of one."""
    items = field.node.items if isinstance(field.node, SequenceNode) else (field.node,)
    return tuple(filled(Field(field.reading, field.path, item, field.origin)) for item in items)


def boolean(field: Field) -> bool:
    """Return true or false."""
    if isinstance(field.node, ScalarNode) and isinstance(field.node.value, bool):
        return field.node.value
    raise Unfit(f"must be true or false, not {describe(field.node)}.")


def whole(least: int, most: int) -> Parser[int]:
    """Make a reader of whole numbers within a range."""

    def parse(field: Field) -> int:
        number = _number(field)
        if not isinstance(number, int) or not least <= number <= most:
            raise Unfit(f"must be a whole number from {least} to {most}.")
        return number

    return parse


def number(least: float, most: float) -> Parser[float]:
    """Make a reader of numbers within a range."""

    def parse(field: Field) -> float:
        value = _number(field)
        if not least <= value <= most:
            raise Unfit(f"must be a number from {least:g} to {most:g}.")
        return float(value)

    return parse


def percent(field: Field) -> float:
    """Return a share from 0 to 100; a percent sign may follow."""
    if isinstance(field.node, ScalarNode) and isinstance(field.node.value, str):
        bare = re.fullmatch(r"(\d+(?:\.\d+)?) ?%", field.node.text)
        if bare and float(bare[1]) <= 100:
            return float(bare[1])
    return number(0, 100)(field)


def one_of(words: Iterable[E]) -> Parser[E]:
    """Make a reader of one word of an enumeration, in any case of letters."""

    def parse(field: Field) -> E:
        written = filled(field).lower()
        found = next((word for word in words if word.value == written), None)
        if found is None:
            raise Unfit(f"`{written[:40]}` {unknown(written, [word.value for word in words])}")
        return found

    return parse


def named(name: str, pattern: str, wanted: str) -> Callable[[str], str]:
    """Make a check of a name by a pattern."""
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise Unfit(f"`{value[:80]}` is no {name}; it must be {wanted}.")
        return value

    return check


def ldap_attribute(field: Field) -> str:
    """Return the name of an LDAP attribute or object class (RFC 4512 §2.5), options allowed."""
    value = filled(field)
    if not _LDAP_ATTRIBUTE.fullmatch(value):
        raise Unfit(f"`{value[:80]}` is no LDAP name (letters, digits and hyphens, such as `sAMAccountName`).")
    return value


def ldap_attributes(field: Field) -> tuple[str, ...]:
    """Return one or several attribute names, in order."""
    items = field.node.items if isinstance(field.node, SequenceNode) else (field.node,)
    return tuple(ldap_attribute(Field(field.reading, field.path, item, field.origin)) for item in items)


def path(field: Field) -> Path:
    """Return a path; a relative one begins at the folder of the settings file."""
    value = filled(field)
    if "\0" in value:
        raise Unfit("is not a path.")
    return field.reading.base / Path(value).expanduser()


def readable(field: Field) -> Path:
    """Return the path of a file that can be read."""
    found = path(field)
    if problem := field.reading.unreadable(found):
        raise Unfit(f"names the file {found}, which cannot be read: {problem}.")
    return found


def duration(longest: timedelta) -> Parser[timedelta]:
    """Make a reader of durations such as `90s`, `15m`, `24h`, `1d`; zero may stand without a unit."""

    def parse(field: Field) -> timedelta:
        written = text(field).strip().lower()
        found = _DURATION.fullmatch(written)
        if found is None:
            raise Unfit("must be a duration: a whole number and `s`, `m`, `h` or `d`, such as `15m`; or 0.")
        try:
            value = int(found[1]) * _UNITS[found[2] or "d"]
        except OverflowError:
            value = timedelta.max
        if (not found[2] and value) or value > longest:
            raise Unfit(f"must be a duration with its unit, from 0 to {show(longest)}, such as `15m` or `24h`.")
        return value

    return parse


def addresses(field: Field) -> tuple[str, ...]:
    """Return host names or IP addresses, each perhaps with `:port`."""
    found = texts(field)
    if not found:
        raise Unfit("must name at least one server.")
    wrong = [complaint for address in found if (complaint := _complaint(address))]
    if wrong:
        raise Unfit("; ".join(wrong) + ".")
    return found


def split_address(address: str) -> tuple[str, int | None]:
    """Return host and port of an address; None where it carries no port. Pure."""
    bracketed = re.fullmatch(r"\[([^\]]+)\](?::(\d{1,5}))?", address)
    if bracketed:
        return bracketed[1], int(bracketed[2]) if bracketed[2] else None
    if address.count(":") == 1:
        host, _, port = address.partition(":")
        return host, int(port) if port.isdecimal() else -1
    return address, None


def url(field: Field) -> str:
    """Return an http or https URL without credentials, query or final slash."""
    value = filled(field)
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or re.search(r"\s", value):
        raise Unfit("must be a URL such as `https://scim.example.com/v2`.")
    if parts.username is not None or parts.password is not None:
        raise Unfit("must not hold a user or password; they have keys of their own.")
    if parts.query or parts.fragment:
        raise Unfit("must end before any `?` or `#`.")
    return value.rstrip("/")


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _number(field: Field) -> int | float:
    node = field.node
    if isinstance(node, ScalarNode) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return node.value
    if isinstance(node, ScalarNode) and isinstance(node.value, str):
        value = text(field)  # a number in quotes, or out of the environment
        if value.isascii() and value.isdigit() and len(value) <= 12:
            return int(value)
    raise Unfit(f"must be a number, not {describe(node)}.")


def _complaint(address: str) -> str | None:
    if "://" in address:
        return f"`{address[:80]}` is a URL; write the host name alone, and `encryption` and `port` beside it"
    host, port = split_address(address)
    if port is not None and not 1 <= port <= 65535:
        return f"`{address[:80]}` has no usable port; ports go from 1 to 65535"
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        if not _HOST.fullmatch(host):
            return f"`{address[:80]}` is neither a host name nor an IP address"
    return None
