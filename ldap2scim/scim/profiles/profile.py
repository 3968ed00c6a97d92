"""What one make of SCIM service does in its own way, as data. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ldap2scim import __version__
from ldap2scim.model import GuidForm, ResourceType
from ldap2scim.scim.habits import (
    ListingMethod,
    MemberAdditions,
    MemberRemovals,
    MembersShown,
    Paging,
    PatchPaths,
    RestoreMethod,
    UpdateMethod,
    UserDeletion,
)
from ldap2scim.scim.profiles.guidance import ANY_SERVICE, Guidance
from ldap2scim.scim.provider import Capabilities, ScimRequest
from ldap2scim.scim.schemas import ENDPOINT
from ldap2scim.scim.settings import Leavers

OUTSIDE_THE_RFC: Final[Mapping[ResourceType, frozenset[str]]] = {
    ResourceType.USER: frozenset({"downstream_id", "external_user_name", "subject", "local_names", "id_token_claims"}),
    ResourceType.GROUP: frozenset({"description", "email", "group_type"}),
}
"""Attributes of the catalogue that no schema of RFC 7643 holds: a profile must say where they live."""


class RemovalState(StrEnum):
    """What a leaver's account can be at the service."""

    DEACTIVATED = "deactivated"
    PENDING = "pending"
    """Deleted, and kept by the service for a while."""
    DELETED = "deleted"


class Return(StrEnum):
    """How somebody comes back from a state."""

    AS_BEFORE = "as-before"
    """The account as it was, with all that belongs to it."""
    AS_NEW = "as-new"
    """With a new account of the same login."""
    NEVER = "never"
    """What belonged to the account is lost to its person for good: such a step is only taken where the settings
    allow it in as many words."""


@dataclass(frozen=True, slots=True)
class RemovalStep:
    """One step of the way out of the service."""

    state: RemovalState
    back: Return
    days: int | None = None
    """How long the service keeps an account in this state before it takes the next step; None: until told, or not
    known."""


class Counted(StrEnum):
    """What a rate limit counts."""

    REQUESTS = "requests"
    MEMBERS = "members"
    """Members added to one and the same group."""


@dataclass(frozen=True, slots=True)
class SmallRequest:
    """A PATCH that costs the service, and so the quota, much less than a large one."""

    bytes: int
    """The largest body of a small one."""
    worth: int
    """So many small ones cost as much as a large one."""


class Addressed(StrEnum):
    """What the requests under a rate limit are sent to."""

    ANYTHING = "anything"
    ENDPOINT = "endpoint"
    """`/Users`: a listing, a search, a creation."""
    RESOURCE = "resource"
    """`/Users/{id}`."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many requests in so much time. Every limit that fits a request holds for it."""

    requests: int
    seconds: float
    methods: frozenset[str] = frozenset()
    """Empty: all."""
    resource_types: frozenset[ResourceType] = frozenset()
    """Empty: all, and what is about no resource."""
    burst: int | None = None
    """Requests that may go out at once; None: all of `requests`."""
    above_bytes: int | None = None
    """Only for bodies of more bytes than this."""
    up_to_bytes: int | None = None
    """Only for bodies of at most so many bytes."""
    addressed: Addressed = Addressed.ANYTHING
    counted: Counted = Counted.REQUESTS

    def holds_for(self, request: ScimRequest, size: int) -> bool:
        """Say whether a request with a body of `size` bytes is under this limit."""
        return (
            (not self.methods or request.method in self.methods)
            and (self.above_bytes is None or size > self.above_bytes)
            and (self.up_to_bytes is None or size <= self.up_to_bytes)
            and self._is_about(request.path)
        )

    def _is_about(self, path: str) -> bool:
        _, endpoint, *rest = path.split("/")
        if self.resource_types and f"/{endpoint}" not in {ENDPOINT[kind] for kind in self.resource_types}:
            return False
        one = bool(rest) and rest[0] != ".search"
        return self.addressed is Addressed.ANYTHING or one == (self.addressed is Addressed.RESOURCE)


WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
READS: Final = frozenset({"GET"})
USERS: Final = frozenset({ResourceType.USER})
GROUPS: Final = frozenset({ResourceType.GROUP})

