"""What the embedded service keeps of a resource. Values."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ldap2scim.sandbox.service.wire import Object


class UserState(StrEnum):
    """How a user stands, as the console of a service shows it."""

    ACTIVE = "active"
    DISABLED = "disabled"
    PENDING = "pending deletion"


@dataclass(frozen=True, slots=True)
class Record:
    """One resource as it is kept."""

    kind: str
    resource: Object
    """The whole resource as it is answered; replaced, never changed in place."""
    version: int
    pending: bool
    """Pending deletion: its names taken; whether reads show it, the personality says."""

    @property
    def id(self) -> str:
        """The id that the service gave it."""
        return str(self.resource["id"])

    @property
    def attributes(self) -> Object:
        """What a client wrote: the resource without `schemas`, `id` and `meta`."""
        return {name: value for name, value in self.resource.items() if name not in ("schemas", "id", "meta")}


@dataclass(frozen=True, slots=True)
class Kept:
    """Every resource at one moment."""

    records: Mapping[str, Mapping[str, Record]]
