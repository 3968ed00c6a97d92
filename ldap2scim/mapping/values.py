"""One value of a resource from the raw values of an entry. Pure.

A rule is compiled once into a function of the entry's attributes, so that nothing is looked up or decided twice
when a hundred thousand entries pass.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from ldap2scim.directory.anchors import GUID_ATTRIBUTES
from ldap2scim.directory.syntaxes import guid_base64, guid_text
from ldap2scim.mapping.spec import Conversion, ValueRule
from ldap2scim.model import GuidForm, Scalar

Value: TypeAlias = bytes | str
"""One value of an entry: its octets, or the text that they are in UTF-8. The image keeps text as text, and turning each
value into octets and back again was a third of the time of the mapping."""
Raw: TypeAlias = Mapping[str, Sequence[Value]]
"""Values by lower-case attribute description, as in `LdapEntry.attributes`."""
Reader: TypeAlias = Callable[[Raw], Scalar | None]
"""Gives the value, or None where there is none. Raises `Unreadable`."""
Decoder: TypeAlias = Callable[[Value], str]
"""Gives one value as text. Raises ValueError."""


class Unreadable(ValueError):
    """A value that cannot be understood: which attribute, and what is wrong with it, never the value.

    Stays inside `mapping`, where it becomes a finding.
    """

    def __init__(self, attribute: str, problem: str) -> None:
        super().__init__(attribute, problem)
        self.attribute = attribute
        self.problem = problem


def text_of(value: Value) -> str:
    """Return a value as text.

    Raises:
        UnicodeDecodeError: it is none.
    """
    return value if isinstance(value, str) else value.decode()


def octets_of(value: Value) -> bytes:
    """Return the octets of a value; those of a GUID or a certificate may happen to be text."""
    return value.encode() if isinstance(value, str) else value


def _certificate_text(value: Value) -> str:
    """Return DER as base64, as RFC 7643 §4.1.2 wants it."""
    return b64encode(octets_of(value)).decode()


def _guid_text(value: Value) -> str:
    return guid_text(octets_of(value))


def _guid_base64(value: Value) -> str:
    return guid_base64(octets_of(value))


_GUIDS: Mapping[GuidForm, tuple[Decoder, str]] = {
    GuidForm.HYPHENATED: (_guid_text, "is not a GUID of 16 octets"),
    GuidForm.BASE64: (_guid_base64, "is not a GUID of 16 octets"),
}
_BINARY: Mapping[str, tuple[Decoder, str]] = {
    "usercertificate": (_certificate_text, ""),
    "usercertificate;binary": (_certificate_text, ""),
}
_TEXT: tuple[Decoder, str] = (text_of, "is not UTF-8 text")


def default_of(rule: ValueRule) -> Scalar | None:
    """Return the default; an empty text is none."""
    return None if rule.default == "" else rule.default


def plain_source(rule: ValueRule) -> str | None:
    """Return the one attribute whose first value, as text, is all that the rule asks for; None if it asks for more."""
    sources = _decoded_sources(rule)
    if len(sources) != 1 or sources[0][1] is not _TEXT[0] or rule.conversions or default_of(rule) is not None:
        return None
    return sources[0][0]


def compile_value(rule: ValueRule) -> Reader:
    """Return the reader of one value: the first source that has one, converted; else the default."""
    sources = _decoded_sources(rule)
    default = default_of(rule)
    if source := plain_source(rule):
        return _plain_text(source)
    convert = compile_conversions(rule.conversions)

    def read(raw: Raw) -> Scalar | None:
        for name, decode, problem in sources:
            values = raw.get(name)
            if values and (value := first_of(values)):
                try:
                    text = decode(value)
                except ValueError:
                    raise Unreadable(name, problem) from None
                return convert(text) or default
        return default

    return read


def compile_all_values(rule: ValueRule) -> Callable[[Raw], tuple[Scalar, ...]]:
    """Return the reader of all values of the first source that has one, in the order received."""
    sources = _decoded_sources(rule)
    convert = compile_conversions(rule.conversions)
    default = default_of(rule)
    fallback = () if default is None else (default,)

    def read(raw: Raw) -> tuple[Scalar, ...]:
        for name, decode, problem in sources:
            values = raw.get(name)
            if not values:
                continue
            try:
                texts = [decode(value) for value in values if value]
            except ValueError:
                raise Unreadable(name, problem) from None
            if len(texts) == 1 and not rule.conversions:
                return (texts[0],)
            if texts:
                return tuple(filter(None, map(convert, texts))) or fallback
        return fallback

    return read


def compile_truth(rule: ValueRule) -> Reader:
    """Return the reader of a boolean, such as `primary`."""
    read_text = compile_value(replace(rule, default=None))

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


def _plain_text(name: str) -> Reader:
    def read(raw: Raw) -> Scalar | None:
        values = raw.get(name)
        if not values:
            return None
        try:
            return text_of(values[0] or first_of(values)) or None
        except UnicodeDecodeError:
            raise not_text(name) from None

    return read


def first_of(values: Sequence[Value]) -> Value:
    """Return the first value that is not empty, or an empty one."""
    return values[0] or next((value for value in values if value), b"")


def not_text(attribute: str) -> Unreadable:
    """Return the error for a value that should be text and is not."""
    return Unreadable(attribute, _TEXT[1])


def _decoded_sources(rule: ValueRule) -> tuple[tuple[str, Decoder, str], ...]:
    """Return the attributes of a rule as an entry names them, with how their values become text.

    A certificate comes with the option `;binary` (RFC 4523 §2.1), written in the mapping or not.
    """
    names = [name for source in rule.sources for name in (source.lower(), f"{source.lower()};binary")]
    known = {**_BINARY, **dict.fromkeys(GUID_ATTRIBUTES, _GUIDS[rule.guid_form])}
    return tuple((name, *known.get(name, _TEXT)) for name in names if not name.endswith(";binary") or name in known)
