"""Attribute changes between two essences."""

from typing import Any

from hypothesis import given

from ldap2scim.essence import to_essence
from ldap2scim.planning.attribute_changes import apply_changes, attribute_changes
from ldap2scim.planning.operations import AttributeChange
from tests.planning.worlds import attributes_strategy, law


@law
@given(attributes_strategy, attributes_strategy)
def test_applying_the_changes_gives_the_other(a: dict[str, Any], b: dict[str, Any]) -> None:
    """apply(changes(a, b), a) is b, to the byte of its essence."""
    changes = attribute_changes(to_essence(a), to_essence(b))
    assert to_essence(apply_changes(a, changes)) == to_essence(b)
    assert (changes == ()) == (to_essence(a) == to_essence(b))


def test_paths_name_what_differs() -> None:
    """Single, complex, multi-valued and unknown attributes have the paths that the design names."""
    old: dict[str, Any] = {"title": "A", "name": {"family_name": "B", "given_name": "C"}, "emails": [{"value": "x"}]}
    new: dict[str, Any] = {
        "name": {"family_name": "B", "given_name": "D"},
        "emails": [{"value": "x"}, {"value": "y"}],
        "extensions": {"urn:a:2.0:User": {"rank": 1}},
    }
    assert attribute_changes(to_essence(old), to_essence(new)) == (
        AttributeChange("emails", ({"value": "x"},), ({"value": "x"}, {"value": "y"})),
        AttributeChange("extensions.urn:a:2.0:User.rank", None, 1),
        AttributeChange("name.given_name", "C", "D"),
        AttributeChange("title", "A", None),
    )


def test_true_is_not_one() -> None:
    """A boolean and a number that Python calls equal differ, as they do in JSON."""
    (change,) = attribute_changes('{"active":true}', '{"active":1}')
    assert (change.old, change.new) == (True, 1)
    assert isinstance(change.old, bool)
    assert not isinstance(change.new, bool)
    assert len(attribute_changes('{"emails":[{"primary":true}]}', '{"emails":[{"primary":1}]}')) == 1
