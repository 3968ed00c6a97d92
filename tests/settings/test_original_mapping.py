"""What `config.yml` binds, fixes, converts and excludes."""

import pytest

from ldap2scim.mapping.spec import ItemRule, ValueRule
from tests.settings.texts import CONFIG, Loader, user_mapping, with_user_lines


def test_a_list_of_sources_is_kept_in_order(original: Loader) -> None:
    """A list under a single attribute means the first that has a value."""
    mapping = user_mapping(original, "  downstreamId:\n    - mS-DS-ConsistencyGuid\n    - objectGUID")
    assert mapping.single["downstream_id"].sources == ("mS-DS-ConsistencyGuid", "objectGUID")


def test_defaults_stand_alone_or_behind_a_source(original: Loader) -> None:
    """`default` alone is a fixed value; beside `ad_bind` it is used where the source is empty."""
    mapping = user_mapping(
        original,
        "  preferredLanguage: preferredLanguage\ndefault:\n  preferredLanguage: 'ja-JP'\n  timezone: 'Asia/Tokyo'\n"
        "  idTokenClaims:\n    issuer: 'https://sts'\n  department: 0042\n  active: true\n  title: ''",
    )
    assert mapping.single["preferred_language"] == ValueRule(("preferredLanguage",), "ja-JP")
    assert mapping.single["timezone"] == ValueRule(default="Asia/Tokyo")
    assert mapping.single["id_token_claims.issuer"] == ValueRule(default="https://sts")
    assert mapping.single["enterprise.department"] == ValueRule(default="0042")
    assert mapping.single["active"] == ValueRule(default=True)
    assert "title" not in mapping.single


def test_parallel_arrays_belong_together_by_position(original: Loader) -> None:
    """`null` skips a place; the n-th value has the n-th default."""
    settings = original(
        with_user_lines(
            "  phoneNumbers:\n    - value: telephoneNumber\n    - null\n    - value: mobile\n"
            "default:\n  phoneNumbers:\n    - type: work\n      primary: true\n    - null\n    - type: mobile"
        )
    )
    assert settings.directories[0].mappings.user.multi["phone_numbers"] == (
        ItemRule(
            {
                "value": ValueRule(("telephoneNumber",)),
                "type": ValueRule(default="work"),
                "primary": ValueRule(default=True),
            }
        ),
        ItemRule({"value": ValueRule(("mobile",)), "type": ValueRule(default="mobile")}),
    )
    assert settings.notes == ()


def test_a_type_without_a_value_is_mapped_from_nothing(original: Loader) -> None:
    """It would take away every number that the service has; a fixed value beside it is another thing."""
    settings = original(
        with_user_lines("default:\n  phoneNumbers:\n    - type: work\n  emails:\n    - primary: true\n  title: x")
    )
    assert settings.directories[0].mappings.user.multi == {}
    assert settings.directories[0].mappings.user.single["title"] == ValueRule(default="x")
    assert [note.rpartition("user.default.")[2] for note in settings.notes] == [
        "phoneNumbers` has no effect: nothing is mapped to this attribute.",
        "emails` has no effect: nothing is mapped to this attribute.",
    ]
    fixed = user_mapping(original, "default:\n  phoneNumbers:\n    - value: 'tel:+81312345678'\n      type: work")
    assert list(fixed.multi) == ["phone_numbers"]


def test_unequal_arrays_are_noted(original: Loader) -> None:
    """Order and count should agree; where they do not, an administrator hears of it."""
    (note,) = original(
        with_user_lines("  emails:\n    - value: mail\ndefault:\n  emails:\n    - primary: true\n    - type: home")
    ).notes
    assert "`iid.scim.attribute.user.default.emails` has 2 places where" in note


@pytest.mark.parametrize(
    "convert",
    [
        "    - pattern: '\\z'\n      replacement: '@example.jp'",
        "    pattern: '\\z'\n    replacement: '@example.jp'",
    ],
)
def test_conversions_are_rubys(original: Loader, convert: str) -> None:
    r"""`\z` appends a domain, as the manual shows."""
    rule = user_mapping(original, f"convert:\n  userName:\n{convert}").single["user_name"]
    (conversion,) = rule.conversions
    assert conversion.pattern.sub(conversion.replacement, "taro") == "taro@example.jp"


def test_conversions_of_lists(original: Loader) -> None:
    """They stand by position under a sub-attribute, or without positions for every value."""
    binds = "  phoneNumbers:\n    - value: telephoneNumber\n    - value: mobile\nconvert:\n  phoneNumbers:\n"
    pattern = "pattern: '\\A0'\n{0}replacement: '+81'"
    every = user_mapping(original, binds + "    - " + pattern.format(" " * 6))
    assert [len(item.sub_attributes["value"].conversions) for item in every.multi["phone_numbers"]] == [1, 1]
    second = user_mapping(original, binds + "    - null\n    - value:\n        - " + pattern.format(" " * 10))
    assert [len(item.sub_attributes["value"].conversions) for item in second.multi["phone_numbers"]] == [0, 1]


def test_exclusions(original: Loader) -> None:
    """`exclude.ims[].value` drops messengers; `exclude` of groups puts groups out of scope."""
    mapping = user_mapping(
        original, "  ims:\n    - value: ipPhone\nexclude:\n  ims:\n    - value: none\n    - null\n    - value: '0'"
    )
    assert mapping.exclude == {"ims": frozenset({"none", "0"})}
    groups = CONFIG + (
        "      group:\n        ad_bind:\n          displayName: name\n"
        "        exclude:\n          displayName:\n            - Guests\n            - Domain Users\n"
    )
    found = original(groups).directories[0].mappings.group
    assert found.exclude == {"display_name": frozenset({"Guests", "Domain Users"})}
    assert found.single["external_id"] == ValueRule(("objectGUID",))
