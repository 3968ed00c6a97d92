"""What survives when names are replaced, and what does not."""

import unicodedata
import uuid

from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.bundle.permutation import permuted
from ldap2scim.bundle.pseudonyms import Pseudonyms
from ldap2scim.directory import dn
from ldap2scim.directory.dn import is_below
from ldap2scim.mapping.phones import is_global
from ldap2scim.planning.folding import folded
from validations.values import is_address

NAMES = Pseudonyms(b"k" * 32)
LETTERS = "abcxyzABCXYZ0189 -_.@éÉÄöサトウガパ佐藤花さとうｱｶＡｂ１иИ한国ー々"
TEXTS = st.text(alphabet=LETTERS, max_size=12)
WORDS = st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=8)


@given(TEXTS, TEXTS)
def test_equal_texts_stay_equal_and_others_do_not_become_so(one: str, other: str) -> None:
    """Two texts have one pseudonym if, and only if, they are the same text in composed form."""
    same = unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    assert (NAMES.name(one) == NAMES.name(other)) is same


@given(TEXTS)
def test_what_compares_equal_still_does(text: str) -> None:
    """Case and width set aside, a text equals its variants before and after."""
    for variant in (text.upper(), text.lower(), unicodedata.normalize("NFKC", text)):
        assert folded(variant) == folded(text)
        assert folded(NAMES.name(variant)) == folded(NAMES.name(text))


@given(TEXTS, TEXTS)
def test_what_compares_as_different_still_does(one: str, other: str) -> None:
    """Two texts that a service tells apart stay so."""
    assert (folded(NAMES.name(one)) == folded(NAMES.name(other))) is (folded(one) == folded(other))


@given(st.text(alphabet="abcXYZ019 -_.@佐藤花サトウさとｱｲＡｂ", max_size=20))
def test_lengths_and_classes_of_signs_survive(text: str) -> None:
    """Each sign has one of its own class, case and width in its place, and signs between words stay."""
    replaced = NAMES.name(text)
    assert [_looks(sign) for sign in replaced] == [_looks(sign) for sign in text]


@given(TEXTS)
def test_no_word_stays_as_it_is(text: str) -> None:
    """Whatever has a letter or digit in it is another text afterwards."""
    if any(sign.isalnum() and sign not in "ー々" for sign in text):
        assert NAMES.name(text) != text


@given(WORDS, WORDS, WORDS)
def test_a_word_is_replaced_alike_wherever_it_stands(login: str, unit: str, domain: str) -> None:
    """The login in an address and in a DN is the pseudonym of the login."""
    hidden = NAMES.name(login)
    assert NAMES.name(f"{login}@{domain}.jp").startswith(f"{hidden}@{NAMES.name(domain)}.")
    assert NAMES.distinguished(f"uid={login},ou={unit},dc={domain}") == (
        f"uid={hidden},ou={NAMES.name(unit)},dc={NAMES.name(domain)}"
    )


@given(
    st.lists(st.tuples(st.sampled_from(["cn", "OU", "dc"]), TEXTS.map(str.strip).filter(bool)), min_size=1, max_size=4)
)
def test_the_hierarchy_of_names_survives(parts: list[tuple[str, str]]) -> None:
    """A DN keeps its types and its place below its superiors, and a comparable form gives a comparable form."""
    name = ",".join(f"{kind}={dn.escape_value(value)}" for kind, value in parts)
    replaced = NAMES.distinguished(name)
    assert [one[0].type for one in dn.parse(replaced)] == [kind for kind, _ in parts]
    above = ",".join(f"{kind}={dn.escape_value(value)}" for kind, value in parts[1:])
    assert is_below(replaced, NAMES.distinguished(above))
    assert dn.normalise(NAMES.distinguished(dn.normalise(name))) == NAMES.distinguished(dn.normalise(name))


@given(st.uuids())
def test_guids_stay_guids(found: uuid.UUID) -> None:
    """A GUID becomes another GUID, in the case that it had."""
    text = str(found)
    assert uuid.UUID(NAMES.name(text)) != found
    assert NAMES.name(text.upper()) == NAMES.name(text).upper()


@given(WORDS, WORDS, st.integers(min_value=1_000_000, max_value=999_999_999_999_999))
def test_what_is_checked_still_passes(login: str, domain: str, digits: int) -> None:
    """An e-mail address stays one, and so does a global telephone number."""
    assert is_address(NAMES.name(f"{login}.x+1@{domain}.example"))
    assert is_global(f"tel:+{digits}")
    assert is_global(NAMES.phone(f"tel:+{digits}"))
    assert is_global(NAMES.phone(f"tel:+{digits};ext=12"))


@given(st.text(alphabet="abcXYZ019 -_.@", max_size=150))
def test_plain_text_is_replaced_as_among_other_letters(text: str) -> None:
    """A word in ASCII has the same pseudonym in a text of ASCII alone and beside kanji."""
    assert NAMES.name(f"{text} 佐").startswith(NAMES.name(text) + " ")


def test_the_well_known_parts_of_a_sid_stay() -> None:
    """Who is a domain user, and who an administrator, can still be seen."""
    replaced = NAMES.name("S-1-5-21-1004336348-1177238915-682003330-513")
    assert replaced.startswith("S-1-5-21-")
    assert replaced.endswith("-513")
    assert "1004336348" not in replaced


def test_letters_that_compare_as_several_are_taken_apart() -> None:
    """Rarer forms compare as before, at the price of their length."""
    for one, other in (("straße", "STRASSE"), ("ﬁt", "fit"), ("㈱日立", "(株)日立"), ("ｶﾞｯﾂ", "ガッツ")):
        assert folded(NAMES.name(one)) == folded(NAMES.name(other))


def test_another_key_gives_other_names() -> None:
    """The same key gives the same pseudonyms, and another one others."""
    assert Pseudonyms(b"k" * 32).name("alice") == NAMES.name("alice")
    assert Pseudonyms(b"l" * 32).name("alice") != NAMES.name("alice")


def test_every_number_moves_and_no_two_meet() -> None:
    """The permutation of a shape is one, and leaves nobody where it was."""
    for count in (2, 3, 10, 26, 100, 777):
        moved = [permuted([number], [count], b"key", b"shape")[0] for number in range(count)]
        assert sorted(moved) == list(range(count))
        assert all(number != other for number, other in enumerate(moved))


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_numbers_keep_their_digits(number: int) -> None:
    """A number has as many digits as before, and is another one."""
    replaced = NAMES.number(number)
    assert len(str(replaced)) == len(str(number))
    assert replaced != number or number == 0


def _looks(sign: str) -> str:
    if not sign.isalnum():
        return sign
    name = unicodedata.name(sign)
    return " ".join(word for word in name.split()[:3] if word in _KINDS) + str(sign.isupper())


_KINDS = {"LATIN", "FULLWIDTH", "HALFWIDTH", "KATAKANA", "HIRAGANA", "CJK", "DIGIT", "CAPITAL"}
