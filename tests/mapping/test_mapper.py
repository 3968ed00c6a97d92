"""An entry becomes the desired resource that the mapping describes, or is held, or is out of scope."""

import json
from base64 import b64encode
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldap2scim.directory.entry import LdapEntry
from ldap2scim.errors import SettingsError
from ldap2scim.essence import fingerprint
from ldap2scim.findings import Held, Severity
from ldap2scim.mapping.mapper import Mapped, OutOfScope, compile_mapping
from ldap2scim.mapping.ruby_regex import conversion
from ldap2scim.mapping.spec import ResourceMapping, ValueRule
from ldap2scim.model import GuidForm, ResourceType
from tests.mapping.worlds import ANCHOR, DIRECTORY, DN, GROUPS, GUID, NOW, USERS, entry, fixed, item, source, suzuki

LINKED_GUID = bytes(range(16))


def mapped_user(entry: LdapEntry, mapping: ResourceMapping = USERS) -> Mapped:
    """Map a person and expect a resource."""
    result = compile_mapping(DIRECTORY, mapping, ResourceType.USER).map(entry, ANCHOR, NOW)
    assert isinstance(result, Mapped), result
    return result


def held_user(entry: LdapEntry, mapping: ResourceMapping = USERS) -> Held:
    """Map a person and expect it to be held."""
    result = compile_mapping(DIRECTORY, mapping, ResourceType.USER).map(entry, ANCHOR, NOW)
    assert isinstance(result, Held), result
    return result


def attributes(entry: LdapEntry, mapping: ResourceMapping = USERS) -> dict[str, Any]:
    """Return the attributes that an entry is mapped to."""
    found: dict[str, Any] = json.loads(mapped_user(entry, mapping).essence)
    return found


def title_of(rule: ValueRule, entry: LdapEntry) -> object:
    """Return what one rule gives for one entry."""
    return attributes(entry, ResourceMapping({"title": rule})).get("title")


def test_a_person_becomes_a_user_in_the_words_of_rfc_7643() -> None:
    """Every rule of the mapping gives its attribute."""
    expected = {
        "external_id": ANCHOR,
        "downstream_id": ANCHOR,
        "user_name": "suzuki@corp.example",
        "display_name": "鈴木一郎",
        "name": {"family_name": "鈴木", "given_name": "一郎"},
        "local_names": {"family_name": "スズキ"},
        "title": "課長",
        "enterprise": {"department": "営業部"},
        "preferred_language": "ja-JP",
        "timezone": "Asia/Tokyo",
        "active": True,
        "emails": [{"value": "suzuki@corp.example", "primary": True}],
        "phone_numbers": [
            {"value": "03-1234-5678", "type": "work"},
            {"value": "090-1234-5678", "type": "mobile"},
        ],
    }

    assert expected == attributes(suzuki())


def test_the_columns_agree_with_the_essence() -> None:
    """Validations see what is sent."""
    result = mapped_user(suzuki())

    assert f"corp:{ANCHOR}" == result.key
    assert fingerprint(result.essence) == result.fingerprint
    assert (
        result.external_id,
        result.login,
        result.email,
        result.active,
    ) == (ANCHOR, "suzuki@corp.example", "suzuki@corp.example", True)
    assert (result.dn, result.valid_until, result.findings) == (DN, None, ())


def test_an_attribute_without_a_value_is_not_there() -> None:
    """Neither a missing attribute nor an empty value leaves a trace, not even of its complex attribute."""
    found = attributes(
        suzuki(title="", department=[], mail=[b""], telephonenumber=[], mobile=[], msDS_phoneticlastname=[])
    )

    assert not {"title", "enterprise", "emails", "phone_numbers", "local_names"} & found.keys()


def test_an_empty_value_gives_way_to_the_next_one() -> None:
    """An empty string counts as no value, also beside others."""
    assert title_of(source("title"), suzuki(title=["", "部長"])) == "部長"


def test_the_first_source_with_a_value_is_taken() -> None:
    """A linking ID comes from mS-DS-ConsistencyGuid where that is set, else from objectGUID."""
    linked = attributes(suzuki(ms_ds_consistencyguid=LINKED_GUID))

    assert linked["downstream_id"] == "03020100-0504-0706-0809-0a0b0c0d0e0f"
    assert attributes(suzuki(ms_ds_consistencyguid=[]))["downstream_id"] == ANCHOR


