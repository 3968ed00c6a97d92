"""Settings as JSON without names and secrets, and back. Pure.

What is not known to be a word of a vocabulary is replaced, so that a setting that is added later cannot tell a name.
"""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from ldap2scim.bundle.essences import text_without_names
from ldap2scim.bundle.filters import ldap_without_names, scim_without_names
from ldap2scim.bundle.pseudonyms import Pseudonyms
from ldap2scim.directory.settings import DirectorySettings
from ldap2scim.mapping.spec import ItemRule, ResourceMapping, ValueRule
from ldap2scim.planning.policy import SafetyPolicy
from ldap2scim.scim.settings import ServiceSettings
from ldap2scim.settings import ConfiguredDirectory, LogLevel, Schedule, Settings
from ldap2scim.settings.own_rule_words import Condition, CountRule, EveryRule, OwnRules, PlanRule, StateRule
from ldap2scim.state.location import StateFile

_WORDS: Final = frozenset(
    {
        (DirectorySettings, "user_object_class"),
        (DirectorySettings, "group_object_class"),
        (DirectorySettings, "member_attribute"),
        (DirectorySettings, "source_anchor"),
        (ValueRule, "sources"),
        (ResourceMapping, "required"),
        (ResourceMapping, "one_value"),
        (ServiceSettings, "profile"),
    }
)
"""Fields that hold attributes, classes and names of profiles, which stay."""
_WORDS_OF: Final = frozenset({"Dimensions", "GlobalNumbers", "Assumptions"})
"""Classes that hold nothing else."""
_LEFT_OUT: Final = frozenset({(ValueRule, "conversions"), (ServiceSettings, "proxy"), (DirectorySettings, "addresses")})
_HOST: Final = "left-out.invalid"
_LDAP: Final = frozenset({(DirectorySettings, "user_filter"), (DirectorySettings, "group_filter")})
_SCIM: Final = frozenset({(ServiceSettings, "user_filter"), (ServiceSettings, "group_filter")})


def to_plain(settings: Settings, pseudonyms: Pseudonyms, token_expires: datetime | None) -> dict[str, Any]:
    """Return what a plan depends on: directories with their mappings, the service, the safety policy."""
    service = replace(settings.service, base_url=f"https://{_HOST}/", token=None, token_expires=token_expires)
    writer = _Writer(pseudonyms)
    return {
        "directories": [writer.plain(one) for one in settings.directories],
        "service": writer.plain(service) | {"base_url": f"https://{_HOST}/"},
        "safety": writer.plain(settings.safety),
        "rules": {
            "every": [writer.plain(one) for one in settings.rules.state if isinstance(one, EveryRule) and _told(one)],
            "count": [writer.plain(one) for one in settings.rules.state if isinstance(one, CountRule) and _told(one)],
            "plan": [writer.plain(one) for one in settings.rules.plan],
        },
    }


def rules_left_out(settings: Settings) -> int:
    """Return how many of the administrator's own rules are not in it: those with patterns, and suites."""
    return sum(not _told(one) for one in settings.rules.state) + len(settings.rules.suites)


def from_plain(plain: Mapping[str, Any], state: Path) -> Settings:
    """Return the settings that `to_plain` wrote, for a state in that file."""
    return Settings(
        file=Path("ldap2scim.yml"),
        directories=tuple(_value(one, ConfiguredDirectory) for one in plain["directories"]),
        service=_value(plain["service"], ServiceSettings),
        safety=_value(plain["safety"], SafetyPolicy),
        state=StateFile(state),
        schedule=Schedule(),
        log_level=LogLevel.ERROR,
        rules=_rules(plain["rules"]),
    )


def _rules(plain: Mapping[str, Any]) -> OwnRules:
    every = (_value(one, EveryRule) for one in plain["every"])
    count = (_value(one, CountRule) for one in plain["count"])
    return OwnRules((*every, *count), tuple(_value(one, PlanRule) for one in plain["plan"]))


def _told(rule: StateRule) -> bool:
    """Say whether a rule can be told: a pattern says how names are made, and cannot be replaced."""
    conditions = rule.conditions if isinstance(rule, EveryRule) else ()
    return all(one.pattern is None for one in (*rule.where, *conditions))


