"""Entries become desired resources, or are held. Pure; the time of evaluation is an argument.

A mapping is compiled once; what is left for each entry is to look values up, decode them and write them down.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple, TypeAlias

from ldap2scim.directory.anchors import GUID_ATTRIBUTES
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.settings import DirectorySettings
from ldap2scim.errors import SettingsError
from ldap2scim.essence import sealed
from ldap2scim.findings import Finding, Held
from ldap2scim.mapping.active import Account, ActiveReader, compile_active
from ldap2scim.mapping.attributes import compile_attributes, with_text_defaults
from ldap2scim.mapping.items import compile_items
from ldap2scim.mapping.paths import split_path
from ldap2scim.mapping.problems import (
    control_character,
    control_characters,
    missing_attribute,
    one_value_kept,
    surplus_primary,
    unreadable_value,
)
from ldap2scim.mapping.spec import ResourceMapping, ValueRule
from ldap2scim.mapping.values import Raw, Unreadable, compile_value
from ldap2scim.model import Attributes, AttributeValue, GuidForm, Key, ResourceType, make_key

ValueCheck: TypeAlias = Callable[[Attributes, str], tuple[Finding, ...]]
"""Takes the attributes of a resource and the entry's DN; returns why the service would refuse it."""


class Mapped(NamedTuple):
    """The desired state of one entry, and the columns that validations look at.

    A tuple, because a frozen dataclass takes four microseconds more to make, a quarter of the whole mapping.
    """

    key: Key
    essence: str
    """Canonical JSON of the attributes."""
    fingerprint: str
    """Of the essence."""
    dn: str
    valid_until: datetime | None
    """The instant at which this result changes by the clock alone; None: it does not."""
    external_id: str | None
    login: str | None
    """`user_name` of a person, `display_name` of a group."""
    email: str | None
    """The primary address, or else the first; of a group its `email`."""
    active: bool
    findings: tuple[Finding, ...] = ()
    """Notes."""


@dataclass(frozen=True, slots=True)
class OutOfScope:
    """An entry that the mapping excludes by a value: as if the filter had not found it."""

    key: Key
    dn: str
    attribute: str
    """Path of the attribute whose value excludes it."""


def compile_mapping(
    settings: DirectorySettings,
    mapping: ResourceMapping,
    resource_type: ResourceType,
    refused: ValueCheck | None = None,
) -> "Mapper":
    """Return the mapper of one kind of entry of one directory.

    `refused` says why the service would refuse a resource; whoever it speaks of is held.

    Raises:
        SettingsError: an exclusion could never hold. It drops items of a user's multi-valued attribute, or puts a
            group out of scope by an attribute that has one value.
    """
    is_user = resource_type is ResourceType.USER
    idle = sorted(set(mapping.exclude) - set(mapping.multi if is_user else mapping.single))
    if idle:
        where = f"Directory {settings.name}, {resource_type.value.lower()} mapping"
        raise SettingsError(tuple(f"{where}: the exclusion by {path} could never hold. Take it away." for path in idle))
    return Mapper(settings, mapping, resource_type, refused)