def test_the_default_stands_in_where_no_source_has_a_value() -> None:
    """A value from the directory goes before the default."""
    assert attributes(suzuki(preferredLanguage="en"))["preferred_language"] == "en"
    assert attributes(suzuki())["preferred_language"] == "ja-JP"


def test_an_empty_default_is_none() -> None:
    """RFC 7643 §2.5: an attribute without a value is left out, not sent empty."""
    assert title_of(fixed(""), suzuki()) is None
    assert title_of(source("title", default=""), suzuki(title=[])) is None


def test_a_number_written_as_default_becomes_text() -> None:
    """RFC 7643 has strings where YAML reads a number."""
    assert title_of(fixed(1001), suzuki()) == "1001"
    assert title_of(fixed(True), suzuki()) == "true"


def test_conversions_apply_in_their_order() -> None:
    """Each conversion works on what the one before it left."""
    rule = ValueRule(("title",), None, (conversion("課", "部"), conversion(r"\A部", "副部"), conversion(r"\z", "!")))

    assert title_of(rule, suzuki()) == "副部長!"


def test_a_value_that_a_conversion_empties_gives_way_to_the_default() -> None:
    """What is left counts, not what there was."""
    assert title_of(ValueRule(("title",), "none", (conversion(".*", ""),)), suzuki()) == "none"
    assert title_of(ValueRule(("title",), None, (conversion(".*", ""),)), suzuki()) is None


def test_an_attribute_of_an_unknown_schema_is_filed_under_its_urn() -> None:
    """The URN may hold dots; the default keeps its type."""
    path = "extensions.urn:example:params:2.0:User.costUnit"
    mapping = ResourceMapping({path: source("department"), path.replace("costUnit", "level"): fixed(3)})

    assert (attributes(suzuki(), mapping)["extensions"]) == {
        "urn:example:params:2.0:User": {"costUnit": "営業部", "level": 3}
    }


def test_the_external_id_is_the_anchor_unless_mapped_otherwise() -> None:
    """Unmapped, or mapped to the anchor's attribute, it is the anchor's text."""
    by_login = ResourceMapping({"external_id": source("userPrincipalName")})
    bare = ResourceMapping({"external_id": ValueRule(("objectGUID",), None, (conversion("-", ""),))})

    assert attributes(suzuki(objectGUID=[]), ResourceMapping({}))["external_id"] == ANCHOR
    assert (
        attributes(suzuki(objectGUID=b"\xff"), ResourceMapping({"external_id": source("objectguid")}))["external_id"]
        == ANCHOR
    )
    assert mapped_user(suzuki(), by_login).external_id == "suzuki@corp.example"
    assert mapped_user(suzuki(), bare).external_id == ANCHOR.replace("-", "")


def test_guids_are_written_in_the_form_of_the_directory() -> None:
    """In base64 it is the GUID's octets as Microsoft 365 has them, wherever one is mapped; the key stays."""
    directory = replace(DIRECTORY, guid_form=GuidForm.BASE64)
    octets = bytes.fromhex("523a1d6f7c0b5e4d9a438f2b7c1d0e99")
    expected = b64encode(octets).decode()
    other = UUID("00112233-4455-6677-8899-aabbccddeeff")
    rules = {**USERS.single, "extensions.urn:example:params:2.0:User.guid": source("OBJECTGUID")}
    mapping = replace(USERS, single=rules, multi={"ims": (item(value=source("objectGUID")),)})
    mapper = compile_mapping(directory, mapping, ResourceType.USER)

    found = mapper.map(suzuki(mS_DS_ConsistencyGuid=other.bytes_le), ANCHOR, NOW)
    assert isinstance(found, Mapped)
    attributes = json.loads(found.essence)
    assert (found.key, found.external_id) == (f"corp:{ANCHOR}", expected)
    assert attributes["downstream_id"] == "MyIRAFVEd2aImaq7zN3u/w=="
    assert attributes["extensions"] == {"urn:example:params:2.0:User": {"guid": expected}}
    assert attributes["ims"] == [{"value": expected}]
    without = mapper.map(suzuki(), ANCHOR, NOW)
    assert isinstance(without, Mapped)
    assert json.loads(without.essence)["downstream_id"] == expected


def test_a_group_has_its_guid_in_the_same_form_and_unmapped_too() -> None:
    """Where nothing maps externalId it is the source anchor, in the form of the directory."""
    directory = replace(DIRECTORY, guid_form=GuidForm.BASE64)
    for mapping in (GROUPS, replace(GROUPS, single={"display_name": source("name")})):
        mapper = compile_mapping(directory, mapping, ResourceType.GROUP)
        found = mapper.map(entry(objectGUID=GUID.bytes_le, name="Sales"), ANCHOR, NOW)
        assert isinstance(found, Mapped)
        assert found.external_id == "Ujodb3wLXk2aQ48rfB0OmQ=="


