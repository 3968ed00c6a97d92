"""Multi-valued attributes: slots, several values, exclusions, and the one primary."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ldap2scim.directory.entry import LdapEntry
from ldap2scim.findings import Severity
from ldap2scim.mapping.items import Collector, Item, compile_items
from ldap2scim.mapping.mapper import Mapped, compile_mapping
from ldap2scim.mapping.ruby_regex import conversion
from ldap2scim.mapping.spec import ItemRule, ResourceMapping, ValueRule
from ldap2scim.mapping.values import Raw, Unreadable
from ldap2scim.model import ResourceType
from tests.mapping.worlds import ANCHOR, DIRECTORY, DN, NOW, entry, fixed, item, source

PRIMARY_MAIL = item(value=source("mail"), type=fixed("work"), primary=fixed(True))
OTHER_MAIL = item(value=source("otherMailbox"), type=fixed("other"))


def items(entry: LdapEntry, *rules: ItemRule, name: str = "emails", excluded: tuple[str, ...] = ()) -> list[Item]:
    """Return the items that an entry gives."""
    return list(compile_items(name, rules, frozenset(excluded))(entry.attributes).items)


@given(
    st.lists(st.sampled_from([b"a@x.example", b"b@x.example", b"", b"\xff"]), max_size=2).map(tuple),
    st.sampled_from(["emails", "roles"]),
    st.sampled_from([PRIMARY_MAIL, item(value=source("mail"), type=fixed("work")), item(value=source("mail"))]),
)
def test_one_text_is_read_as_any_value_is(values: tuple[bytes, ...], name: str, rule: ItemRule) -> None:
    """There is a shorter way for an entry with one value that is text; an exclusion that excludes nothing avoids it."""
    quick = compile_items(name, (rule,), frozenset())
    usual = compile_items(name, (rule,), frozenset({"nobody"}))

    def outcome(collect: Collector, raw: Raw) -> object:
        try:
            return collect(raw)
        except Unreadable as problem:
            return problem.args

    raw = {"mail": [value.decode() if value != b"\xff" else value for value in values]}
    assert outcome(quick, raw) == outcome(usual, raw) == outcome(usual, {"mail": values})


def test_each_slot_gives_one_item() -> None:
    """With several slots each takes the first value of its source."""
    person = entry(mail=["a@x.example", "b@x.example"], otherMailbox="c@x.example")

    assert items(person, PRIMARY_MAIL, OTHER_MAIL) == [
        {"value": "a@x.example", "type": "work", "primary": True},
        {"value": "c@x.example", "type": "other"},
    ]


def test_a_slot_without_a_value_is_left_out() -> None:
    """Its fixed type does not make an item."""
    phones = (
        item(value=source("telephoneNumber"), type=fixed("work")),
        item(value=source("mobile"), type=fixed("mobile")),
    )

    assert items(entry(mobile="090"), *phones, name="phone_numbers") == [{"value": "090", "type": "mobile"}]


def test_a_slot_that_is_alone_takes_every_value_once() -> None:
    """The first value is the primary one, the others are not."""
    person = entry(mail=["a@x.example", "", "b@x.example", "a@x.example"])

    assert items(person, PRIMARY_MAIL) == [
        {"value": "a@x.example", "type": "work", "primary": True},
        {"value": "b@x.example", "type": "work"},
    ]
    assert not compile_items("emails", (PRIMARY_MAIL,), frozenset())(person.attributes).surplus_primary


def test_values_that_become_equal_are_one() -> None:
    """Conversions come before the comparison."""
    rule = ItemRule({"value": ValueRule(("mail",), None, (conversion("@.*", "@x.example"),))})

    assert items(entry(mail=["a@y.example", "a@z.example"]), rule) == [{"value": "a@x.example"}]


def test_two_slots_with_one_type_and_value_are_one_item() -> None:
    """RFC 7643 §2.4: no two items of the same type and value; the mark as primary is not lost."""
    person = entry(mail="a@x.example", otherMailbox="a@x.example")

    unmarked = item(value=source("otherMailbox"), type=fixed("work"))
    assert items(person, unmarked, PRIMARY_MAIL, name="ims") == [
        {"value": "a@x.example", "type": "work", "primary": True}
    ]
    assert len(items(person, OTHER_MAIL, PRIMARY_MAIL)) == 2


def test_an_excluded_value_is_dropped() -> None:
    """Only equal values are; the others stay."""
    person = entry(mail=["none@x.example", "a@x.example"])

    assert items(person, PRIMARY_MAIL, excluded=("none@x.example",)) == [
        {"value": "a@x.example", "type": "work", "primary": True}
    ]


def test_where_the_primary_address_is_missing_the_next_one_becomes_primary() -> None:
    """Where the mapping cares for a primary e-mail address there is exactly one."""
    assert items(entry(otherMailbox="c@x.example"), PRIMARY_MAIL, OTHER_MAIL) == [
        {"value": "c@x.example", "type": "other", "primary": True}
    ]


def test_no_primary_is_invented_where_the_mapping_has_none() -> None:
    """What nobody mapped is not ours."""
    assert items(entry(otherMailbox="c@x.example"), OTHER_MAIL) == [{"value": "c@x.example", "type": "other"}]


def test_of_several_primary_ones_the_first_stays_and_a_note_says_so() -> None:
    """RFC 7643 §2.4 allows one; the entry is mapped all the same."""
    second = item(value=source("otherMailbox"), primary=fixed(True))
    mapper = compile_mapping(DIRECTORY, ResourceMapping({}, {"emails": (PRIMARY_MAIL, second)}), ResourceType.USER)

    result = mapper.map(entry(mail="a@x.example", otherMailbox="c@x.example"), ANCHOR, NOW)

    assert isinstance(result, Mapped)
    assert '"emails":[{"primary":true,"type":"work","value":"a@x.example"},{"value":"c@x.example"}]' in result.essence
    (note,) = result.findings
    assert (note.rule, note.severity, note.subjects) == ("several-primary", Severity.NOTE, (DN,))


def test_the_primary_address_is_the_one_that_validations_see() -> None:
    """Its place among the slots does not matter."""
    mapper = compile_mapping(DIRECTORY, ResourceMapping({}, {"emails": (OTHER_MAIL, PRIMARY_MAIL)}), ResourceType.USER)

    result = mapper.map(entry(mail="a@x.example", otherMailbox="c@x.example"), ANCHOR, NOW)

    assert isinstance(result, Mapped)
    assert result.email == "a@x.example"


def test_the_directory_can_say_which_is_primary() -> None:
    """A source of `primary` is read as a boolean."""
    rules = (item(value=source("a")), item(value=source("b"), primary=source("bIsPrimary")))

    assert items(entry(a="1", b="2", bIsPrimary="TRUE"), *rules) == [{"value": "1"}, {"value": "2", "primary": True}]


def test_an_address_is_there_when_any_part_of_it_is() -> None:
    """It has no `value`; its fixed type alone makes none."""
    rule = item(locality=source("l"), postal_code=source("postalCode"), type=fixed("work"))

    assert items(entry(l="千代田区"), rule, name="addresses") == [{"locality": "千代田区", "type": "work"}]
    assert items(entry(), rule, name="addresses") == []


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["a", "b", "c"]), max_size=5),
    st.lists(st.sampled_from(["a", "b", "c"]), max_size=5),
    st.booleans(),
    st.booleans(),
)
def test_there_is_never_more_than_one_primary_nor_a_repetition(
    mail: list[str], other: list[str], first: bool, second: bool
) -> None:
    """Whatever is marked, and whatever values come."""
    found = items(
        entry(mail=mail, otherMailbox=other),
        item(value=source("mail"), primary=fixed(first)),
        item(value=source("otherMailbox"), primary=fixed(second)),
    )

    assert sum(item.get("primary") is True for item in found) == (1 if found and (first or second) else 0)
    assert len({item["value"] for item in found}) == len(found)


def test_a_service_with_one_value_gets_the_primary_one_or_the_first() -> None:
    """AWS refuses a second address; what is left out is noted by the attribute's name."""
    found = []
    for slots in ((OTHER_MAIL, PRIMARY_MAIL), (OTHER_MAIL, item(value=source("mail")))):
        mapping = ResourceMapping({}, {"emails": slots}, one_value=frozenset({"emails"}))
        result = compile_mapping(DIRECTORY, mapping, ResourceType.USER).map(
            entry(mail="a@x.example", otherMailbox="c@x.example"), ANCHOR, NOW
        )
        assert isinstance(result, Mapped)
        assert [note.rule for note in result.findings] == ["one-value-kept"]
        found.append((result.email, result.essence.count('"value"')))

    assert found == [("a@x.example", 1), ("c@x.example", 1)]