class Mapper:
    """A compiled mapping; `compile_mapping` makes it."""

    def __init__(
        self,
        settings: DirectorySettings,
        mapping: ResourceMapping,
        resource_type: ResourceType,
        refused: ValueCheck | None,
    ) -> None:
        is_user = resource_type is ResourceType.USER
        mapping = mapping.with_guids(settings.guid_form)
        rules = dict(with_text_defaults(mapping.single))
        self._directory = settings.name
        self._mapping = mapping
        self._resource_type = resource_type
        self._refused = refused
        self._login = "user_name" if is_user else "display_name"
        self._active = _compile_active(settings, mapping) if is_user else None
        if is_user:
            rules.pop("active", None)
        # The same attribute, read the same way: an anchor that is neither a GUID nor text has a form there.
        rules.setdefault("external_id", ValueRule((settings.source_anchor,), guid_form=settings.guid_form))
        self._takes_anchor = _is_anchor(rules["external_id"], settings)
        if self._takes_anchor:
            rules.pop("external_id", None)
        self._read_single = compile_attributes(rules)
        self._values = tuple(compile_value(rule) for rule in rules.values())
        self._multi = tuple(
            (name, compile_items(name, items, mapping.exclude.get(name, frozenset()), mapping.phones))
            for name, items in mapping.multi.items()
        )
        scope = {} if is_user else mapping.exclude
        self._scope = tuple((path, compile_value(mapping.single[path]), scope[path]) for path in scope)
        self._required = tuple((path, split_path(path)) for path in mapping.required)
        self._required_names = frozenset(steps[0] for _, steps in self._required)
        self._required_below = tuple(steps for _, steps in self._required if len(steps) > 1)

    def map(self, entry: LdapEntry, anchor: str, now: datetime) -> Mapped | Held | OutOfScope:
        """Return the desired state of an entry, or why there is none. Raises nothing, whatever the entry holds.

        Args:
            entry: as the directory gave it.
            anchor: its source anchor, as text.
            now: the time of evaluation, with a time zone.
        """
        return self.map_values(entry.dn, entry.attributes, anchor, now)

    def map_values(self, dn: str, raw: Raw, anchor: str, now: datetime) -> Mapped | Held | OutOfScope:
        """As `map`, with the values as octets or as text, whichever they are at hand as."""
        try:
            for path, read, excluded in self._scope:
                if str(read(raw)) in excluded:
                    return OutOfScope(make_key(self._directory, anchor), dn, path)
            return self._mapped(dn, raw, anchor, now)
        except Unreadable:
            return self._held(dn, anchor, self._unreadable(dn, raw, now))

    def _mapped(self, dn: str, raw: Raw, anchor: str, now: datetime) -> Mapped | Held:
        attributes = self._read_single(raw)
        if self._takes_anchor:
            attributes["external_id"] = anchor
        notes: tuple[Finding, ...] = ()
        for name, collect in self._multi:
            items, surplus = collect(raw)
            if len(items) > 1 and name in self._mapping.one_value:
                items = (next((item for item in items if item.get("primary") is True), items[0]),)
                notes += (one_value_kept(name, dn),)
            if items:
                attributes[name] = items
            if surplus:
                notes += (surplus_primary(name, dn),)
        account = _ALWAYS_ACTIVE
        if self._active:
            account = self._active(raw, now)
            attributes["active"] = account.active
        if self._lacks(attributes):
            return self._held(dn, anchor, self._missing(dn, attributes))
        if self._refused is not None and (found := self._refused(attributes, dn)):
            return self._held(dn, anchor, found)
        essence, fingerprint = sealed(attributes)
        # JSON writes a control character as an escape, so that one look at the whole tells that there is none.
        if "\\u00" in essence and (strange := control_characters(attributes)):
            return self._held(dn, anchor, tuple(control_character(path, self._mapping, dn) for path in strange))
        get = attributes.get
        return Mapped(
            make_key(self._directory, anchor),
            essence,
            fingerprint,
            dn,
            account.valid_until,
            _text(get("external_id")),
            _text(get(self._login)),
            _address(get("emails")) or _text(get("email")),
            account.active,
            notes,
        )

    def _lacks(self, attributes: dict[str, AttributeValue]) -> bool:
        if not attributes.keys() >= self._required_names or self._is_nameless(attributes):
            return True
        for steps in self._required_below:  # noqa: SIM110  # a generator costs a microsecond an entry
            if not _has(attributes, steps):
                return True
        return False

    def _is_nameless(self, attributes: dict[str, AttributeValue]) -> bool:
        """Say whether the login or name is made of blanks alone, which is no name to anybody (RFC 4518 §2.6.1)."""
        login = attributes.get(self._login)
        return login is not None and not str(login).strip()

    def _held(self, dn: str, anchor: str, findings: tuple[Finding, ...]) -> Held:
        return Held(make_key(self._directory, anchor), self._directory, self._resource_type, dn, findings)

    def _unreadable(self, dn: str, raw: Raw, now: datetime) -> tuple[Finding, ...]:
        """Read everything once more, and say all that cannot be read: each LDAP attribute once."""
        found: dict[str, Unreadable] = {}
        readers: list[Callable[[], object]] = [partial(read, raw) for read in self._values]
        readers += [partial(collect, raw) for _, collect in self._multi]
        if self._active:
            readers.append(partial(self._active, raw, now))
        for read in readers:
            try:
                read()
            except Unreadable as problem:
                found.setdefault(problem.attribute, problem)
        return tuple(unreadable_value(problem, dn) for problem in found.values())

    def _missing(self, dn: str, attributes: dict[str, AttributeValue]) -> tuple[Finding, ...]:
        return tuple(
            missing_attribute(path, self._mapping, dn)
            for path, steps in self._required
            if not _has(attributes, steps) or (path == self._login and self._is_nameless(attributes))
        )


def _compile_active(settings: DirectorySettings, mapping: ResourceMapping) -> ActiveReader:
    return compile_active(mapping.single.get("active", ValueRule()), settings.lockout_duration)


def _is_anchor(rule: ValueRule, settings: DirectorySettings) -> bool:
    """Say whether a rule asks for the source anchor as it is; a GUID may be wanted in another form than a key's."""
    anchor = settings.source_anchor.lower()
    if anchor in GUID_ATTRIBUTES and rule.guid_form is not GuidForm.HYPHENATED:
        return False
    plain = not rule.conversions and rule.default is None
    return plain and tuple(map(str.lower, rule.sources)) == (anchor,)


_ALWAYS_ACTIVE = Account(active=True, valid_until=None)


def _has(value: object, steps: tuple[str, ...]) -> bool:
    """Say whether there is a value at the end of a path; of a multi-valued attribute one item is enough."""
    for number, step in enumerate(steps):
        if isinstance(value, tuple):
            return any(_has(item, steps[number:]) for item in value)
        if not isinstance(value, dict) or step not in value:
            return False
        value = value[step]
    return True


def _text(value: AttributeValue | None) -> str | None:
    return None if value is None else str(value)


def _address(items: AttributeValue | None) -> str | None:
    if not isinstance(items, tuple):
        return None
    for item in items:
        if item.get("primary") is True:
            return _text(item.get("value"))
    return _text(items[0].get("value"))
