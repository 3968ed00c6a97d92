"""A mapping as settings state it: where each SCIM attribute takes its value from. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ldap2scim.model import GuidForm, Scalar


@dataclass(frozen=True, slots=True)
class Conversion:
    """One regular-expression replacement on a mapped value (`convert` of the original)."""

    pattern: re.Pattern[str]
    replacement: str
    """In Python's form (`\\1`, `\\g<name>`)."""
    written: str
    """The pattern as the administrator wrote it, for messages."""


@dataclass(frozen=True, slots=True)
class ValueRule:
    """Where one value comes from: the first source that has a value, converted; else the default."""

    sources: tuple[str, ...] = ()
    """LDAP attribute names. For `active` all sources that have a value must say enabled."""
    default: Scalar | None = None
    conversions: tuple[Conversion, ...] = ()
    guid_form: GuidForm = GuidForm.HYPHENATED
    """How a GUID among the sources is written; settings say it once for a directory (`with_guids`)."""


@dataclass(frozen=True, slots=True)
class ItemRule:
    """One slot of a multi-valued attribute; a slot without `value` is left out."""

    sub_attributes: Mapping[str, ValueRule]
    """By sub-attribute name: `value`, `type`, `primary`, …"""


@dataclass(frozen=True, slots=True)
class GlobalNumbers:
    """Telephone numbers are written as global numbers of RFC 3966 (`tel:+81312345678`)."""

    country: str = ""
    """Code of the country of numbers that have none, such as `81`; empty: those stay as they are."""


@dataclass(frozen=True, slots=True)
class ResourceMapping:
    """How entries of one kind become resources of one kind."""

    single: Mapping[str, ValueRule]
    """By path: `user_name`, `name.family_name`, `extensions.URN.attribute`."""
    multi: Mapping[str, tuple[ItemRule, ...]] = field(default_factory=dict)
    """By attribute: `emails`, …"""
    exclude: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """`ims` → values that are dropped. For groups: attribute → values that put a group out of scope."""
    required: tuple[str, ...] = ()
    """Paths that must have a value, or the entry is held."""
    phones: GlobalNumbers | None = None
    """None: telephone numbers are taken as they are."""
    one_value: frozenset[str] = frozenset()
    """Multi-valued attributes of which one value is kept: the primary one, or the first."""

    @property
    def ldap_attributes(self) -> frozenset[str]:
        """Return every LDAP attribute that the mapping reads, as written."""
        rules = [*self.single.values()]
        for items in self.multi.values():
            for item in items:
                rules.extend(item.sub_attributes.values())
        return frozenset(source for rule in rules for source in rule.sources)

    def with_guids(self, form: GuidForm) -> "ResourceMapping":
        """Return the mapping with all GUIDs written in one form."""
        single = {path: replace(rule, guid_form=form) for path, rule in self.single.items()}
        multi = {
            name: tuple(
                ItemRule({sub: replace(rule, guid_form=form) for sub, rule in item.sub_attributes.items()})
                for item in items
            )
            for name, items in self.multi.items()
        }
        return replace(self, single=single, multi=multi)


@dataclass(frozen=True, slots=True)
class Mappings:
    """The two mappings of one directory."""

    user: ResourceMapping
    group: ResourceMapping
