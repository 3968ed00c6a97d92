"""Values that a service is known to refuse hold their entry before anything is written."""

from dataclasses import replace

import pytest

from ldap2scim.findings import Finding, Held, Severity
from ldap2scim.mapping.mapper import Mapped, compile_mapping
from ldap2scim.mapping.spec import GlobalNumbers, ItemRule, ResourceMapping, ValueRule
from ldap2scim.model import ResourceType
from ldap2scim.scim.profiles import by_name
from ldap2scim.scim.profiles.guidance import Guidance
from tests.mapping.worlds import ANCHOR, DIRECTORY, DN, GROUPS, NOW, USERS, entry, fixed, source, suzuki
from validations.values import compile_checks, value_class

IIJ = by_name("iij-id").guidance
PHONES = replace(USERS, phones=GlobalNumbers("81"))
UPSTREAM = replace(
    PHONES,
    single={**PHONES.single, "external_user_name": source("sAMAccountName"), "id_token_claims.issuer": source("info")},
)


def findings(
    mapping: ResourceMapping = PHONES, kind: ResourceType = ResourceType.USER, /, **changes: str | list[str]
) -> tuple[Finding, ...]:
    """Return why an ordinary person with some attributes changed is held; none where it is not."""
    check = compile_checks(IIJ, mapping, kind)
    who = suzuki(**changes) if kind is ResourceType.USER else entry(**changes)
    result = compile_mapping(DIRECTORY, mapping, kind, check).map(who, ANCHOR, NOW)
    assert isinstance(result, Mapped | Held)
    return result.findings


def test_an_ordinary_person_is_taken() -> None:
    """Japanese names, kana, national numbers with a country: nothing is refused."""
    assert findings() == ()


@pytest.mark.parametrize(
    ("changes", "name", "source_attribute"),
    [
        ({"userprincipalname": "suzuki"}, "userName", "userPrincipalName"),
        ({"userprincipalname": "suzuki@corp"}, "userName", "userPrincipalName"),
        ({"userprincipalname": "su zuki@corp.example"}, "userName", "userPrincipalName"),
        ({"mail": "suzuki at corp.example"}, "emails", "mail"),
        ({"telephonenumber": "4321"}, "phoneNumbers", "telephoneNumber or mobile"),
        ({"msds_phoneticlastname": "すずき"}, "localNames.familyName", "msDS-PhoneticLastName"),
        ({"preferredlanguage": "ja_JP"}, "preferredLanguage", "preferredLanguage"),
    ],
)
def test_a_refused_value_holds_the_entry(changes: dict[str, str], name: str, source_attribute: str) -> None:
    """User, attribute, kind of value, rule and remedy are named, and the value is not."""
    (found,) = findings(**changes)
    assert (found.rule, found.severity, found.subjects) == ("refused-value", Severity.HOLD, (DN,))
    assert found.message.startswith(f"{name} is a text of {len(next(iter(changes.values())))} characters (")
    assert found.remedy.startswith(f"Correct {source_attribute} of this entry, or ")
    assert next(iter(changes.values())) not in found.message + found.remedy


def test_national_numbers_without_a_country_are_refused() -> None:
    """The remedy is the setting that turns them into global ones."""
    (found,) = findings(replace(USERS, phones=GlobalNumbers()))
    assert "`phone_country`" in found.remedy
    assert "in config.yml in `ldap2scim.directory`" in found.remedy


def test_a_time_zone_of_no_database() -> None:
    """A constant of the settings is judged like any value; nobody's entry is blamed."""
    (found,) = findings(replace(PHONES, single={**PHONES.single, "timezone": fixed("JST-9")}))
    assert "the mapping's default" in found.remedy


def test_everything_wrong_is_said_at_once() -> None:
    """One run names every attribute that has to be mended."""
    found = findings(userprincipalname="suzuki", mail="none", telephonenumber="1")
    assert [one.message.partition(" ")[0] for one in found] == ["userName", "emails", "phoneNumbers"]


def test_a_name_at_the_upstream_provider_needs_its_issuer() -> None:
    """Who has the name and no issuer is held; who has neither is not."""
    (found,) = findings(UPSTREAM, samaccountname="suzuki")
    assert (found.rule, found.severity) == ("issuer-missing", Severity.HOLD)
    assert findings(UPSTREAM, samaccountname="suzuki", info="https://sts.corp.example/") == ()
    assert findings(UPSTREAM) == ()


def test_more_values_than_the_service_takes() -> None:
    """Four addresses beside the primary one are taken, five are not."""
    mails = ResourceMapping(USERS.single, {"emails": (ItemRule({"value": ValueRule(("mail",))}),)})
    many = [f"suzuki{number}@corp.example" for number in range(6)]
    (found,) = findings(mails, mail=many)
    assert (found.rule, found.severity) == ("too-many-values", Severity.HOLD)
    assert "has 6 values, and the service takes 5" in found.message
    assert findings(mails, mail=many[:5]) == ()


def test_an_address_of_a_group() -> None:
    """The address of a group is looked at as well; other attributes of groups are not."""
    (found,) = findings(GROUPS, ResourceType.GROUP, name="staff", mail="none")
    assert found.message.startswith("email is ")
    assert findings(GROUPS, ResourceType.GROUP, name="staff") == ()


def test_a_service_that_refuses_nothing_known_costs_nothing() -> None:
    """Without known refusals, or without a mapped attribute that has one, there is no check at all."""
    assert compile_checks(by_name("generic").guidance, USERS, ResourceType.USER) is None
    assert compile_checks(IIJ, ResourceMapping({"title": source("title")}), ResourceType.USER) is None


def test_the_class_of_a_value_is_no_part_of_it() -> None:
    """Length and kinds of signs are said, in any script."""
    assert value_class("ab 1") == "a text of 4 characters (Latin letters, blanks, digits and no @)"
    assert value_class("鈴木すず@") == "a text of 5 characters (hiragana, kanji, signs)"


def test_a_value_that_is_too_long_is_held_and_not_shown() -> None:
    """At the limit it is taken; the length is said, never the value."""
    guidance = Guidance(longest={ResourceType.USER: {"user_name": 5, "name.family_name": 3, "nick_name": 1}})
    check = compile_checks(guidance, USERS, ResourceType.USER)
    assert check is not None

    found = check({"user_name": "abcdef", "name": {"family_name": "abc"}}, DN)
    assert [(one.rule, one.severity) for one in found] == [("value-too-long", Severity.HOLD)]
    assert found[0].message == "userName has 6 characters, and the service takes 5 at most."
    assert len(check({"user_name": "abcde", "name": {"family_name": "abcd"}}, DN)) == 1
    assert compile_checks(guidance, USERS, ResourceType.GROUP) is None


@pytest.mark.parametrize("attribute", ["displayName", "mail"])
def test_a_control_character_holds_its_entry(attribute: str) -> None:
    """Whatever the service; line ends, tabs and a backslash followed by `u0000` are none."""
    plain = compile_mapping(DIRECTORY, USERS, ResourceType.USER)
    held = plain.map(suzuki(**{attribute: "a\x02b@example.jp"}), ANCHOR, NOW)

    assert isinstance(held, Held)
    assert [one.rule for one in held.findings] == ["control-character"]
    assert isinstance(plain.map(suzuki(**{attribute: "a\tb\n\\u0000@example.jp"}), ANCHOR, NOW), Mapped)
