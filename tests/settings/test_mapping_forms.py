"""Mappings, as the native form writes them."""

import pytest

from ldap2scim.mapping.spec import ItemRule, ResourceMapping, ValueRule
from tests.settings.texts import NATIVE, Failing, Loader


def user_mapping(native: Loader, lines: str, profile: str = "generic") -> ResourceMapping:
    """Return the mapping of users that some lines lead to."""
    return native(with_user_mapping(lines, profile)).directories[0].mappings.user


def with_user_mapping(lines: str, profile: str = "generic") -> str:
    """Return the least file with lines under `mapping.user`, which begin on line 12."""
    indented = "".join(f"    {line}\n" for line in lines.splitlines())
    return f"{NATIVE}  profile: {profile}\nmapping:\n  user:\n{indented}"


def test_an_attribute_names_its_source(native: Loader) -> None:
    """`userName: mail` replaces the default of that attribute and leaves all others."""
    mapping = user_mapping(native, "userName: mail")
    assert mapping.single["user_name"] == ValueRule(("mail",))
    assert mapping.single["title"] == ValueRule(("title",))
    assert mapping.required == ("user_name", "external_id")


def test_a_rule_has_sources_a_default_and_conversions(native: Loader) -> None:
    """The long form says where from, what else, and what is replaced."""
    rule = user_mapping(
        native,
        r"userName: {from: [mail, uid], default: nobody, convert: [{pattern: '@OLD\z', replacement: '@new'}]}",
    ).single["user_name"]
    assert (rule.sources, rule.default) == (("mail", "uid"), "nobody")
    (conversion,) = rule.conversions
    assert conversion.pattern.sub(conversion.replacement, "taro@OLD") == "taro@new"
    assert conversion.written == r"@OLD\z"


@pytest.mark.parametrize(
    "lines",
    [
        "name.familyName: cn",
        "name: {familyName: cn}",
        "name:\n  familyName: {from: cn}",
    ],
)
def test_sub_attributes_are_written_with_dots_or_nested(native: Loader, lines: str) -> None:
    """All spellings of a sub-attribute mean the same."""
    assert user_mapping(native, lines).single["name.family_name"] == ValueRule(("cn",))


@pytest.mark.parametrize(
    "lines",
    [
        "department: ou",
        "enterprise: {department: ou}",
        "enterprise.department: ou",
        "'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': {department: ou}",
        "'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department': ou",
    ],
)
def test_the_enterprise_extension_has_its_spellings(native: Loader, lines: str) -> None:
    """At the top as in the original, under `enterprise`, or with the URN."""
    assert user_mapping(native, lines).single["enterprise.department"] == ValueRule(("ou",))


@pytest.mark.parametrize("lines", ["'urn:x:y:2.0:User': {badge: cn}", "'urn:x:y:2.0:User:badge': {from: cn}"])
def test_an_unknown_extension_keeps_its_urn(native: Loader, lines: str) -> None:
    """Attributes of schemas that we do not know are mapped under their URN."""
    assert user_mapping(native, lines).single["extensions.urn:x:y:2.0:User.badge"] == ValueRule(("cn",))


def test_an_attribute_without_a_value_is_mapped_from_nothing(native: Loader) -> None:
    """`title:` takes the default of that attribute away."""
    mapping = user_mapping(native, "title:\nemails:\nactive: null")
    assert not {"title", "emails", "active"} & {*mapping.single, *mapping.multi}


def test_values_of_a_list_are_slots(native: Loader) -> None:
    """`value` names a source; `type`, `primary`, `display` are words; `{from: …}` makes a source of any."""
    mapping = user_mapping(
        native,
        "emails:\n  - {value: mail, type: work, primary: true}\n  - {value: [otherMail, mail2], display: {from: cn}}\n"
        "phoneNumbers: telephoneNumber\n"
        "addresses: [{streetAddress: street, country: {default: JP}, type: work}]",
    )
    assert mapping.multi["emails"] == (
        ItemRule(
            {"value": ValueRule(("mail",)), "type": ValueRule(default="work"), "primary": ValueRule(default=True)}
        ),
        ItemRule({"value": ValueRule(("otherMail", "mail2")), "display": ValueRule(("cn",))}),
    )
    assert mapping.multi["phone_numbers"] == (ItemRule({"value": ValueRule(("telephoneNumber",))}),)
    assert mapping.multi["addresses"] == (
        ItemRule(
            {
                "street_address": ValueRule(("street",)),
                "country": ValueRule(default="JP"),
                "type": ValueRule(default="work"),
            }
        ),
    )


