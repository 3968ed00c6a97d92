"""Telephone numbers become global ones of RFC 3966."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.mapping.items import compile_items
from ldap2scim.mapping.mapper import Mapped, compile_mapping
from ldap2scim.mapping.phones import global_number, is_global
from ldap2scim.mapping.spec import GlobalNumbers, ItemRule, ResourceMapping, ValueRule
from ldap2scim.model import ResourceType
from tests.mapping.worlds import ANCHOR, DIRECTORY, NOW, USERS, suzuki


@pytest.mark.parametrize(
    ("written", "country", "number"),
    [
        ("03-1234-5678", "81", "tel:+81312345678"),
        ("０９０－１２３４－５６７８", "81", "tel:+819012345678"),
        ("+81 3 1234 5678", "", "tel:+81312345678"),
        ("+44 (0)20 7946 0123", "81", "tel:+442079460123"),
        ("010-1-212-555-0100", "81", "tel:+12125550100"),
        ("0049 30 1234567", "44", "tel:+49301234567"),
        ("(555) 010-1234", "1", "tel:+15550101234"),
        ("1-555-010-1234", "1", "tel:+15550101234"),
        ("06 1234 5678", "39", "tel:+390612345678"),
        ("03-1234-5678 内線 123", "81", "tel:+81312345678;ext=123"),
        ("tel:+81-3-1234-5678", "81", "tel:+81-3-1234-5678"),
        ("tel:+81-3-1234-5678;ext=5", "", "tel:+81-3-1234-5678;ext=5"),
    ],
)
def test_a_number_becomes_global(written: str, country: str, number: str) -> None:
    """Separators, wide digits, trunk prefixes and prefixes for calls abroad go; a global number stays as it is."""
    assert global_number(written, country) == number


@pytest.mark.parametrize(
    ("written", "country"),
    [
        ("03-1234-5678", ""),
        ("1234", "81"),
        ("0081 3 1234 5678", "81"),
        ("+0 123 456 789", ""),
        ("+81 3 1234 5678 9012 345", ""),
        ("ask the desk", "81"),
        ("", "81"),
        ("tel:1234;phone-context=example.com", ""),
    ],
)
def test_what_cannot_be_told_is_left_alone(written: str, country: str) -> None:
    """No number is guessed: without a country, too short, too long, dialled as elsewhere, or no number at all."""
    assert global_number(written, country) is None


@given(st.text(max_size=25), st.sampled_from(["", "1", "7", "39", "44", "81"]))
def test_a_result_is_global_and_stays(written: str, country: str) -> None:
    """Law: whatever comes out is a global number of RFC 3966, and is its own global number."""
    number = global_number(written, country)
    if number is not None:
        assert is_global(number)
        assert global_number(number, country) == number


def test_the_mapping_writes_global_numbers_where_it_says_so() -> None:
    """Numbers that cannot be global ones are kept as written; other lists are left alone."""
    slots = (ItemRule({"value": ValueRule(("telephonenumber",)), "type": ValueRule(default="work")}),)
    raw = {"telephonenumber": (b"03-1234-5678", b"+81 3 1234 5678", b"4321")}
    plain = compile_items("phone_numbers", slots, frozenset())(raw)
    assert [item["value"] for item in plain.items] == ["03-1234-5678", "+81 3 1234 5678", "4321"]
    written = compile_items("phone_numbers", slots, frozenset({"4321"}), GlobalNumbers("81"))(raw)
    assert written.items == ({"value": "tel:+81312345678", "type": "work"},), "two ways to write one number are one"
    others = compile_items("ims", slots, frozenset(), GlobalNumbers("81"))(raw)
    assert Counter(item["value"] for item in others.items) == Counter(["03-1234-5678", "+81 3 1234 5678", "4321"])


def test_a_person_has_global_numbers() -> None:
    """The rule of the mapping reaches the resource."""
    mapping = ResourceMapping(USERS.single, USERS.multi, phones=GlobalNumbers("81"))
    mapped = compile_mapping(DIRECTORY, mapping, ResourceType.USER).map(suzuki(), ANCHOR, NOW)
    assert isinstance(mapped, Mapped)
    assert "tel:+81312345678" in mapped.essence
    assert "tel:+819012345678" in mapped.essence
