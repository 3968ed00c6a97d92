"""How raw entries and findings are kept: compact JSON that gives the same back. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

import orjson

from ldap2scim.findings import Finding, Severity

DIGEST_BYTES = 16


def pack(attributes: Mapping[str, tuple[bytes, ...]]) -> bytes:
    """Return raw attributes as one blob; the same attributes give the same blob whatever their order.

    An attribute whose values are all UTF-8 is a list of strings. Any other is a list in a list, each byte one
    character (Latin-1). Keeping text as UTF-8 makes a Japanese entry a tenth smaller than Latin-1 throughout, and
    quicker to unpack.
    """
    try:
        # Nearly every entry is text throughout; a call for each attribute would be a third of the time.
        plain = {name: [value.decode() for value in values] for name, values in attributes.items()}
    except UnicodeDecodeError:
        return orjson.dumps({name: _pack_values(values) for name, values in attributes.items()}, option=_SORTED)
    return orjson.dumps(plain, option=_SORTED)


def unpack(blob: bytes) -> dict[str, tuple[bytes, ...]]:
    """Return the attributes of a blob that `pack` made."""
    loaded = orjson.loads(blob)
    if _NESTED in blob:  # perhaps inside of a text, which costs time and nothing else
        return {name: _unpack_values(values) for name, values in loaded.items()}
    # Tuples from lists, not from generators: half the time in the hottest loop of the mapping.
    return {name: tuple([value.encode() for value in values]) for name, values in loaded.items()}


def unpack_text(blob: bytes) -> Mapping[str, Sequence[str | bytes]]:
    """Return the attributes of a blob that `pack` made, each value as text where it is UTF-8, which most are.

    Half the time of `unpack`, for who wants text anyway.
    """
    loaded: dict[str, list[str]] = orjson.loads(blob)
    if _NESTED in blob:
        return {name: [_text(value) for value in _unpack_values(values)] for name, values in loaded.items()}
    return loaded


def digest(*parts: bytes) -> bytes:
    """Return 16 bytes that differ when the parts differ, or are cut in other places."""
    total = blake2b(digest_size=DIGEST_BYTES)
    for part in parts:
        total.update(len(part).to_bytes(8, "big"))
        total.update(part)
    return total.digest()


def pack_findings(findings: Iterable[Finding]) -> str | None:
    """Return findings as JSON; None for none."""
    items = [
        [found.rule, found.severity.value, found.message, found.remedy, list(found.subjects)] for found in findings
    ]
    return orjson.dumps(items).decode() if items else None


def unpack_findings(text: str | None) -> tuple[Finding, ...]:
    """Return the findings that `pack_findings` wrote."""
    if text is None:
        return ()
    return tuple(
        Finding(rule, Severity(severity), message, remedy, tuple(subjects))
        for rule, severity, message, remedy, subjects in orjson.loads(text)
    )


_SORTED = orjson.OPT_SORT_KEYS
_NESTED = b"[["
"""Stands in every blob with an attribute that is not text throughout."""


def _pack_values(values: tuple[bytes, ...]) -> list[str] | list[list[str]]:
    try:
        return [value.decode() for value in values]
    except UnicodeDecodeError:
        return [[value.decode("latin-1") for value in values]]


def _text(value: bytes) -> str | bytes:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def _unpack_values(values: list[str] | list[list[str]]) -> tuple[bytes, ...]:
    if values and isinstance(values[0], list):
        return tuple([value.encode("latin-1") for value in values[0]])
    return tuple([value.encode() for value in values if isinstance(value, str)])
