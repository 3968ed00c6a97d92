"""What a service says of itself, corrected by its profile."""

from ldap2scim.scim.capabilities import capabilities_of
from ldap2scim.scim.profiles import by_name
from ldap2scim.scim.provider import Capabilities
from tests.scim.strategies import sample

GENERIC = by_name("generic")


def test_the_config_of_the_rfc() -> None:
    """RFC 7643 §8.5."""
    config = sample("rfc7643-8.5")

    assert capabilities_of(config, GENERIC) == Capabilities(
        patch=True, filter=True, etag=True, bulk=True, sort=True, max_results=200
    )


def test_the_profile_fills_what_is_not_said() -> None:
    """No end point, or a half one; texts as booleans."""
    assert capabilities_of(None, GENERIC) == GENERIC.assumed
    assert not capabilities_of({"patch": {"supported": "False"}}, GENERIC).patch
    assert capabilities_of({"PATCH": {"SUPPORTED": True}, "filter": {"maxResults": 0}}, GENERIC) == GENERIC.assumed


def test_cursors_are_used_where_there_is_no_other_way() -> None:
    """RFC 9865 §4: by the profile, unless the service says that it has none; else where it pages by them alone."""
    alone = {"pagination": {"cursor": True, "index": False}}
    both = {"pagination": {"cursor": True, "index": True}}
    none = {"pagination": {"cursor": False, "index": True}}

    assert [capabilities_of(config, GENERIC).cursor for config in (None, alone, both, none)] == [0, 1, 0, 0]
    assert [capabilities_of(config, by_name("aws")).cursor for config in (None, alone, both, none)] == [1, 1, 1, 0]
