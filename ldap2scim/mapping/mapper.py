"""Entries become desired resources, or are held. Pure; the time of evaluation is an argument.

A mapping is compiled once; what is left for each entry is to look values up, decode them and write them down.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.settings import DirectorySettings
from ldap2scim.errors import SettingsError
from ldap2scim.essence import fingerprint, to_essence
from ldap2scim.findings import Finding, Held
from ldap2scim.mapping.active import Account, compile_active
from ldap2scim.mapping.attributes import compile_attributes, compile_single
from ldap2scim.mapping.items import compile_items
from ldap2scim.mapping.paths import split_path
from ldap2scim.mapping.problems import missing_attribute, surplus_primary, unreadable_value
from ldap2scim.mapping.spec import ResourceMapping, ValueRule
from ldap2scim.mapping.values import Unreadable
from ldap2scim.model import AttributeValue, Key, ResourceType, make_key


@dataclass(frozen=True, slots=True)
class Mapped:
    """The desired state of one entry, and the columns that validations look at."""

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


def compile_mapping(settings: DirectorySettings, mapping: ResourceMapping, resource_type: ResourceType) -> "Mapper":
    """Return the mapper of one kind of entry of one directory.

    Raises:
        SettingsError: an exclusion names an attribute that is not mapped, so it could never hold.
    """
    unmapped = sorted(set(mapping.exclude) - set(mapping.single) - set(mapping.multi))
    if unmapped:
        raise SettingsError(
            tuple(
                f"Directory {settings.name}, exclude of {resource_type.value}: {path} is not mapped, so none of its "
                "values is ever seen. Map it, or take the exclusion away."
                for path in unmapped
            )
        )
    return Mapper(settings.name, mapping, resource_type)


class Mapper:
    """A compiled mapping; `compile_mapping` makes it."""

    __slots__ = (
        "_active",
        "_directory",
        "_login",
        "_mapping",
        "_multi",
        "_required",
        "_resource_type",
        "_scope",
        "_single",
        "_takes_anchor",
        "_values",
    )

    def __init__(self, directory: str, mapping: ResourceMapping, resource_type: ResourceType) -> None:
        is_user = resource_type is ResourceType.USER
        self._directory = directory
        self._mapping = mapping
        self._resource_type = resource_type
        self._login = "user_name" if is_user else "display_name"
        self._takes_anchor = "external_id" not in mapping.single
        self._active = compile_active(mapping.single.get("active", ValueRule())) if is_user else None
        self._values = compile_single(mapping, resource_type)
        self._single = compile_attributes(self._values)
        self._multi = tuple(
            (name, compile_items(name, rules, mapping.exclude.get(name, frozenset())))
            for name, rules in mapping.multi.items()
        )
        self._scope = (
            ()
            if is_user
            else tuple((path, read, mapping.exclude[path]) for path, read in self._values if path in mapping.exclude)
        )
        self._required = tuple((path, split_path(path)) for path in mapping.required)

    def map(self, entry: LdapEntry, anchor: str, now: datetime) -> Mapped | Held | OutOfScope:
        """Return the desired state of an entry, or why there is none. Raises nothing, whatever the entry holds.

        Args:
            entry: as the directory gave it.
            anchor: its source anchor, as text.
            now: the time of evaluation, with a time zone.
        """
        raw = entry.attributes
        try:
            for path, read, excluded in self._scope:
                if str(read(raw)) in excluded:
                    return OutOfScope(make_key(self._directory, anchor), entry.dn, path)
            return self._mapped(entry, anchor, now)
        except Unreadable:
            return self._held(entry, anchor, self._unreadable(entry, now))

    def _mapped(self, entry: LdapEntry, anchor: str, now: datetime) -> Mapped | Held:
        raw = entry.attributes
        attributes: dict[str, AttributeValue] = {"external_id": anchor} if self._takes_anchor else {}
        for name, read in self._single:
            value = read(raw)
            if value is not None:
                attributes[name] = value
        notes: tuple[Finding, ...] = ()
        for name, collect in self._multi:
            items, surplus = collect(raw)
            if items:
                attributes[name] = items
            if surplus:
                notes += (surplus_primary(name, entry.dn),)
        account = _ALWAYS_ACTIVE
        if self._active:
            account = self._active(raw, now)
            attributes["active"] = account.active
        for _, steps in self._required:
            if steps[0] not in attributes or (len(steps) > 1 and not _has(attributes, steps)):
                return self._held(entry, anchor, self._missing(entry, attributes))
        essence = to_essence(attributes)
        return Mapped(
            key=make_key(self._directory, anchor),
            essence=essence,
            fingerprint=fingerprint(essence),
            dn=entry.dn,
            valid_until=account.valid_until,
            external_id=_text(attributes.get("external_id")),
            login=_text(attributes.get(self._login)),
            email=_address(attributes.get("emails")) or _text(attributes.get("email")),
            active=account.active,
            findings=notes,
        )

    def _held(self, entry: LdapEntry, anchor: str, findings: tuple[Finding, ...]) -> Held:
        return Held(make_key(self._directory, anchor), self._directory, self._resource_type, entry.dn, findings)

    def _unreadable(self, entry: LdapEntry, now: datetime) -> tuple[Finding, ...]:
        """Read everything once more, and say all that cannot be read: each LDAP attribute once."""
        found: dict[str, Unreadable] = {}
        readers: list[Callable[[], object]] = [partial(read, entry.attributes) for _, read in self._values]
        readers += [partial(collect, entry.attributes) for _, collect in self._multi]
        if self._active:
            readers.append(partial(self._active, entry.attributes, now))
        for read in readers:
            try:
                read()
            except Unreadable as problem:
                found.setdefault(problem.attribute, problem)
        return tuple(unreadable_value(problem, entry.dn) for problem in found.values())

    def _missing(self, entry: LdapEntry, attributes: dict[str, AttributeValue]) -> tuple[Finding, ...]:
        return tuple(
            missing_attribute(path, self._mapping, entry.dn)
            for path, steps in self._required
            if not _has(attributes, steps)
        )


_ALWAYS_ACTIVE = Account(active=True, valid_until=None)


def _has(value: object, steps: tuple[str, ...]) -> bool:
    """Say whether there is a value at the end of a path; of a multi-valued attribute one item is enough."""
    if not steps:
        return True
    match value:
        case tuple():
            return any(_has(item, steps) for item in value)
        case dict():
            return steps[0] in value and _has(value[steps[0]], steps[1:])
        case _:
            return False


def _text(value: AttributeValue | None) -> str | None:
    return None if value is None else str(value)


def _address(items: AttributeValue | None) -> str | None:
    if not isinstance(items, tuple):
        return None
    for item in items:
        if item.get("primary") is True:
            return _text(item.get("value"))
    return _text(items[0].get("value"))
