"""Whether the service's own filter will see what we are about to write."""

import pytest

from ldap2scim.model import Attributes, ResourceType
from ldap2scim.scim.filter_foresight import decided_by, foresee
from ldap2scim.scim.filter_parser import ParsedFilter, parse
from ldap2scim.scim.profiles import by_name
from ldap2scim.scim.wire import to_wire

PROFILE = by_name("generic")
TARO: Attributes = {
    "user_name": "taro",
    "active": False,
    "name": {"family_name": "Sato"},
    "emails": ({"value": "taro@example.jp", "type": "work"},),
    "enterprise": {"department": "sales"},
}
PATHS = ("user_name", "active", "name.family_name", "emails", "enterprise.department", "external_id")


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ('userName eq "TARO"', True),
        ('userName sw "h"', False),
        ('name.familyName eq "Sato"', True),
        ('name.givenName eq "x"', None),  # no mapping writes it
        ('emails.value ew "@example.jp"', True),
        ('emails[type eq "home"]', False),
        ('urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "legal"', False),
        ('meta.created gt "2026-01-01T00:00:00Z"', None),
        ('meta.created gt "2026-01-01T00:00:00Z" and userName eq "hana"', False),
        ('meta.created gt "2026-01-01T00:00:00Z" or userName eq "taro"', True),
        ('meta.created gt "2026-01-01T00:00:00Z" or userName eq "hana"', None),
        ('not (userName eq "taro")', False),
        ('not (title eq "x")', None),
        ("active eq true", None),  # whoever is disabled must be, whatever the filter sees then
        ("externalId pr", False),
    ],
)
def test_a_filter_is_foreseen_as_far_as_it_is_ours_to_know(text: str, seen: bool | None) -> None:
    """What the service decides is not known; one definite answer may be enough."""
    parsed = parse(text)
    assert isinstance(parsed, ParsedFilter)
    known = decided_by(PATHS, ResourceType.USER, PROFILE)

    assert foresee(parsed.root, to_wire(ResourceType.USER, TARO, PROFILE), known) is seen