def test_a_certificate_becomes_base64() -> None:
    """Servers give certificates with the option binary; RFC 7643 §4.1.2 wants base64."""
    certified = LdapEntry(DN, {"usercertificate;binary": (b"\x30\x82\xff",)})

    assert title_of(source("userCertificate"), certified) == "MIL/"


@pytest.mark.parametrize(
    ("changes", "attribute"),
    [
        ({"sn": b"\xff\xfe"}, "sn"),
        ({"department": "営業部".encode("cp932")}, "department"),
        ({"mail": ["ok@corp.example", b"\xff"]}, "mail"),
        ({"mobile": b"\xed\xa0\x80"}, "mobile"),
        ({"ms_ds_consistencyguid": b"short"}, "ms-ds-consistencyguid"),
        ({"useraccountcontrol": "enabled"}, "useraccountcontrol"),
        ({"accountexpires": "-5"}, "accountexpires"),
    ],
)
def test_a_value_that_cannot_be_read_holds_the_entry(changes: dict[str, Any], attribute: str) -> None:
    """It is never a hole: the finding names the attribute and the DN, and not the value."""
    held = held_user(suzuki(**changes))

    assert (f"corp:{ANCHOR}", "corp", ResourceType.USER, DN) == (
        held.key,
        held.directory,
        held.resource_type,
        held.dn,
    )
    (finding,) = held.findings
    assert (finding.rule, finding.severity, finding.subjects) == ("unreadable-value", Severity.HOLD, (DN,))
    assert f"attribute {attribute} " in finding.message
    assert attribute in finding.remedy


def test_everything_unreadable_is_said_at_once() -> None:
    """An entry with three faults is corrected in one go."""
    held = held_user(suzuki(sn=b"\xff", givenname=b"\xff", mail=b"\xff", useraccountcontrol="x"))

    assert [finding.message.split()[6] for finding in held.findings] == [
        "sn",
        "givenname",
        "mail",
        "useraccountcontrol",
    ]


def test_a_missing_required_attribute_holds_the_entry() -> None:
    """The finding says which sources were looked at; all that is missing is said at once."""
    held = held_user(suzuki(userprincipalname=[], sn=""))

    assert [finding.rule for finding in held.findings] == ["missing-required-attribute"] * 2
    assert "userName is required" in held.findings[0].message
    assert "in sn, or" in held.findings[1].remedy
    assert {(DN,)} == {finding.subjects for finding in held.findings}


@pytest.mark.parametrize(
    ("required", "is_held"),
    [("emails", True), ("emails.value", True), ("phone_numbers.value", False), ("phone_numbers.display", True)],
)
def test_a_list_can_be_required(required: str, is_held: bool) -> None:
    """One item with the sub-attribute is enough."""
    result = compile_mapping(DIRECTORY, replace(USERS, required=(required,)), ResourceType.USER).map(
        suzuki(mail=[]), ANCHOR, NOW
    )

    assert is_held is isinstance(result, Held)


def test_a_required_attribute_that_nothing_gives_says_so() -> None:
    """Without a source the remedy is in the settings, not in the directory."""
    held = held_user(suzuki(), replace(USERS, required=("nick_name",)))

    assert held.findings[0].remedy.startswith("Map nickName")


def test_a_group_becomes_a_group() -> None:
    """Its name is its login, its e-mail address is single, and it is not active or inactive."""
    result = compile_mapping(DIRECTORY, GROUPS, ResourceType.GROUP).map(
        entry(name="Sales", mail="sales@corp.example"), ANCHOR, NOW
    )

    assert isinstance(result, Mapped)
    assert json.loads(result.essence) == {"external_id": ANCHOR, "display_name": "Sales", "email": "sales@corp.example"}
    assert (result.login, result.email, result.active) == ("Sales", "sales@corp.example", True)


def test_a_group_with_an_excluded_value_is_out_of_scope() -> None:
    """It is neither mapped nor held, whatever else is wrong with it."""
    result = compile_mapping(DIRECTORY, GROUPS, ResourceType.GROUP).map(
        entry(name="Domain Users", mail=b"\xff"), ANCHOR, NOW
    )

    assert isinstance(result, OutOfScope)
    assert result.attribute == "display_name"


