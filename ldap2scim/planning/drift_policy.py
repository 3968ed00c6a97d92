"""What becomes of an edit made at the service, by attribute. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ldap2scim.essence import from_essence, to_essence
from ldap2scim.model import Attributes, ResourceType
from ldap2scim.planning.attribute_changes import apply_changes
from ldap2scim.planning.operations import AttributeChange
from ldap2scim.planning.three_way import Move, Moved

MEMBERS: Final = "members"
"""Stands for the memberships of a group where a policy names attributes."""


class Repair(StrEnum):
    """What is done about one attribute."""

    OVERWRITE = "overwrite"
    """The directory's value is written."""
    REPORT = "report"
    """It is said, and left to a person."""
    KEEP = "keep"
    """The service's value stands, and is no difference."""


@dataclass(frozen=True, slots=True)
class DriftPolicy:
    """The setting `drift`."""

    default: Repair = Repair.OVERWRITE
    attributes: Mapping[ResourceType, Mapping[str, Repair]] = field(default_factory=dict)
    """By kind and path of the model; the `members` of groups among them."""

    def of(self, kind: ResourceType, path: str) -> Repair:
        """Return what is done about an attribute."""
        return self.attributes.get(kind, {}).get(path, self.default)

    def repairs(self, kind: ResourceType, move: Move) -> bool:
        """Say whether the directory's value is to be written: what is pending always is."""
        match move.moved:
            case Moved.DIRECTORY:
                return True
            case Moved.NORMALISED:
                return False
            case _:
                return self.of(kind, move.path) is Repair.OVERWRITE

    def differs(self, kind: ResourceType, move: Move) -> bool:
        """Say whether an attribute counts as a difference."""
        if move.moved is Moved.NORMALISED:
            return False
        return move.moved is Moved.DIRECTORY or self.of(kind, move.path) is not Repair.KEEP


OVERWRITE_ALL: Final = DriftPolicy()
_DONE: Final = {
    Repair.OVERWRITE: "the directory's is written",
    Repair.REPORT: "left to a person",
    Repair.KEEP: "kept",
}


@dataclass(frozen=True, slots=True)
class Edit:
    """One thing in which service and directory differ, and which side moved."""

    resource_type: ResourceType
    name: str
    """DN, or the login where there is no entry."""
    what: str
    """Path of an attribute as an administrator writes it, or what became of the resource."""
    moved: Moved
    repair: Repair | None
    """What is done about it; None: nothing has to be."""

    @property
    def done(self) -> str:
        """Return in words what is done about it."""
        return "nothing" if self.repair is None else _DONE[self.repair]

    @property
    def differs(self) -> bool:
        """Say whether it counts as a difference."""
        return self.repair in {Repair.OVERWRITE, Repair.REPORT}


def as_if_repaired(held: str, left_alone: Iterable[Move]) -> str:
    """Return an essence in which what is left alone has the value that is wanted, so that nothing writes it."""
    attributes: Attributes = from_essence(held)
    changes = (AttributeChange(move.path, move.held, move.wanted) for move in left_alone)
    return to_essence(apply_changes(attributes, changes))