EVERY_OPERATOR: Final = frozenset({"eq", "ne", "co", "sw", "ew", "pr", "gt", "ge", "lt", "le", "and", "or", "not"})
"""Of RFC 7644 §3.4.2.2."""
DEACTIVATED: Final = RemovalStep(RemovalState.DEACTIVATED, Return.AS_BEFORE)
TWO_STEPS: Final = (DEACTIVATED, RemovalStep(RemovalState.DELETED, Return.AS_NEW))
LOOK_UPS: Final[Mapping[ResourceType, tuple[str, ...]]] = {
    ResourceType.USER: ("externalId", "userName"),
    ResourceType.GROUP: ("externalId", "displayName"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """How one make of service is spoken to. Compared by identity: profiles are constants."""

    name: str
    base_url: str | None
    """Used where the settings give none."""
    placements: Mapping[ResourceType, Mapping[str, str]]
    """Attribute (one of `OUTSIDE_THE_RFC`) → URN of the schema that holds it."""
    leavers: Leavers
    """Default of the setting."""
    user_deletion: UserDeletion
    restore: RestoreMethod
    update: UpdateMethod
    listing: ListingMethod
    trusted_external_id_filter: bool
    """True: an empty answer to `externalId eq "…"` proves that nobody has it. Some services search it never."""
    nested_groups: bool
    """Whether a group may be a member of a group (RFC 7643 §4.2)."""
    assumed: Capabilities
    """What holds where the service has no usable `/ServiceProviderConfig`."""
    guid_form: GuidForm = GuidForm.HYPHENATED
    """Default of the setting: the form of objectGUID that the service expects."""
    members_per_request: int = 100
    """AWS refuses more than 100, FusionAuth lost what was above it."""
    bytes_per_request: int = 256 * 1024
    """Bodies above 800 kB and 2 MB are answered 413 by known services."""
    page_size: int = 500
    """The most resources asked for at once, whatever the service allows."""
    user_agent: str = f"ldap2scim/{__version__}"
    """Some services (GitHub) refuse requests without one."""
    group_update: UpdateMethod | None = None
    """How groups are changed; None: as users are, by `update`."""
    patch_paths: PatchPaths = PatchPaths.WRITTEN
    member_additions: MemberAdditions = MemberAdditions.ARRAY
    member_removals: MemberRemovals = MemberRemovals.BY_FILTER
    small_request: SmallRequest | None = None
    members_shown: MembersShown = MembersShown.LISTS
    paging: Paging = Paging.INDEX
    filter_operators: frozenset[str] = EVERY_OPERATOR
    """A filter with any other is not sent: everything is read, and sorted out here."""
    look_ups: Mapping[ResourceType, tuple[str, ...]] = field(default_factory=lambda: LOOK_UPS)
    """Attributes (as on the wire) by which one resource can be found, the surest first."""
    projects: bool = True
    """Whether `excludedAttributes` may be asked (RFC 7644 §3.9)."""
    limits: tuple[RateLimit, ...] = ()
    """What the service publishes of its rate limits; empty: nothing, and its answers must teach."""
    quota_share: float = 1.0
    """Part of `limits` that is used by default; less where other programs draw on the same quota."""
    rate_limit_statuses: frozenset[int] = frozenset({429})
    """Statuses that ask to come again later. 403 counts only where the answer speaks of a rate or quota."""
    removal: tuple[RemovalStep, ...] = TWO_STEPS
    """The ladder of a leaver's user, the gentlest step first."""
    one_value: frozenset[str] = frozenset()
    """Multi-valued attributes (`emails`) of which the service takes one value: the primary one, or the first."""
    case_exact: frozenset[ResourceType] = frozenset()
    """Kinds whose login or name the service compares with case; RFC 7643 §8.7.1 has neither so."""
    ignored: Mapping[ResourceType, frozenset[str]] = field(default_factory=dict)
    """Attributes, and sub-attributes (`name.formatted`), that the service drops or does not let anybody write: they
    are neither sent nor compared."""
    guidance: Guidance = ANY_SERVICE
    """What an administrator is told of it, and what it is known to refuse."""
    booleans_as_text: bool = False
    """`active` comes back as "true". Reading always bears it; a filter on it cannot be trusted to the service."""
    group_rename: bool = True
    """Whether `displayName` of a group can be changed."""
    unproven: Mapping[str, str] = field(default_factory=dict)
    """What no documentation says, by the key of `service.assume` that corrects it: the assumption in a sentence."""

    def update_of(self, resource_type: ResourceType) -> UpdateMethod:
        """Return how resources of a kind are changed."""
        own = self.group_update if resource_type is ResourceType.GROUP else None
        return own or self.update

    @property
    def lossy_deletion(self) -> bool:
        """Whether DELETE of a user takes away what nobody can give back."""
        return any(step.state is RemovalState.DELETED and step.back is Return.NEVER for step in self.removal)

    @property
    def deletes_users(self) -> bool:
        """Whether the service has DELETE of a user at all."""
        return any(step.state is not RemovalState.DEACTIVATED for step in self.removal)

    def ignores(self, resource_type: ResourceType, attribute: str, sub_attribute: str = "") -> bool:
        """Say whether the service drops an attribute, or one of its sub-attributes."""
        dropped = self.ignored.get(resource_type, frozenset())
        return attribute in dropped or f"{attribute}.{sub_attribute}" in dropped


def unsupported(profile: Profile, paths: Iterable[str]) -> tuple[str, ...]:
    """Return one problem for each mapped path that has no place in any schema of this service.

    `paths` are of the mapping: `user_name`, `name.family_name`, `local_names.family_name`, `emails.value`.
    """
    homeless = {
        attribute
        for resource_type, attributes in OUTSIDE_THE_RFC.items()
        for attribute in attributes
        if attribute not in profile.placements.get(resource_type, {})
    }
    return tuple(
        f"{path}: RFC 7643 has no such attribute, and the profile `{profile.name}` does not say which schema holds it. "
        f"Leave it out, map it as `extensions.URN.attribute` with the URN of the service's own schema, "
        f"or choose the profile of that service (`iij-id` knows this attribute)."
        for path in paths
        if path.partition(".")[0] in homeless
    )