def test_a_group_whose_scope_cannot_be_read_is_held() -> None:
    """What cannot be read may not put a group out of scope."""
    result = compile_mapping(DIRECTORY, GROUPS, ResourceType.GROUP).map(entry(name=b"\xff"), ANCHOR, NOW)

    assert isinstance(result, Held)


@pytest.mark.parametrize(("mapping", "kind"), [(USERS, ResourceType.USER), (GROUPS, ResourceType.GROUP)])
def test_an_exclusion_that_could_never_hold_is_refused(mapping: ResourceMapping, kind: ResourceType) -> None:
    """A scope rule that is silently not applied would let entries through."""
    with pytest.raises(SettingsError, match="exclusion by ims"):
        compile_mapping(DIRECTORY, replace(mapping, exclude={"ims": frozenset({"x"})}), kind)


NAMES = sorted(suzuki().attributes)


@settings(deadline=None)
@given(st.permutations(NAMES))
def test_the_order_of_attributes_does_not_matter(order: list[str]) -> None:
    """The same entry gives the same bytes, in whatever order a server writes it."""
    ordinary = suzuki()
    shuffled = LdapEntry(ordinary.dn, {name: ordinary.attributes[name] for name in order})

    assert mapped_user(ordinary) == mapped_user(shuffled)


VALUES = st.lists(st.binary(max_size=20) | st.text(max_size=10).map(lambda text: text.encode("utf-8", "ignore")))


def as_text(raw: dict[str, tuple[bytes, ...]]) -> dict[str, list[str | bytes]]:
    """Return the values as the image gives them back: text where a value is UTF-8."""

    def one(value: bytes) -> str | bytes:
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value

    return {name: [one(value) for value in values] for name, values in raw.items()}


EVERY_RULE = replace(
    USERS,
    single={
        **USERS.single,
        "nick_name": source("cn", default="none"),
        "title": ValueRule(("title", "cn"), conversions=(conversion("a", "b"),)),
        "profile_url": source("ms-ds-consistencyguid"),
        "active": source("userAccountControl", "accountExpires", "shadowExpire", default=True),
    },
    multi={
        **USERS.multi,
        "x509_certificates": (item(value=source("userCertificate")),),
        "roles": (item(value=source("title"), primary=source("preferredlanguage")),),
        "photos": (item(value=source("cn"), type=fixed("a")), item(value=source("title"), type=fixed("b"))),
    },
)
"""Asks for values in every way that there is."""
KEYS = ["cn", "title", "preferredlanguage", "ms-ds-consistencyguid", "usercertificate;binary", "useraccountcontrol"]
SOME_VALUES = st.lists(
    st.binary(max_size=17) | st.text("aé課\0 ", max_size=4).map(str.encode) | st.sampled_from([b"512", b"true", b"0"]),
    max_size=3,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*NAMES, *KEYS]), SOME_VALUES.map(tuple)))
def test_text_and_octets_are_mapped_alike(raw: dict[str, tuple[bytes, ...]]) -> None:
    """The image keeps text as text and the directory gives octets; either way the result is the same, findings too."""
    everything = {**suzuki().attributes, **raw}
    mapper = compile_mapping(DIRECTORY, EVERY_RULE, ResourceType.USER)

    of_octets = mapper.map(LdapEntry(DN, everything), ANCHOR, NOW)

    assert mapper.map_values(DN, as_text(everything), ANCHOR, NOW) == of_octets
    if isinstance(of_octets, Mapped):
        assert of_octets.fingerprint == fingerprint(of_octets.essence)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*NAMES, "ms-ds-consistencyguid", "preferredlanguage"]), VALUES.map(tuple)))
def test_whatever_an_entry_holds_it_is_mapped_or_held(raw: dict[str, tuple[bytes, ...]]) -> None:
    """Nothing raises; who is mapped has all that is required, who is held has findings that say HOLD."""
    changed = LdapEntry(DN, {**suzuki().attributes, **raw})
    match compile_mapping(DIRECTORY, USERS, ResourceType.USER).map(changed, ANCHOR, NOW):
        case Mapped() as mapped:
            found = json.loads(mapped.essence)
            assert found["user_name"]
            assert found["name"]["family_name"]
            assert all(item["value"] for item in found.get("emails", ()))
        case Held() as held:
            assert held.findings
            assert all(finding.severity is Severity.HOLD and finding.subjects == (DN,) for finding in held.findings)
        case other:
            pytest.fail(f"a user cannot be {other}")
