"""The settings as `ldap2scim settings` shows them, and digests that tell whether they changed. Pure."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta
from enum import Enum
from typing import Any, TypeAlias, cast

import orjson

from ldap2scim.planning.drift_policy import OVERWRITE_ALL
from ldap2scim.scim.assumptions import NOTHING_SAID
from ldap2scim.scim.profiles import profile_of
from ldap2scim.settings.composed import ConfiguredDirectory, Row, Settings
from ldap2scim.settings.own_rule_words import NO_RULES

Plain: TypeAlias = Any
"""What JSON can hold."""

_DIRECTORY = (
    "name", "kind", "addresses", "port", "bind_dn", "base_dn", "user_filter", "group_filter", "user_object_class",
    "group_object_class", "member_attribute", "member_reference", "source_anchor", "authentication", "nesting",
    "guid_form", "lockout_duration",
)  # fmt: skip
_SERVICE = ("profile", "base_url", "leavers", "user_filter", "group_filter")
_READS_ENTRIES = (
    "name",
    "kind",
    "member_attribute",
    "member_reference",
    "source_anchor",
    "guid_form",
    "lockout_duration",
)


def rows(settings: Settings) -> tuple[Row, ...]:
    """Return every effective setting by path, with its origin; secrets are stars."""
    return tuple(sorted(settings.rows, key=lambda row: row.path))


def digest(settings: Settings) -> str:
    """Return the SHA-256 (hexadecimal) of everything that shapes a plan.

    Directories, mappings, the service and the safety policy count. Secrets, the state's path, the schedule, logging
    and how connections are made (encryption, authorities, proxy, time limits, concurrency) do not.
    """
    return _digest(_shaping(settings))


def digests(settings: Settings) -> Mapping[str, str]:
    """Return a short SHA-256 of each setting that shapes a plan, by its place: tells later which one changed."""
    shaping = _shaping(settings)
    by_name = {
        one["settings"]["name"]: one["settings"] | {"mappings": one["mappings"]} for one in shaping["directories"]
    }
    told = {**shaping, "directories": by_name, "order of directories": list(by_name)}
    return {place: _digest(value)[:16] for place, value in _leaves(told)}


def changed_settings(then: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Return the places of settings that differ between two `digests`, sorted."""
    return tuple(sorted(place for place in {*then, *now} if then.get(place) != now.get(place)))


def _shaping(settings: Settings) -> dict[str, Plain]:
    return {
        "directories": [_directory(directory, _DIRECTORY) for directory in settings.directories],
        "service": {name: _plain(getattr(settings.service, name)) for name in _SERVICE} | _assumed(settings),
        "safety": _plain(settings.safety),
    } | _said(settings)


def _said(settings: Settings) -> dict[str, Plain]:
    """Return parts that count only where they are written, so that plans of earlier versions stand."""
    drift = {} if settings.drift == OVERWRITE_ALL else {"drift": _plain(settings.drift)}
    return drift if settings.rules == NO_RULES else {"rules": _plain(settings.rules), **drift}


def _leaves(value: Plain, place: str = "") -> Iterator[tuple[str, Plain]]:
    if isinstance(value, dict) and value:
        for name, part in value.items():
            yield from _leaves(part, f"{place}.{name}" if place else name)
    else:
        yield place, value


def _assumed(settings: Settings) -> dict[str, Plain]:
    said = settings.service.assume
    return {} if said == NOTHING_SAID else {"assume": _plain(said)}


def mapping_digest(settings: Settings, directory_name: str) -> str:
    """Return the SHA-256 (hexadecimal) of what turns the entries of one directory into resources, or holds them.

    Where it is unchanged, an unchanged entry need not be mapped again.
    """
    found = next(one for one in settings.directories if one.settings.name == directory_name)
    guidance = profile_of(settings.service).guidance
    refused = {"refuses": sorted(guidance.refuses), "most": _plain(guidance.most), "longest": _plain(guidance.longest)}
    return _digest({**_directory(found, _READS_ENTRIES), "service": refused})


def _directory(directory: ConfiguredDirectory, names: tuple[str, ...]) -> Mapping[str, Plain]:
    settings = {name: _plain(getattr(directory.settings, name)) for name in names}
    return {"settings": settings, "mappings": _plain(directory.mappings)}


def _digest(value: Plain) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _plain(value: object) -> Plain:
    match value:
        case Enum():
            return value.value
        case re.Pattern():
            return [value.pattern, value.flags]
        case timedelta():
            return value.total_seconds()
        case frozenset():
            return sorted(cast("frozenset[str]", value))
        case Mapping():
            return {str(name): _plain(item) for name, item in value.items()}
        case tuple():
            return [_plain(item) for item in value]
        case _ if is_dataclass(value):
            return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        case _:
            return value
