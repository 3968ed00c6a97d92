"""Values that the service is known to refuse: who has one is held before the first write. Pure.

The checks are compiled once for a mapping, from what the service's profile says; an entry costs a few comparisons.
No message holds a value: it says what kind of text it is (`value_class`).
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ldap2scim.findings import Finding, Severity
from ldap2scim.mapping.phones import is_global
from ldap2scim.mapping.spec import ResourceMapping, ValueRule
from ldap2scim.model import Attributes, AttributeValue, ResourceType, rfc_name
from ldap2scim.scim.profiles.guidance import Guidance, Refusal

ValueCheck: TypeAlias = Callable[[Attributes, str], tuple[Finding, ...]]
"""Takes attributes and the DN; returns what holds the entry."""

_ADDRESS: Final = re.compile(r"[^\s@\"(),:;<>\[\]\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
"""What RFC 5321 §4.1.2 allows without quotes, in any script before the `@`."""
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
"""RFC 5646 §2.1, without its rare forms."""
_KATAKANA: Final = re.compile(r"[\u30A0-\u30FF\uFF65-\uFF9F\u3000 ]+")
_UPSTREAM: Final = ("external_user_name", "subject")


class _Wanted(NamedTuple):
    """One kind of value: where it stands, what it must be, and the words for it."""

    paths: tuple[str, ...]
    fits: Callable[[str], bool]
    wanted: str
    advice: str


def is_address(value: str) -> bool:
    """Say whether a text has the form of an e-mail address."""
    return _ADDRESS.fullmatch(value) is not None


@lru_cache(maxsize=1024)
def is_language(value: str) -> bool:
    """Say whether a text is a language tag such as `ja-JP`."""
    return _LANGUAGE.fullmatch(value) is not None


@lru_cache(maxsize=1024)
def is_timezone(value: str) -> bool:
    """Say whether a text is a name of the IANA database; where the machine has none, anything is."""
    return _has_zone(value) or not _has_zone("Asia/Tokyo")


_WANTED: Final[dict[tuple[ResourceType, Refusal], _Wanted]] = {
    (ResourceType.USER, Refusal.LOGIN): _Wanted(
        ("user_name",),
        is_address,
        "a login in the form of an e-mail address",
        "map userName from an attribute that has one, or append the domain with `convert`",
    ),
    (ResourceType.USER, Refusal.EMAIL): _Wanted(
        ("emails",), is_address, "an e-mail address", "drop the value with `exclude`"
    ),
    (ResourceType.GROUP, Refusal.EMAIL): _Wanted(
        ("email",), is_address, "an e-mail address", "map email from another attribute"
    ),
    (ResourceType.USER, Refusal.PHONE): _Wanted(
        ("phone_numbers",),
        is_global,
        "a global number of RFC 3966 such as tel:+81312345678",
        "write `phone_country` (81 for Japan; in `mapping`, in config.yml in `ldap2scim.directory`), which turns "
        "national numbers into global ones",
    ),
    (ResourceType.USER, Refusal.KANA): _Wanted(
        ("local_names.family_name", "local_names.given_name"),
        lambda value: _KATAKANA.fullmatch(value) is not None,
        "a name in katakana",
        "map the name in kana from an attribute that has it",
    ),
    (ResourceType.USER, Refusal.LANGUAGE): _Wanted(
        ("preferred_language",), is_language, "a language tag such as ja-JP", "rewrite it with `convert`"
    ),
    (ResourceType.USER, Refusal.TIMEZONE): _Wanted(
        ("timezone",), is_timezone, "a name of the IANA database such as Asia/Tokyo", "rewrite it with `convert`"
    ),
}


def compile_checks(guidance: Guidance, mapping: ResourceMapping, kind: ResourceType) -> ValueCheck | None:
    """Return the check of one kind of entry; None where nothing that is mapped can be refused."""
    compiled = (
        _refusals(guidance, mapping, kind),
        _counts(guidance, mapping),
        _lengths(guidance, mapping, kind),
        _issuers(guidance, mapping),
    )
    parts = tuple(part for part in compiled if part is not None)
    if len(parts) <= 1:
        return parts[0] if parts else None

    def check(attributes: Attributes, dn: str) -> tuple[Finding, ...]:
        found: tuple[Finding, ...] = ()
        for part in parts:
            found += part(attributes, dn)
        return found

    return check


def _refusals(guidance: Guidance, mapping: ResourceMapping, kind: ResourceType) -> ValueCheck | None:
    mapped = {*mapping.single, *mapping.multi}
    looks = [
        (*_split(path), wanted.fits, wanted)
        for (about, refusal), wanted in _WANTED.items()
        if about is kind and refusal in guidance.refuses
        for path in wanted.paths
        if path in mapped
    ]

    def check(attributes: Attributes, dn: str) -> tuple[Finding, ...]:
        found: tuple[Finding, ...] = ()
        for path, name, sub, fits, wanted in looks:
            value = attributes.get(name)
            if value is None or (isinstance(value, str) and fits(value)):
                continue
            # The other values of the same attribute are seen when this one is mended.
            bad = next((one for one in _values(value, sub) if not fits(one)), None)
            if bad is not None:
                found += (_refused(path, bad, wanted, mapping, dn),)
        return found

    return check if looks else None


def _counts(guidance: Guidance, mapping: ResourceMapping) -> ValueCheck | None:
    most = [(name, limit) for name, limit in guidance.most.items() if name in mapping.multi]

    def check(attributes: Attributes, dn: str) -> tuple[Finding, ...]:
        found: tuple[Finding, ...] = ()
        for name, limit in most:
            items = attributes.get(name)
            if isinstance(items, tuple) and len(items) > limit:
                found += (_too_many(name, len(items), limit, mapping, dn),)
        return found

    return check if most else None


def _lengths(guidance: Guidance, mapping: ResourceMapping, kind: ResourceType) -> ValueCheck | None:
    longest = [
        (*_split(path), limit) for path, limit in guidance.longest.get(kind, {}).items() if path in mapping.single
    ]

    def check(attributes: Attributes, dn: str) -> tuple[Finding, ...]:
        found: tuple[Finding, ...] = ()
        for path, name, sub, limit in longest:
            value = attributes.get(name)
            for text in () if value is None else _values(value, sub):
                if len(text) > limit:
                    found += (_too_long(path, len(text), limit, mapping, dn),)
        return found

    return check if longest else None


def _issuers(guidance: Guidance, mapping: ResourceMapping) -> ValueCheck | None:
    mapped = {*mapping.single, *mapping.multi}
    if Refusal.ISSUER not in guidance.refuses or mapped.isdisjoint(_UPSTREAM):
        return None
    return lambda attributes, dn: (_issuer(mapping, dn),) if _lacks_issuer(attributes) else ()


def value_class(value: str) -> str:
    """Say what kind of text a value is, without any part of it."""
    scripts = sorted({_script(sign) for sign in value})
    marks = " and no @" if "@" not in value else ""
    return f"a text of {len(value)} characters ({', '.join(scripts)}{marks})"


def _refused(path: str, value: str, wanted: _Wanted, mapping: ResourceMapping, dn: str) -> Finding:
    name = rfc_name(path)
    return Finding(
        rule="refused-value",
        severity=Severity.HOLD,
        message=f"{name} is {value_class(value)}, and the service takes only {wanted.wanted}.",
        remedy=f"Correct {_sources(path, mapping)} of this entry, or {wanted.advice}.",
        subjects=(dn,),
    )


def _too_many(name: str, count: int, limit: int, mapping: ResourceMapping, dn: str) -> Finding:
    return Finding(
        rule="too-many-values",
        severity=Severity.HOLD,
        message=f"{rfc_name(name)} has {count} values, and the service takes {limit} at most.",
        remedy=f"Remove values of {_sources(name, mapping)} of this entry, or drop some with `exclude`.",
        subjects=(dn,),
    )


def _too_long(path: str, length: int, limit: int, mapping: ResourceMapping, dn: str) -> Finding:
    return Finding(
        rule="value-too-long",
        severity=Severity.HOLD,
        message=f"{rfc_name(path)} has {length} characters, and the service takes {limit} at most.",
        remedy=f"Shorten {_sources(path, mapping)} of this entry, or cut it with `convert`.",
        subjects=(dn,),
    )


def _issuer(mapping: ResourceMapping, dn: str) -> Finding:
    return Finding(
        rule="issuer-missing",
        severity=Severity.HOLD,
        message="idTokenClaims.issuer has no value, and the service takes no externalUserName or subject without it.",
        remedy="Write a default for idTokenClaims.issuer, or give this entry a value in "
        f"{_sources('id_token_claims.issuer', mapping)}.",
        subjects=(dn,),
    )


def _lacks_issuer(attributes: Attributes) -> bool:
    if not any(name in attributes for name in _UPSTREAM):
        return False
    claims = attributes.get("id_token_claims")
    return not (isinstance(claims, dict) and claims.get("issuer"))


def _values(value: AttributeValue, sub: str) -> list[str]:
    """Return the texts in an attribute: itself, its sub-attribute, or those of each of its values."""
    if isinstance(value, str):
        return [value]
    items = value if isinstance(value, tuple) else (value,)
    found = [item.get(sub or "value") for item in items if isinstance(item, dict)]
    return [one for one in found if isinstance(one, str)]


def _split(path: str) -> tuple[str, str, str]:
    name, _, sub = path.partition(".")
    return path, name, sub


def _sources(path: str, mapping: ResourceMapping) -> str:
    rules: list[ValueRule | None] = [mapping.single.get(path)]
    rules += [item.sub_attributes.get("value") for item in mapping.multi.get(path, ())]
    names = dict.fromkeys(source for rule in rules if rule is not None for source in rule.sources)
    return " or ".join(names) or "the mapping's default"


def _script(sign: str) -> str:
    if sign.isspace():
        return "blanks"
    if sign.isascii():
        return "digits" if sign.isdecimal() else "Latin letters" if sign.isalpha() else "signs"
    name = unicodedata.name(sign, "").partition(" ")[0].lower()
    return {"cjk": "kanji", "": "signs without a name", "fullwidth": "full-width signs"}.get(name, name)


def _has_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
