"""One value of a resource from the raw values of an entry. Pure.

A rule is compiled once into a function of the entry's attributes, so that nothing is looked up or decided twice
when a hundred thousand entries pass.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import TypeAlias

from ldap2scim.directory.syntaxes import guid_text
from ldap2scim.mapping.spec import Conversion, ValueRule
from ldap2scim.model import Scalar

Raw: TypeAlias = Mapping[str, tuple[bytes, ...]]
"""Values by lower-case attribute description, as in `LdapEntry.attributes`."""
Reader: TypeAlias = Callable[[Raw], Scalar | None]
"""Gives the value, or None where there is none. Raises `Unreadable`."""
Decoder: TypeAlias = Callable[[bytes], str]
"""Gives one value as text. Raises ValueError."""


class Unreadable(ValueError):
    """A value that cannot be understood: which attribute, and what is wrong with it, never the value.

    Stays inside `mapping`, where it becomes a finding.
    """

    def __init__(self, attribute: str, problem: str) -> None:
        super().__init__(attribute, problem)
        self.attribute = attribute
        self.problem = problem


def _certificate_text(value: bytes) -> str:
    """Return DER as base64, as RFC 7643 §4.1.2 wants it."""
    return b64encode(value).decode()


_BINARY: Mapping[str, tuple[Decoder, str]] = {
    "objectguid": (guid_text, "is not a GUID of 16 octets"),
    "ms-ds-consistencyguid": (guid_text, "is not a GUID of 16 octets"),
    "usercertificate": (_certificate_text, ""),
    "usercertificate;binary": (_certificate_text, ""),
}
_TEXT: tuple[Decoder, str] = (bytes.decode, "is not UTF-8 text")


def sources_of(rule: ValueRule) -> tuple[str, ...]:
    """Return the attribute descriptions of a rule as an entry has them: in lower case, with options of the server."""
    names: list[str] = []
    for source in rule.sources:
        name = source.lower()
        names.append(name)
        if f"{name};binary" in _BINARY:  # RFC 4523 §2.1: certificates travel with the option
            names.append(f"{name};binary")
    return tuple(names)


def compile_value(rule: ValueRule) -> Reader:
    """Return the reader of one value: the first source that has one, converted; else the default."""
    sources = tuple((name, *_BINARY.get(name, _TEXT)) for name in sources_of(rule))
    default = None if rule.default == "" else rule.default
    if len(sources) == 1 and sources[0][1] is bytes.decode and not rule.conversions:
        return _plain_text(sources[0][0], default)
    convert = compile_conversions(rule.conversions)

    def read(raw: Raw) -> Scalar | None:
        for name, decode, problem in sources:
            value = first_of(raw.get(name))
            if value:
                try:
                    text = decode(value)
                except ValueError:
                    raise Unreadable(name, problem) from None
                return convert(text) or default
        return default

    return read


def compile_all_values(rule: ValueRule) -> Callable[[Raw], tuple[Scalar, ...]]:
    """Return the reader of all values of the first source that has one, each once, in the order received."""
    sources = tuple((name, *_BINARY.get(name, _TEXT)) for name in sources_of(rule))
    convert = compile_conversions(rule.conversions)
    fallback: tuple[Scalar, ...] = () if rule.default is None or rule.default == "" else (rule.default,)

    def read(raw: Raw) -> tuple[Scalar, ...]:
        for name, decode, problem in sources:
            values = raw.get(name, ())
            try:
                texts = [decode(value) for value in values if value]
            except ValueError:
                raise Unreadable(name, problem) from None
            if texts:
                return tuple(dict.fromkeys(filter(None, map(convert, texts)))) or fallback
        return fallback

    return read


def compile_truth(rule: ValueRule) -> Reader:
    """Return the reader of a boolean, such as `primary`."""
    read_text = compile_value(ValueRule(rule.sources, None, rule.conversions))

    def read(raw: Raw) -> Scalar | None:
        text = read_text(raw)
        return rule.default if text is None else truth(str(text), rule.sources[0])

    return read


def truth(text: str, attribute: str) -> bool:
    """Return what a boolean of RFC 4517 §3.3.3, or its everyday spellings, says.

    Raises:
        Unreadable: it is none of them.
    """
    match text.strip().lower():
        case "true" | "1":
            return True
        case "false" | "0":
            return False
        case _:
            raise Unreadable(attribute, "is neither true nor false")


def compile_conversions(conversions: tuple[Conversion, ...]) -> Callable[[str], str]:
    """Return the function that applies all conversions in their order, each wherever it matches."""
    steps = tuple((conversion.pattern.sub, conversion.replacement) for conversion in conversions)

    def convert(text: str) -> str:
        for substitute, replacement in steps:
            text = substitute(replacement, text)
        return text

    return convert


def first_of(values: tuple[bytes, ...] | None) -> bytes:
    """Return the first value that is not empty, or an empty one."""
    if not values:
        return b""
    return values[0] or next(filter(None, values), b"")


def _plain_text(name: str, default: Scalar | None) -> Reader:
    """Return the reader for the commonest rule, which most of the time is spent in."""

    def read(raw: Raw) -> Scalar | None:
        values = raw.get(name)
        if not values:
            return default
        try:
            return (values[0] or first_of(values)).decode() or default
        except UnicodeDecodeError:
            raise Unreadable(name, "is not UTF-8 text") from None

    return read
