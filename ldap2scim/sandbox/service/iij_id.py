"""An emulator of the IIJ ID Service: ours, and not IIJ's. Pure values and checks.

It does what the public manuals say (https://manual.iij.jp/iid/), and nothing in it was seen at a real tenant. What
the manuals do not say is a field of `Assumptions`, here and nowhere else: each can be turned round, so that a test
shows what the program does when the assumption is wrong. Shares no code with `ldap2scim.scim`.
"""

import re
from dataclasses import dataclass, field
from datetime import timedelta, timezone
from enum import Enum, auto
from typing import Final

from ldap2scim.sandbox.service.personality import (
    IIJ_GROUP,
    IIJ_GROUP_MEMBER,
    IIJ_JAPANESE_USER,
    OIDFJ_JAPANESE_USER,
    Leaving,
    PendingReads,
    Personality,
    Restoring,
    UnknownMembers,
)
from ldap2scim.sandbox.service.refusal import Refused
from ldap2scim.sandbox.service.wire import Object, Value

JST: Final = timezone(timedelta(hours=9))
"""The manual's example of a time is `2018-07-31T17:50:07+09:00`."""
MOST_EMAILS: Final = 5
"""One notification address, and up to four others."""
MOST_PHONE_NUMBERS: Final = 10
MOST_IMS: Final = 10

# Event 12808 of the manual: causes 1 and 2 are quoted whole there, 3 is `<attribute> has already been taken`. The
# texts of the other causes are cut in what could be read, so those below are ours.
UNKNOWN_DOMAIN: Final = "organization is not found."
NO_ISSUER: Final = "Issuer is required when externalUserName or subject is specified."

_DEFAULTS: Final[Object] = {"active": True, "preferredLanguage": "ja-JP", "timezone": "Asia/Tokyo"}

