"""Essences without names: what holds words of a vocabulary keeps them, all else is replaced. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from ldap2scim.bundle.pseudonyms import Pseudonyms
from ldap2scim.essence import fingerprint, from_essence, to_essence
from ldap2scim.model import EXTENSIONS
from validations.values import is_language, is_timezone

_TYPES: Final = frozenset(
    {"work", "home", "other", "mobile", "fax", "pager", "photo", "thumbnail", "aim", "gtalk", "icq", "xmpp", "msn"}
    | {"skype", "qq", "yahoo", "direct", "user", "group"}
)
"""Canonical values of `type` (RFC 7643 §4.1.2)."""
_LANGUAGES: Final = frozenset({"preferred_language", "locale"})


def without_names(essence: str, pseudonyms: Pseudonyms) -> str:
    """Return an essence with every value replaced; the attributes and their form stay."""
    return to_essence(_object(from_essence(essence), "", pseudonyms))


class Fingerprints:
    """Fingerprints of replaced essences, by those of the originals."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms
        self._known: dict[str, str] = {}

    def know(self, original: str, replaced: str) -> None:
        """Take in an essence and what took its place."""
        self._known[fingerprint(original)] = fingerprint(replaced)

    def of(self, value: str) -> str:
        """Return what takes the place of a fingerprint; of an essence that is nowhere any more, something opaque."""
        return self._known.get(value) or self._pseudonyms.opaque(value)


def _object(value: Mapping[str, Any], path: str, pseudonyms: Pseudonyms) -> dict[str, Any]:
    return {name: _value(item, f"{path}.{name}" if path else name, pseudonyms) for name, item in value.items()}


def _value(value: Any, path: str, pseudonyms: Pseudonyms) -> Any:  # noqa: ANN401 (what JSON has)
    match value:
        case bool() | None:
            return value
        case int():
            return pseudonyms.number(value)
        case str():
            return text_without_names(value, path, pseudonyms)
        case list() | tuple():
            return [_value(item, path, pseudonyms) for item in value]
        case dict():
            return _object(value, path, pseudonyms)
    raise TypeError(f"{type(value).__name__} in an essence")


def text_without_names(value: str, path: str, pseudonyms: Pseudonyms) -> str:
    """Return what takes the place of a text of one attribute; words of a vocabulary stay."""
    top, _, last = path.partition(".")
    if top in _LANGUAGES and is_language(value):
        return value
    if top == "timezone" and is_timezone(value):
        return value
    if last == "type" and top != EXTENSIONS and value.lower() in _TYPES:
        return value
    if top == "phone_numbers" and last == "value":
        return pseudonyms.phone(value)
    return pseudonyms.name(value)
