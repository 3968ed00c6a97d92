"""The safety policy: how much may change without a person (DESIGN §6). Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RemovalLimit:
    """Removals of one kind in 24 hours: min(most, max(least, percent of the managed)), never over a third of them."""

    least: int = 5
    percent: float = 5.0
    most: int = 500


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
    """… when the group has more members than this."""
    attribute_percent: float = 50.0
    """One attribute changing for more than this share of the users is held (a mapping accident)."""
    attribute_minimum: int = 10
    protected: tuple[str, ...] = ()
    """Logins, group names or DNs that are never removed or deactivated."""
