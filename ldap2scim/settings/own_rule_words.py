"""The words of an administrator's own rules. Pure values; `own_rules` reads them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from ldap2scim.findings import Severity
from ldap2scim.model import ResourceType

MEMBER, BELOW = "member of ", " below "


class Sort(StrEnum):
    """What a condition asks of an attribute."""

    HAS = "has"
    LACKS = "lacks"
    MATCHES = "matches"
    IS = "is"


class Verb(StrEnum):
    """What a plan may be forbidden to do."""

    CREATE = "create"
    UPDATE = "update"
    RENAME = "rename"
    """Change a login or group name."""
    DISABLE = "disable"
    """Take the use of an account away: deactivate, delete, or `active` no longer true."""
    DELETE = "delete"
    LEAVE = "leave"
    """Take somebody out of the group."""


class Frame(StrEnum):
    """What an expectation suite is about; its name says it."""

    USERS = "users"
    GROUPS = "groups"
    MEMBERS = "members"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a rule is about."""

    kind: ResourceType
    group: str | None = None
    """The members of the group of this name."""
    below: str | None = None
    """Entries below this DN, normalised."""

    def __str__(self) -> str:
        if self.group is not None:
            return f"{MEMBER}{self.group}"
        return self.kind.value.lower() + (f"{BELOW}{self.below}" if self.below is not None else "")


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold of one attribute."""

    sort: Sort
    attribute: str
    """As it is written."""
    path: str
    """Of the model."""
    pattern: re.Pattern[str] | None = None
    """Of `matches`: each value as a whole."""
    values: frozenset[str] = frozenset()
    """Of `is`: each value is one of them."""


@dataclass(frozen=True, slots=True)
class EveryRule:
    """Something that holds of each subject."""

    name: str
    severity: Severity
    subject: Subject
    where: tuple[Condition, ...]
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class CountRule:
    """How many subjects there are."""

    name: str
    severity: Severity
    subject: Subject
    where: tuple[Condition, ...]
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class PlanRule:
    """What no plan ever does; no approval releases it."""

    name: str
    verbs: frozenset[Verb]
    subject: Subject


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite of Great Expectations."""

    file: str
    frame: Frame
    content: Mapping[str, Any]
    """As the file has it."""
    attributes: tuple[tuple[str, str], ...] = ()
    """Columns that are mapped attributes, each with its path in the model."""


SUITE_COLUMNS: Mapping[Frame, tuple[str, ...]] = {
    Frame.USERS: ("key", "dn", "login", "email", "external_id"),
    Frame.GROUPS: ("key", "dn", "login", "external_id"),
    Frame.MEMBERS: ("group", "member", "group_dn", "member_dn", "group_key", "member_key"),
}
"""The columns that each frame has besides."""


StateRule: TypeAlias = EveryRule | CountRule


@dataclass(frozen=True, slots=True)
class OwnRules:
    """Everything that the files say."""

    state: tuple[StateRule, ...] = ()
    plan: tuple[PlanRule, ...] = ()
    suites: tuple[Suite, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the rules, in the order of the files."""
        return (*(rule.name for rule in (*self.state, *self.plan)), *(suite.file for suite in self.suites))


NO_RULES = OwnRules()
