"""Which attributes of a resource are ours, by the mapping."""

from ldap2scim.mapping.paths import managed, split_path
from ldap2scim.mapping.spec import ResourceMapping
from ldap2scim.model import ResourceType
from tests.mapping.worlds import GROUPS, USERS, fixed, item, source

URN = "urn:example:params:scim:schemas:2.0:User"


def test_a_path_is_split_around_the_urn() -> None:
    """A URN holds dots of its own."""
    assert split_path("title") == ("title",)
    assert split_path("name.family_name") == ("name", "family_name")
    assert split_path(f"extensions.{URN}.level") == ("extensions", URN, "level")


def test_mapped_attributes_are_managed_with_their_mapped_parts() -> None:
    """What the service holds beside them is not ours."""
    found = managed(USERS, ResourceType.USER)

    assert frozenset({"family_name", "given_name"}) == found["name"]
    assert frozenset({"value", "primary"}) == found["emails"]
    assert frozenset({"value", "type"}) == found["phone_numbers"]
    assert found["title"] is None
    assert "nick_name" not in found


def test_the_parts_of_all_slots_are_managed() -> None:
    """Slots may differ in what they map."""
    mapping = ResourceMapping({}, {"ims": (item(value=source("a")), item(value=source("b"), display=fixed("x")))})

    assert frozenset({"value", "display"}) == managed(mapping, ResourceType.USER)["ims"]


def test_attributes_of_other_schemas_are_managed_one_by_one() -> None:
    """Two schemas share the name `extensions`."""
    mapping = ResourceMapping({f"extensions.{URN}.level": source("l"), "extensions.urn:b.x": source("x")})

    assert frozenset({f"{URN}.level", "urn:b.x"}) == managed(mapping, ResourceType.USER)["extensions"]


def test_external_id_and_a_persons_active_are_always_managed() -> None:
    """Who comes back is enabled even where nothing maps `active`; a group has no such thing."""
    assert managed(ResourceMapping({}), ResourceType.USER) == {"external_id": None, "active": None}
    assert {"external_id", "display_name", "email"} == managed(GROUPS, ResourceType.GROUP).keys()
