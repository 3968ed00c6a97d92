"""Patterns of the original's `convert`, written for Ruby, mean the same here."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldap2scim.mapping.ruby_regex import conversion, replacement, translate


def converted(pattern: str, text: str, value: str) -> str:
    """Return `value` after one conversion."""
    rule = conversion(pattern, text)
    return rule.pattern.sub(rule.replacement, value)


@pytest.mark.parametrize(
    ("pattern", "text", "value", "expected"),
    [
        (r"\z", "@example.jp", "taro", "taro@example.jp"),
        (r"@EXAMPLE.JP\z", "@example.jp", "Taro@EXAMPLE.JP", "Taro@example.jp"),
        (r"\A(.+)@.*\z", r"\1@ad.example.jp", "taro@old.jp", "taro@ad.example.jp"),
        (r"\A(?<login>[^@]+)\z", r"\k<login>@example.jp", "taro", "taro@example.jp"),
        (r"(a)(?<n>b)", r"\1", "ab", "b"),  # beside a named group, a plain one does not capture
        (r"\\", "/", r"CORP\taro", "CORP/taro"),
        (r"-", "", "03-1234-5678", "0312345678"),
        (r"\A0", "+81", "0312345678", "+81312345678"),
        (r"\s+", "", "a \t b", "ab"),
        (r"x", r"[\0\&]", "axb", "a[xx]b"),
        (r"a", r"\\1\q", "a", r"\1\q"),
        (r"(.)(?:\1)", r"\1", "aabc", "abc"),
    ],
)
def test_a_conversion_gives_what_ruby_gives(pattern: str, text: str, value: str, expected: str) -> None:
    """Published samples and everyday rewrites have Ruby's result."""
    assert expected == converted(pattern, text, value)


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        (r"^a", "b\na", True),
        (r"a$", "a\nb", True),
        (r"\Aa\Z", "a\n", True),
        (r"\Aa\z", "a\n", False),
        (r"^\z", "a\n", False),
        (r"\A\h+\z", "0aF", True),
        (r"\A\H\z", "g", True),
        (r"\A\H\z", "A", False),
        (r"\A\w\z", "あ", False),
        (r"\A\W\z", "あ", True),
        (r"\A\d\z", "１", False),
        (r"\A[\h-]+\z", "0a-", True),
        (r"\A[+-\d]\z", ",", False),
        (r"\A[^\h]\z", "g", True),
        (r"\A[\S]\z", "\u3000", True),
        (r"\A[[:digit:]]\z", "１", True),
        (r"\A[]a]\z", "]", True),
        (r"\A[.&|~]+\z", ".&|~", True),
        (r"\Aa.b\z", "a\nb", False),
        (r"\A(?m)a.b\z", "a\nb", True),
        (r"\A(?m:a.b)\z", "a\nb", True),
        (r"\Aa(?i)b|c\z", "aC", True),
        (r"\A(?:a(?i)b)c\z", "aBC", False),
        (r"\A(?i-m:A)\z", "a", True),
        (r"\A(?<x>a)(b)\k<x>\z", "aba", True),
        (r"\A(?'x'a)\k'x'\z", "aa", True),
        (r"\A(a)?(?(1)b|c)\z", "c", True),
        (r"\A(?>a+)b\z", "aab", True),
        (r"\Aa(?#a note)b\z", "ab", True),
        (r"\A\u{3042}\u3042\x41\z", "ああA", True),
        (r"\A\e[\e]\z", "\x1b\x1b", True),
        (r"\A\i\@\z", "i@", True),
        (r"\A[^@]{2,}?@(?!x)(?<=@)", "ab@y", True),
    ],
)
def test_a_pattern_matches_what_it_matches_in_ruby(pattern: str, value: str, expected: bool) -> None:
    """Where the two engines read the same text differently, Ruby's reading holds."""
    assert expected is bool(re.search(translate(pattern), value))


@pytest.mark.parametrize(
    ("pattern", "named"),
    [
        (r"ab\p{Hiragana}", r"\p at position 3"),
        (r"\R", r"\R at position 1"),
        (r"a\X", r"\X at position 2"),
        (r"a\Kb", r"\K at position 2"),
        (r"\Ga", r"\G at position 1"),
        (r"(?<n>a)\g<n>", r"\g at position 8"),
        (r"(?~ab)", "(?~ at position 1"),
        (r"(?x) a", "(?x) at position 1"),
        (r"a{2}+", "{2}+ at position 2"),
        (r"a{2}?", "{2}? at position 2"),
        (r"[a-z&&[aeiou]]", "position 1"),
        (r"[a&&b]", "&& inside a set at position 3"),
        (r"[[:alpha:]]", "[:alpha:] at position 2"),
        (r"[\p{L}]", r"\p at position 2"),
        (r"\xE3\x81", r"\xE3 at position 1"),
        (r"\u{110000}", r"\u{110000} at position 1"),
        (r"(a)\k<-1>", r"\k<-1> at position 4"),
        (r"[a", "position 1"),
        (r"(a", "Not a valid pattern"),
        (r"a)", "Not a valid pattern"),
        (r"a" + "\\", "Not a valid pattern"),
    ],
)
def test_what_has_no_counterpart_is_refused_by_name(pattern: str, named: str) -> None:
    """The message names the construct and its position, from 1."""
    with pytest.raises(ValueError, match=re.escape(named)):
        translate(pattern)


@pytest.mark.parametrize("text", [r"\2", r"\k<nobody>"])
def test_a_replacement_cannot_name_a_group_that_is_not_there(text: str) -> None:
    """A missing group is found when settings are read, not at the first entry."""
    with pytest.raises(ValueError, match="does not have"):
        conversion(r"(a)", text)


def test_a_replacement_that_python_cannot_make_is_refused() -> None:
    """The text after the match has no counterpart."""
    with pytest.raises(ValueError, match=r"\\' in a replacement at position 2"):
        replacement(r"x\'")


@settings(deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_a_plain_replacement_is_taken_literally(value: str, text: str) -> None:
    """Without a backslash the replacement is what is written."""
    text = text.replace("\\", "")

    assert value + text == converted(r"\z", text, value)


@settings(deadline=None)
@given(st.text(alphabet=r"\azZhwdsk<>(){}[]^$.*+?|-:&~'=!imx#1,pe", max_size=12))
def test_every_pattern_compiles_or_is_refused(pattern: str) -> None:
    """Whatever is written, the answer is a pattern or a ValueError."""
    try:
        result = translate(pattern)
    except ValueError:
        return
    re.compile(result)
