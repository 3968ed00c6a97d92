"""What an administrator is told about one make of service, and what the service is known to refuse. Pure data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ldap2scim.model import ResourceType


class Refusal(StrEnum):
    """A kind of value that a service is known to refuse."""

    LOGIN = "login"
    """A `userName` that is not in the form of an e-mail address."""
    ISSUER = "issuer"
    """A name at the upstream identity provider without that provider's issuer."""
    PHONE = "phone"
    """A telephone number that is not a global one of RFC 3966."""
    EMAIL = "email"
    """An e-mail that is no address."""
    KANA = "kana"
    """A name in kana that is not katakana."""
    LANGUAGE = "language"
    """A language that is no tag of RFC 5646, such as `ja_JP`."""
    TIMEZONE = "timezone"
    """A time zone that the IANA database does not have (RFC 7643 §4.1.1)."""


@dataclass(frozen=True, slots=True)
class Guidance:
    """Words and facts of one make of service."""

    scopes: Mapping[ResourceType, frozenset[str]] = field(default_factory=dict)
    """Scopes that a token needs to synchronise each kind; empty: nothing is known of them."""
    access: Mapping[int, str] = field(default_factory=dict)
    """What to do after 401 and 403; empty: the usual words."""
    renewal: str = "Get a new token from the service, and put it where the settings say."
    """Where a token comes from."""
    not_found_on_create: str = "The service has no such end point: check the base URL (it ends before `/Users`)."
    """What to do after a SCIM error 404 in answer to a POST."""
    taken: str | None = None
    """What to do where a value belongs to another resource (409); None: the usual words."""
    firewall: tuple[str, ...] = ()
    """Hosts and ports that the service asks its customers to allow, besides that of the base URL."""
    new_users: tuple[str, ...] = (
        "Nobody was mailed: see how people of this service get their first password or sign in through another.",
    )
    """What the people who were created need next, as sentences."""
    refuses: frozenset[Refusal] = frozenset()
    most: Mapping[str, int] = field(default_factory=dict)
    """The most values that a multi-valued attribute may have, by its name in the model."""
    longest: Mapping[ResourceType, Mapping[str, int]] = field(default_factory=dict)
    """The most characters of an attribute with one value, by its path in the model."""
    most_members: int | None = None
    """The most members of a group; None: not known."""
    unique_email: bool = False
    """Whether it refuses an e-mail address that another user has."""
    writes_to_users: bool = False
    """Whether it sends new users their first password, so that one without an address cannot begin."""


ANY_SERVICE = Guidance()