class _Writer:
    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms

    def plain(self, value: Any) -> Any:  # noqa: ANN401, PLR0911 (anything that settings hold, a line each)
        """Return a value as JSON; every text in it is replaced."""
        match value:
            case Enum():
                return value.value
            case None | bool() | int() | float():
                return value
            case str():
                return self._pseudonyms.reference(value)
            case datetime():
                return value.isoformat()
            case timedelta():
                return value.total_seconds()
            case Mapping():
                return {self._name(name): self.plain(item) for name, item in value.items()}
            case frozenset():
                return sorted(self.plain(item) for item in value)
            case tuple():
                return [self.plain(item) for item in value]
            case _ if is_dataclass(value) and not isinstance(value, type):
                return self._object(value)
        return None  # a path, a secret, a pattern

    def _object(self, value: Any) -> dict[str, Any]:  # noqa: ANN401 (a dataclass)
        kind = type(value)
        if isinstance(value, Condition):
            return self._condition(value)
        return {one.name: self._field(kind, one.name, getattr(value, one.name)) for one in fields(value)}

    def _condition(self, one: Condition) -> dict[str, Any]:
        """Replace the values as they are replaced in essences, so that they still match; `active` is no name."""
        values = [
            value if value in {"true", "false"} else text_without_names(value, one.path, self._pseudonyms)
            for value in sorted(one.values)
        ]
        return {"sort": one.sort.value, "attribute": one.attribute, "path": one.path, "values": values}

    def _field(self, kind: type, name: str, value: Any) -> Any:  # noqa: ANN401 (anything that settings hold)
        place = (kind, name)
        if place in _LEFT_OUT:
            return [_HOST] if name == "addresses" else None if value is None else []
        if place in _LDAP:
            return ldap_without_names(value, self._pseudonyms)
        if place in _SCIM:
            return scim_without_names(value, self._pseudonyms)
        if place in _WORDS or kind.__name__ in _WORDS_OF:
            return _kept(value)
        if kind in {ResourceMapping, ItemRule, SafetyPolicy} and isinstance(value, Mapping):
            return {path: self.plain(item) for path, item in value.items()}  # paths of attributes
        return self.plain(value)

    def _name(self, name: Any) -> str:  # noqa: ANN401 (a key)
        return str(name.value) if isinstance(name, Enum) else self._pseudonyms.reference(str(name))


def _kept(value: Any) -> Any:  # noqa: ANN401 (anything that settings hold)
    """Return a value of words as JSON; nothing in it is a name."""
    match value:
        case Enum():
            return value.value
        case tuple() | list():
            return [_kept(item) for item in value]
        case frozenset():
            return sorted(_kept(item) for item in value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {one.name: _kept(getattr(value, one.name)) for one in fields(value)}
    return value


def _value(plain: Any, kind: Any) -> Any:  # noqa: ANN401, PLR0911 (as the type says, a line each)
    """Return the value of a type that `plain` stands for."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        return _of_union(plain, arguments)
    if plain is None or kind in {str, int, bool, Any}:
        return plain
    if kind is float:
        return float(plain)
    if kind is timedelta:
        return timedelta(seconds=plain)
    if kind is datetime:
        return datetime.fromisoformat(plain)
    if origin in {tuple, frozenset} or kind is frozenset:
        return _collected(plain, origin, arguments)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {_value(name, arguments[0]): _value(item, arguments[1]) for name, item in plain.items()}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(plain)
    hints = get_type_hints(kind)
    return kind(**{name: _value(item, hints[name]) for name, item in plain.items() if name in hints})


def _of_union(plain: Any, arguments: tuple[Any, ...]) -> Any:  # noqa: ANN401 (as the type says)
    if plain is None:
        return None
    others = [one for one in arguments if one is not type(None)]
    return _value(plain, others[0]) if len(others) == 1 else plain


def _collected(plain: Any, origin: Any, arguments: tuple[Any, ...]) -> Any:  # noqa: ANN401 (as the type says)
    if origin is frozenset:
        return frozenset(_value(item, arguments[0]) for item in plain)
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(_value(item, arguments[0]) for item in plain)
    return tuple(_value(item, one) for item, one in zip(plain, arguments, strict=True))
