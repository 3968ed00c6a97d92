"""Values that must not come twice."""

import random
import string

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldap2scim.findings import Severity
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.folding import folded
from ldap2scim.planning.frames import ABSENT, TEXT
from ldap2scim.planning.policy import SafetyPolicy
from ldap2scim.state.image_rows import Duplicate
from tests.validations.worlds import NOW, dn_of, frame, rules, verdict
from validations.duplicates import MOST_FINDINGS, MOST_LISTED, fold_all
from validations.state import StateFacts, check_state

law = settings(max_examples=60, deadline=None)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Sales", "sales"),
        ("Sales", "Sales "),
        ("営業　部", "営業 部"),
        ("ＳＡＬＥＳ", "sales"),
        ("ｶﾌﾞ", "カブ"),
        ("Straße", "STRASSE"),
        ("か\u3099", "が"),
    ],
    ids=["case", "trailing blank", "wide blank", "width", "narrow kana", "sharp s", "composed"],
)
def test_group_names_that_a_service_takes_for_one_hold_both_groups(one: str, other: str) -> None:
    """Names that differ in case, width, composition or blanks alone are one name; both groups are left alone."""
    found = verdict(groups=[("ad:1", one, "1"), ("ad:2", other, "2"), ("ad:3", "Other", "3")])

    assert rules(found.findings) == [("duplicate-group-name", "hold")]
    assert found.holds == {"ad:1", "ad:2"}
    assert dn_of("ad:1") in found.findings[0].message
    assert found.findings[0].subjects == (dn_of("ad:1"), dn_of("ad:2"))
    assert found.findings[0].remedy


def test_group_names_of_two_directories_are_compared_too() -> None:
    """A name that two directories have is held in both, and the message names the directories."""
    found = verdict(groups=[("ad:1", "Sales", "1"), ("hr:1", "sales", "2")])

    assert found.holds == {"ad:1", "hr:1"}
    assert "directories ad, hr" in found.findings[0].message


def test_names_that_only_look_alike_are_two() -> None:
    """A blank inside, an accent or another kana makes another name."""
    names = ["Sales", "Sa les", "Salés", "カブ", "かぶ"]

    assert verdict(groups=[(f"ad:{i}", name, str(i)) for i, name in enumerate(names)]).findings == ()


def test_people_with_one_login_are_held() -> None:
    """Logins are compared as the service compares them."""
    found = verdict(users=[("ad:1", "Taro@Corp.example", "1"), ("ad:2", "taro@corp.example", "2")])

    assert rules(found.findings) == [("duplicate-login", "hold")]
    assert found.holds == {"ad:1", "ad:2"}


def test_a_login_and_a_group_name_may_be_equal() -> None:
    """People and groups have names of their own."""
    assert verdict(users=[("ad:1", "sales", "1")], groups=[("ad:2", "sales", "2")]).findings == ()


def test_an_external_id_is_case_exact() -> None:
    """ExternalId is caseExact (RFC 7643 §3.1): only the very same value is a duplicate."""
    found = verdict(users=[("ad:1", "a", "X"), ("ad:2", "b", "X"), ("ad:3", "c", "x")])

    assert rules(found.findings) == [("duplicate-external-id", "hold")]
    assert found.holds == {"ad:1", "ad:2"}


def test_absent_values_are_never_equal() -> None:
    """Entries without a login or an externalId share nothing."""
    assert verdict(users=[("ad:1", None, None), ("ad:2", None, None)]).findings == ()


def test_a_source_anchor_that_comes_twice_holds_its_key() -> None:
    """Two entries with one source anchor cannot be told apart."""
    found = verdict(users=[("ad:1", "a", "1")], anchors=(Duplicate(Key("ad:1"), "cn=b,dc=x", "cn=a,dc=x"),))

    assert rules(found.findings) == [("duplicate-source-anchor", "hold")]
    assert found.holds == {"ad:1"}
    assert found.findings[0].subjects == ("cn=b,dc=x", "cn=a,dc=x")


def test_a_message_names_the_first_and_counts_the_rest() -> None:
    """A constant mapped to the login gives one short message; the finding still has every entry."""
    found = verdict(users=[(f"ad:{i:02}", "same", str(i)) for i in range(30)])

    assert f"and {30 - MOST_LISTED} more" in found.findings[0].message
    assert len(found.findings[0].subjects) == len(found.holds) == 30


def test_a_directory_that_is_configured_twice_is_one_finding() -> None:
    """Thousands of duplicates are one mistake of the settings: said once, everybody held."""
    both = [(f"{name}:{i}", f"u{i}", f"{name}{i}") for name in ("ad", "copy") for i in range(MOST_FINDINGS + 1)]
    found = verdict(users=both)

    assert rules(found.findings) == [("duplicate-login", "hold")]
    assert len(found.holds) == len(both)
    assert "configured twice" in found.findings[0].remedy


@law
@given(texts)
def test_folding_is_idempotent(text: str) -> None:
    """What is folded stays as it is."""
    assert folded(folded(text)) == folded(text)


def test_folding_is_idempotent_for_every_character() -> None:
    """No character needs to be folded twice; above plane 2 of Unicode none changes at all."""
    characters = (chr(code) for code in range(0x30000) if not 0xD800 <= code <= 0xDFFF)

    assert [c for c in characters if folded(folded(c)) != folded(c)] == []


@law
@given(st.lists(texts | st.text(string.printable, max_size=6)))
def test_folding_a_column_is_folding_each_value(values: list[str]) -> None:
    """The quick way over a column gives what the slow one gives."""
    column = pd.Series(values, dtype=TEXT)

    assert fold_all(column).tolist() == [folded(value) for value in values]


rows = st.lists(
    st.tuples(
        st.sampled_from(["ad", "hr"]),
        texts | st.sampled_from(["A", "a", "ａ", " a"]) | st.none(),
        st.sampled_from(["1", "2", "", ABSENT]) | st.none(),
    ),
    max_size=8,
).map(lambda drawn: [(f"{name}:{i}", login, external) for i, (name, login, external) in enumerate(drawn)])


@law
@given(users=rows, groups=rows)
def test_whatever_the_values_are_the_checks_answer(
    users: list[tuple[str, str | None, str | None]], groups: list[tuple[str, str | None, str | None]]
) -> None:
    """The checks never raise, hold nobody who is not there, and hold exactly those whom a finding names."""
    found = verdict(users, groups)

    assert found.holds <= {key for key, _, _ in users} | {key for key, _, _ in groups}
    assert {dn_of(key) for key in found.holds} == {name for one in found.findings for name in one.subjects}
    assert all(one.severity is Severity.HOLD and one.remedy for one in found.findings)


@law
@given(users=rows, seed=st.randoms(use_true_random=False))
def test_the_order_of_entries_does_not_matter(
    users: list[tuple[str, str | None, str | None]], seed: random.Random
) -> None:
    """The same state gives the same findings, whatever order it was read in."""
    other = list(users)
    seed.shuffle(other)

    assert set(verdict(users).findings) == set(verdict(other).findings)


def test_a_service_that_tells_case_apart_gets_both_names() -> None:
    """What the profile says of it decides."""
    rows = [("ad:1", "Sales", "1"), ("ad:2", "sales", "2")]
    facts = StateFacts(frame(rows), frame(rows), (), (), {}, NOW, frozenset({ResourceType.GROUP}))

    assert rules(check_state(facts, SafetyPolicy()).findings) == [("duplicate-login", "hold")]
