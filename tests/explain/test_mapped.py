"""Where each mapped attribute takes its value from, told without the value."""

import re

from ldap2scim.explain.answer import Values
from ldap2scim.explain.mapped import mapped_rows, origins_of, shown
from ldap2scim.mapping.spec import Conversion, ItemRule, ResourceMapping, ValueRule
from ldap2scim.model import ResourceType
from ldap2scim.settings import Row

RAW = {"mail": (b"alice@example.jp", b"a@example.jp"), "uid": (b"alice",), "cn": (b"\xe4\xbd\x90\xe8\x97\xa4",)}
ESSENCE = '{"active":true,"emails":[{"value":"alice@example.jp"}],"name":{"family_name":"\u4f50\u85e4"},"title":"X"}'
MAPPING = ResourceMapping(
    single={
        "active": ValueRule(("shadowExpire", "loginDisabled")),
        "name.family_name": ValueRule(("sn", "cn")),
        "title": ValueRule(("title",), default="X"),
        "user_name": ValueRule(("uid",), conversions=(Conversion(re.compile("a"), "b", "a"),)),
        "locale": ValueRule(default="ja"),
    },
    multi={"emails": (ItemRule({"value": ValueRule(("mail",)), "type": ValueRule(default="work")}),)},
)


def test_each_line_names_source_rule_and_class() -> None:
    """The first source that has a value is named, with those before it that had none, and the line of the settings."""
    said = dict(mapped_rows(MAPPING, RAW, ESSENCE, {"name.familyName": "config.yml:7"}, Values.CLASS))
    assert said == {
        "active": "true from shadowExpire or loginDisabled, which the entry has not  [default]",
        "emails": "value a text of 16 characters (Latin letters, signs) from mail, 2 values  [default]",
        "name.familyName": "a text of 2 characters (kanji) from cn (sn has none)  [config.yml:7]",
        "title": "a text of 1 characters (Latin letters) from the default, since title has no value  [default]",
        "userName": "no value from uid, converted by 'a'  [default]",
        "locale": "no value from a fixed value  [default]",
    }


def test_without_a_resource_the_entry_s_own_values_are_told() -> None:
    """Of an entry that became no resource, as one that is held, the kind of what it has is told like that of others."""
    said = dict(mapped_rows(MAPPING, RAW | {"sn": (b"\xff\xfe",)}, None, {}, Values.CLASS))
    assert said == {
        "active": "no value from shadowExpire or loginDisabled, which the entry has not  [default]",
        "emails": "a text of 16 characters (Latin letters, signs); a text of 12 characters (Latin letters, signs) "
        "from mail, 2 values  [default]",
        "name.familyName": "2 bytes that are no text from sn  [default]",
        "title": "a text of 1 characters (Latin letters) from the default, since title has no value  [default]",
        "userName": "a text of 5 characters (Latin letters) from uid, converted by 'a'  [default]",
        "locale": "a text of 2 characters (Latin letters) from a fixed value  [default]",
    }


def test_values_are_shown_only_when_asked_for() -> None:
    """A text is its class, unless values are asked for; what is true or false is no secret."""
    assert shown("alice", Values.CLASS) == "a text of 5 characters (Latin letters)"
    assert shown("alice", Values.SHOWN) == '"alice"'
    assert shown([{"value": "a@b", "primary": True}], Values.SHOWN) == 'primary true, value "a@b"'
    assert shown(None, Values.SHOWN) == "no value"


def test_origins_are_those_of_the_directory_and_else_of_all() -> None:
    """A rule of one directory is not taken for that of another."""
    rows = (
        Row("mapping.user.title", "title", "/etc/l.yml:3"),
        Row("directories.other.mapping.user.userName", "uid", "/etc/l.yml:9"),
        Row("directories.main.mapping.user.userName", "uid", "/etc/l.yml:5"),
        Row("directories.main.mapping.group.displayName", "cn", "/etc/l.yml:6"),
    )
    assert origins_of(rows, "main", ResourceType.USER) == {"title": "l.yml:3", "userName": "l.yml:5"}


def test_origins_are_found_in_the_originals_form_too() -> None:
    """What config.yml writes is no default."""
    rows = (
        Row("iid.scim.attribute.user.userName", "mail", "/etc/config.yml:24"),
        Row("iid.scim.attribute.group.displayName", "name", "/etc/config.yml:28"),
    )
    assert origins_of(rows, "ad", ResourceType.USER) == {"userName": "config.yml:24"}
    assert origins_of(rows, "ad", ResourceType.GROUP) == {"displayName": "config.yml:28"}
