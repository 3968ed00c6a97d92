"""Reads a filter of RFC 7644 §3.4.2.2, and says at which column it is wrong. Pure."""

import re
from dataclasses import dataclass
from typing import Final, NoReturn, cast

import orjson

from ldap2scim.scim.filters import And, CompareValue, Comparison, Filter, Not, Or, ValuePath, comparisons

COMPARING: Final = frozenset({"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"})
PRESENT: Final = "pr"
MAX_DEPTH: Final = 50
"""Of brackets. Nobody writes more, and services have limits of their own."""

_TOKEN: Final = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*")
      | (?P<bracket>[()\[\]])
      | (?P<word>[^\s()\[\]"]+)""",
    re.VERBOSE | re.DOTALL,
)
_PATH: Final = re.compile(r"(?:urn:[^\s]+:)?[A-Za-z$][\w$-]*(?:\.[A-Za-z$][\w$-]*)?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ParsedFilter:
    """A filter that can be read."""

    root: Filter
    attributes: tuple[str, ...]
    """Each once, in the order written; inside a value path with its attribute (`emails.type`)."""
    operators: tuple[str, ...]
    """Each once, in the order written, lower case; without `and`, `or`, `not`."""


@dataclass(frozen=True, slots=True)
class FilterProblem:
    """Why a filter cannot be read."""

    column: int
    """From 1."""
    message: str

    def __str__(self) -> str:
        return f"column {self.column}: {self.message}"


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


class _Wrong(Exception):
    def __init__(self, column: int, message: str) -> None:
        super().__init__(column, message)
        self.problem = FilterProblem(column, message)


def parse(text: str) -> ParsedFilter | FilterProblem:
    """Return the filter, or where and why it is wrong."""
    try:
        reader = _Reader(_tokens(text), len(text) + 1)
        root = reader.whole()
    except _Wrong as wrong:
        return wrong.problem
    used = tuple(comparisons(root))
    return ParsedFilter(
        root,
        tuple(dict.fromkeys(attribute for attribute, _ in used)),
        tuple(dict.fromkeys(operator for _, operator in used)),
    )


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        found = _TOKEN.match(text, position)
        if found is None:
            raise _Wrong(position + 1, "a text begins here and has no closing quotation mark")
        tokens.append(_Token(cast("str", found.lastgroup), found.group(), position + 1))
        position = found.end()
    return tokens


class _Reader:
    """Recursive descent; `not` binds closer than `and`, `and` closer than `or`."""

    def __init__(self, tokens: list[_Token], end: int) -> None:
        self._tokens = tokens
        self._next = 0
        self._end = end
        self._depth = 0

    def whole(self) -> Filter:
        root = self._any_of()
        if (token := self._peek()) is not None:
            self._wrong(token, f"`and`, `or` or the end is expected, not `{token.text}`")
        return root

    def _any_of(self) -> Filter:
        terms = [self._all_of()]
        while self._take_word("or"):
            terms.append(self._all_of())
        return terms[0] if len(terms) == 1 else Or(tuple(terms))

    def _all_of(self) -> Filter:
        terms = [self._term()]
        while self._take_word("and"):
            terms.append(self._term())
        return terms[0] if len(terms) == 1 else And(tuple(terms))

    def _term(self) -> Filter:
        token = self._take("an attribute, `not` or `(`")
        if token.text == "(":
            return self._inside(")")
        if token.kind == "word" and token.text.casefold() == "not":
            opening = self._take("`(`")
            if opening.text != "(":
                self._wrong(opening, "`not` is followed by `(`")
            return Not(self._inside(")"))
        if token.kind != "word" or not _PATH.fullmatch(token.text):
            self._wrong(token, f"an attribute is expected, not `{token.text}`")
        following = self._peek()
        if following is not None and following.text == "[":
            self._next += 1
            return ValuePath(token.text, self._inside("]"))
        return self._comparison(token)

    def _inside(self, closing: str) -> Filter:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _Wrong(self._tokens[self._next - 1].column, f"more than {MAX_DEPTH} brackets inside one another")
        inner = self._any_of()
        token = self._take(f"`{closing}`")
        if token.text != closing:
            self._wrong(token, f"`{closing}` is expected, not `{token.text}`")
        self._depth -= 1
        return inner

    def _comparison(self, attribute: _Token) -> Comparison:
        token = self._take("an operator such as `eq`")
        operator = token.text.casefold() if token.kind == "word" else ""
        if operator == PRESENT:
            return Comparison(attribute.text, operator, None)
        if operator not in COMPARING:
            known = " ".join(sorted(COMPARING))
            self._wrong(token, f"`{token.text}` is not an operator; the operators are {known} {PRESENT}")
        return Comparison(attribute.text, operator, self._value())

    def _value(self) -> CompareValue:
        token = self._take('a value such as "text"')
        try:
            value = orjson.loads(token.text)
        except orjson.JSONDecodeError:
            self._wrong(token, f'`{token.text}` is not a value; a text stands in quotation marks: "{token.text}"')
        return cast("CompareValue", value)

    def _peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self, expected: str) -> _Token:
        token = self._peek()
        if token is None:
            raise _Wrong(self._end, f"the filter ends where {expected} is expected")
        self._next += 1
        return token

    def _take_word(self, word: str) -> bool:
        token = self._peek()
        if token is None or token.kind != "word" or token.text.casefold() != word:
            return False
        self._next += 1
        return True

    @staticmethod
    def _wrong(token: _Token, message: str) -> NoReturn:
        raise _Wrong(token.column, message)