def test_fixed_values_have_the_type_of_their_attribute(native: Loader) -> None:
    """`active: true` is fixed; a text that looks like a number stays as written."""
    mapping = user_mapping(native, "active: true\ntimezone: {default: Asia/Tokyo}\ncostCenter: {default: 0123}")
    assert mapping.single["active"] == ValueRule(default=True)
    assert mapping.single["timezone"] == ValueRule(default="Asia/Tokyo")
    assert mapping.single["enterprise.cost_center"] == ValueRule(default="0123")


def test_exclusions_and_required_attributes(native: Loader) -> None:
    """`exclude` names values that are dropped, `required` what an entry must have."""
    mapping = user_mapping(
        native, "ims: ipPhone\nexclude: {ims: [none, 007]}\nrequired: [userName, emails, department]"
    )
    assert mapping.exclude == {"ims": frozenset({"none", "007"})}
    assert mapping.required == ("user_name", "emails", "enterprise.department")


def test_group_mappings(native: Loader) -> None:
    """Groups have their own words; an exclusion puts a group out of scope."""
    text = f"{NATIVE}mapping: {{group: {{displayName: name, exclude: {{displayName: [Guests]}}}}}}\n"
    mapping = native(text).directories[0].mappings.group
    assert mapping.single == {"external_id": ValueRule(("entryUUID",)), "display_name": ValueRule(("name",))}
    assert mapping.exclude == {"display_name": frozenset({"Guests"})}


def test_a_pattern_is_not_expanded(native: Loader) -> None:
    """`${` in a pattern has no meaning of ours."""
    rule = user_mapping(native, r"title: {from: title, convert: {pattern: '\${X}', replacement: '${Y}'}}").single[
        "title"
    ]
    assert rule.conversions[0].pattern.sub(rule.conversions[0].replacement, "a${X}") == "a${Y}"


@pytest.mark.parametrize(
    ("lines", "messages"),
    [
        ("usrName: uid", ["12:5: `mapping.user.usrName` is not known; did you mean `userName`?"]),
        ("username: uid", ["12:5: `mapping.user.username` is not known; did you mean `userName`?"]),
        (
            "name: {familyname: sn}",
            ["12:12: `mapping.user.name.familyname` is not known; did you mean `name.familyName`"],
        ),
        ("department: a\nenterprise.department: b", ["13:5: `mapping.user.enterprise.department` is mapped already"]),
        ("title: not a name", ["12:12: `mapping.user.title` `not a name` is no LDAP name"]),
        ("title: {}", ["has no value"]),
        ("title: {form: title}", ["has neither `from` nor `default`", "did you mean `from`?"]),
        ("title: {from: t, convert: [{pattern: '(', replacement: x}]}", ["`mapping.user.title.convert.pattern`"]),
        ("title: {from: t, convert: [{replacement: x}]}", ["has no `pattern`"]),
        ("title: {from: t, convert: [x]}", ["must be a list of blocks with `pattern`"]),
        ("title: {from: t, convert: [{pattern: x, replace: y}]}", ["did you mean `replacement`?"]),
        ("active: {default: 1}", ["must be true or false, not a number"]),
        ("emails: [{value: mail, primary: 'yes'}]", ["`mapping.user.emails[1].primary` must be true or false"]),
        ("emails: [{type: work}]", ["`mapping.user.emails[1]` has no `value`"]),
        ("emails: [{value: mail, typ: x}]", ["`mapping.user.emails[1].typ` is not known; did you mean `type`?"]),
        ("emails: [[mail]]", ["`mapping.user.emails[1]` must be a block"]),
        ("userName:", ["`directories.main.mapping.user.userName` is required and mapped from nothing"]),
        ("required: [nick]", ["`mapping.user.required` names `nick`"]),
        ("exclude: {ims: [x]}", ["12:20: `directories.main.mapping.user.exclude.ims` is not mapped"]),
        ("exclude: {title: [x]}", ["has one value only"]),
        ("externalUserName: uid", ["12:23: `externalUserName`: RFC 7643 has no such attribute"]),
    ],
)
def test_what_is_wrong_with_a_mapping(native: Loader, problems: Failing, lines: str, messages: list[str]) -> None:
    """Each mistake is named with its place and key."""
    found = problems(native, with_user_mapping(lines))
    assert len(found) == len(messages)
    assert all(message in problem for message, problem in zip(messages, found, strict=True))


def test_a_profile_allows_its_own_attributes(native: Loader) -> None:
    """What RFC 7643 does not have is taken where the profile knows its schema."""
    assert "external_user_name" in user_mapping(native, "externalUserName: uid", "iij-id").single
