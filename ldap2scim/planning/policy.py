"""The safety policy: how much may change without a person (DESIGN §6). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Deed(StrEnum):
    """What an operation does to somebody, as limits count it. One operation may be several: a rename is an update."""

    CREATE = "create"
    ADOPT = "adopt"
    RENAME = "rename"
    """Login or name as others see it: userName, displayName."""
    RESTORE = "restore"
    UPDATE = "update"
    DEACTIVATE = "deactivate"
    DELETE = "delete"
    REMOVE = "remove"
    """Any of the ways to lose access: delete, deactivate, `active` no longer true."""


class Dimension(StrEnum):
    """A part of the managed that is small enough to vanish without being missed in the whole."""

    DIRECTORY = "directory"
    UNIT = "unit"
    """The entry right above, by the DN: an organisational unit."""
    DEPARTMENT = "department"
    """By the value of one mapped attribute."""
    GROUP = "group"
    """The members of one group: those who lose their accounts, not those who leave the group."""


@dataclass(frozen=True, slots=True)
class RemovalLimit:
    """Removals of one kind in 24 hours: min(most, max(least, percent of the managed)), never over a third of them."""

    least: int = 5
    percent: float = 5.0
    most: int = 500


@dataclass(frozen=True, slots=True)
class Limit:
    """How many of one kind one run may carry out; nothing is held where neither `percent` nor `most` is given."""

    percent: float | None = None
    """Held above this share …"""
    minimum: int = 10
    """… when there are more of them than this."""
    most: int | None = None
    """Held above this count, whatever the share."""

    @property
    def is_given(self) -> bool:
        """Say whether it can hold anything."""
        return self.percent is not None or self.most is not None

    def holds(self, count: int, base: int) -> bool:
        """Say whether `count` of `base` are too many."""
        too_many = self.most is not None and count > self.most
        share = self.percent is not None and count > self.minimum and count * 100 > base * self.percent
        return too_many or share


NO_LIMIT = Limit()


@dataclass(frozen=True, slots=True)
class KindLimits:
    """Limits of what one run does to users, and to groups counted apart, beside those that DESIGN §6 names.

    Creations have none by default: the first load, and the rest of one that was interrupted, creates everybody.
    """

    create: Limit = NO_LIMIT
    adopt: Limit = NO_LIMIT
    rename: Limit = Limit(percent=10.0)
    restore: Limit = Limit(percent=30.0)
    deactivate: Limit = NO_LIMIT
    delete: Limit = NO_LIMIT
    enter: Limit = NO_LIMIT
    """Members that enter groups, all groups together, as a share of all memberships."""
    leave: Limit = Limit(percent=30.0, minimum=100)
    """Members that leave groups, likewise."""

    def given(self) -> Mapping[Deed, Limit]:
        """Return the limits of resources that can hold anything."""
        limits = {deed: getattr(self, deed.value) for deed in _WITH_LIMITS}
        return {deed: limit for deed, limit in limits.items() if limit.is_given}


_WITH_LIMITS = (Deed.CREATE, Deed.ADOPT, Deed.RENAME, Deed.RESTORE, Deed.DEACTIVATE, Deed.DELETE)


@dataclass(frozen=True, slots=True)
class DimensionLimit:
    """How large a share of one directory, unit, department or group one run may touch; removals: a day."""

    population: int = 20
    """Where fewer are managed, nothing is held: of three people one is a third."""
    minimum: int = 5
    """So many flow always."""
    remove: float | None = 30.0
    """Percent of the managed there."""
    rename: float | None = 50.0
    update: float | None = None
    restore: float | None = None
    create: float | None = None

    def given(self) -> Mapping[Deed, float]:
        """Return the shares that can hold anything."""
        shares = {deed: getattr(self, deed.value) for deed in _BY_DIMENSION}
        return {deed: share for deed, share in shares.items() if share is not None}


_BY_DIMENSION = (Deed.REMOVE, Deed.RENAME, Deed.UPDATE, Deed.RESTORE, Deed.CREATE)
USUAL_SHARES = DimensionLimit()
MEMBERS_OF_A_GROUP = DimensionLimit(rename=None)


@dataclass(frozen=True, slots=True)
class Dimensions:
    """The limits by dimension."""

    directory: DimensionLimit = USUAL_SHARES
    unit: DimensionLimit = USUAL_SHARES
    department: DimensionLimit = USUAL_SHARES
    group: DimensionLimit = MEMBERS_OF_A_GROUP
    department_attribute: str = "enterprise.department"
    """Path of a mapped attribute of users that has one text."""

    def of(self, dimension: Dimension) -> DimensionLimit:
        """Return the limit of one dimension."""
        found: DimensionLimit = getattr(self, dimension.value)
        return found


@dataclass(frozen=True, slots=True)
class Privileged:
    """Groups in which a member more is worse than a member less."""

    groups: tuple[str, ...] = ()
    """Names or DNs."""
    entering: int = 0
    """So many may enter one of them in a run; if more would, none does."""
    leaving: int = 2
    """So many members may leave one of them, or lose their accounts, in 24 hours; if more would, none does."""


@dataclass(frozen=True, slots=True)
class Canary:
    """A few operations of a kind go first; when too many of them fail, the rest of that kind is not sent."""

    above: int = 100
    """Where a plan has more operations of one kind than this …"""
    first: int = 5
    """… so many of them go first. 0: none does."""
    pilot: str | None = None
    """Name or DN of a group whose members go first instead, however few operations there are."""
    error_percent: float = 50.0
    """Of those who went first; above it the rest is not sent."""


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """When too many of the last operations of a kind failed, the rest of that kind is not sent."""

    percent: float = 20.0
    window: int = 100
    """So many operations, the last that ended; fewer are not looked at."""


@dataclass(frozen=True, slots=True)
class SafetyPolicy:
    """Every limit of DESIGN §6, with its default."""

    users: RemovalLimit = RemovalLimit()
    groups: RemovalLimit = RemovalLimit()
    short_read_percent: float = 90.0
    """A read with fewer entries than this share of the last proven one removes nobody."""
    update_percent: float = 30.0
    """Updates are all held above this share of the managed …"""
    update_minimum: int = 10
    """… when there are more of them than this."""
    member_loss_percent: float = 30.0
    """Members leaving one group are held above this share …"""
    member_loss_minimum: int = 10
    """… when the group has more members than this. One of more than that and than 50 is removed by a person alone."""
    attribute_percent: float = 50.0
    """One attribute changing for more than this share of the users is held (a mapping accident)."""
    attribute_minimum: int = 10
    protected: tuple[str, ...] = ()
    """Logins, group names or DNs that are never removed or deactivated."""
    attributes: Mapping[str, float] = field(default_factory=dict)
    """Shares of single attributes of users, by path, in the place of `attribute_percent`."""
    limits: KindLimits = KindLimits()
    by: Dimensions = Dimensions()
    privileged: Privileged = Privileged()
    canary: Canary = Canary()
    errors: ErrorRate = ErrorRate()

    @property
    def limits_creations(self) -> bool:
        """Say whether anything here can hold a creation."""
        parts = (self.by.directory, self.by.unit, self.by.department)
        return self.limits.create.is_given or any(part.create is not None for part in parts)