# RFC 3966 §3, global-number: a plus sign, a digit, then digits and visual separators, then parameters.
_GLOBAL_NUMBER: Final = re.compile(r"tel:\+[-.()]*[0-9][0-9\-.()]*(;[a-z0-9-]+(=[^;\s]+)?)*", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
# Full-width and half-width katakana, the long vowel mark and the middle dot, and blanks of both widths.
_KATAKANA: Final = re.compile(r"[\u30a1-\u30fc\uff65-\uff9f\u3000 ]*")


class ReadOnlyWrites(Enum):
    """What becomes of a value written to a read-only attribute."""

    IGNORED = auto()
    REFUSED = auto()
    """400 mutability (RFC 7644 §3.12)."""


class WithoutEmail(Enum):
    """What a user without an e-mail address gets."""

    NOTHING = auto()
    LOGIN_ID = auto()
    """The login ID, as the import of a CSV file in the console does."""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What no manual says of the SCIM side of the IIJ ID Service."""

    user_leaving: Leaving = Leaving.PENDING
    """DELETE of a user is pending deletion: what Directory Sync's deletion ends in, though its request is unknown."""
    restoring: Restoring = Restoring.BY_POST
    """A restore is asked for by POST: another product of IIJ "creates" such accounts again."""
    pending_reads: PendingReads = PendingReads.HIDDEN
    patch_supported: bool = True
    """How an update is made; PUT works in both cases."""
    etag_supported: bool = False
    """`meta` has no version in the manual."""
    max_results: int = 200
    """Resources of one page."""
    unknown_members: UnknownMembers = UnknownMembers.REFUSED
    read_only_writes: ReadOnlyWrites = ReadOnlyWrites.IGNORED
    """Of `displayName` of a user, which the manual marks, and which is built from the name."""
    without_email: WithoutEmail = WithoutEmail.NOTHING
    # Said by these lines alone: that `/ServiceProviderConfig`, `/Schemas`, `/ResourceTypes`, GET lists, sorting and all
    # filter operators exist; which schema holds `localNames`, `downstreamId`, `externalUserName`, `subject` and
    # `idTokenClaims` (`schemas`); that a token without the scope is answered 403; that a text that is no number, no
    # address or no katakana is 400 invalidValue, as for an upper limit that is passed; that a login or externalId taken
    # by a user in pending deletion is refused as any other one; that login and domain are compared without case; that
    # defaults are filled in where a user is created, and stay away where one is taken away later.


@dataclass(frozen=True, slots=True)
class IijTenant:
    """One customer's tenant: which values it takes, and what it fills in."""

    domains: frozenset[str] | None = None
    """Registered in the tenant, in lower case; None: every domain is."""
    assumptions: Assumptions = field(default_factory=Assumptions)

    def accepted(self, kind: str, attributes: Object, old: Object) -> Object:
        """Return attributes as they are kept; `displayName` of a user is made here.

        Raises:
            Refused: 400 or 404, with the detail that the manual prints where it prints one.
        """
        if kind != "User":
            return attributes
        self._check_login(str(attributes["userName"]))
        _check_addresses(attributes)
        _check_phone_numbers(attributes)
        _check_messengers(attributes)
        _check_kana(attributes.get(OIDFJ_JAPANESE_USER, {}))
        _check_issuer(attributes.get(IIJ_JAPANESE_USER, {}))
        self._check_read_only(attributes, old)
        return self._filled_in(attributes if old else {**_DEFAULTS, **attributes})

    def _check_login(self, login: str) -> None:
        local, _, domain = login.rpartition("@")
        if not local or (self.domains is not None and domain.casefold() not in self.domains):
            raise Refused(404, UNKNOWN_DOMAIN)

    def _check_read_only(self, attributes: Object, old: Object) -> None:
        written = attributes.get("displayName")
        refused = self.assumptions.read_only_writes is ReadOnlyWrites.REFUSED
        if refused and written not in (None, old.get("displayName")):
            raise Refused(400, "displayName is read-only.", "mutability")

    def _filled_in(self, attributes: Object) -> Object:
        name = attributes.get("name", {})
        shown = " ".join(part for part in (name.get("familyName"), name.get("givenName")) if part)
        filled: Object = {**attributes, "displayName": shown or attributes["userName"]}
        if not filled.get("emails") and self.assumptions.without_email is WithoutEmail.LOGIN_ID:
            filled["emails"] = [{"value": attributes["userName"], "primary": True}]
        return filled


def iij_id(domains: frozenset[str] | None = None, assumptions: Assumptions | None = None) -> Personality:
    """Return the IIJ ID Service as we understand it, for one tenant.

    Args:
        domains: registered in the tenant, in lower case; None: every domain is.
        assumptions: what the manuals do not say; None: as `Assumptions` has it.
    """
    assumed = assumptions or Assumptions()
    return Personality(
        "iij-id",
        user_leaving=assumed.user_leaving,
        restoring=assumed.restoring,
        pending_reads=assumed.pending_reads,
        unique=frozenset({"User.userName", "User.externalId", "Group.displayName"}),
        unknown_members=assumed.unknown_members,
        patch_supported=assumed.patch_supported,
        etag_supported=assumed.etag_supported,
        max_results=assumed.max_results,
        extensions=frozenset({IIJ_JAPANESE_USER, OIDFJ_JAPANESE_USER, IIJ_GROUP, IIJ_GROUP_MEMBER}),
        read_only=frozenset({"User.displayName"}),
        zone=JST,
        tenant=IijTenant(domains, assumed),
    )


IIJ_ID: Final = iij_id()
"""A tenant in which every domain is registered."""


def _check_addresses(attributes: Object) -> None:
    for item in _at_most(attributes, "emails", MOST_EMAILS):
        if not _ADDRESS.fullmatch(str(item.get("value", ""))):
            raise Refused(400, "emails.value is not an e-mail address", "invalidValue")


def _check_phone_numbers(attributes: Object) -> None:
    for item in _at_most(attributes, "phoneNumbers", MOST_PHONE_NUMBERS):
        if not _GLOBAL_NUMBER.fullmatch(str(item.get("value", ""))):
            raise Refused(400, "phoneNumbers.value is not a global number of RFC 3966", "invalidValue")


def _check_messengers(attributes: Object) -> None:
    _at_most(attributes, "ims", MOST_IMS)


def _at_most(attributes: Object, name: str, most: int) -> list[Object]:
    items: list[Value] = attributes.get(name) or []
    if len(items) > most:
        raise Refused(400, f"{name} has more than {most} values", "invalidValue")
    return [item for item in items if isinstance(item, dict)]


def _check_kana(extension: Object) -> None:
    for name, value in extension.get("localNames", {}).items():
        if isinstance(value, str) and not _KATAKANA.fullmatch(value):
            raise Refused(400, f"localNames.{name} is not written in katakana", "invalidValue")


def _check_issuer(extension: Object) -> None:
    upstream = extension.get("externalUserName") or extension.get("subject")
    if upstream and not (extension.get("idTokenClaims") or {}).get("issuer"):
        raise Refused(400, NO_ISSUER, "invalidValue")
