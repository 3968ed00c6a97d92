r"""Patterns written for Ruby become Python's. Pure.

The files of the original carry patterns for Ruby's engine (Onigmo, `doc/RE` of github.com/k-takata/Onigmo). Most
of the syntax is common; what means something else here is rewritten (`^` and `$` are line anchors, `\w` is
ASCII, `(?m)` lets the dot match a line end), and what has no counterpart is refused by name, never guessed.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from ldap2scim.mapping.spec import Conversion

_TOKEN = re.compile(
    r"""
      \\k(?:<(?P<reference><?[^>]*)>|'(?P<reference_quoted>[^']*)')
    | \\u\{(?P<code_point>[0-9A-Fa-f]{1,6})\}
    | \\x(?P<hex>[0-9A-Fa-f]{1,2})
    | \\(?P<escape>.)
    | \[(?P<set>\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\\[])*)\]
    | (?P<comment>\(\?\#[^)]*\))
    | \(\?(?:<(?P<name>[^=!>][^>]*)>|'(?P<name_quoted>[^']+)')
    | \(\?(?P<options>[a-z]*(?:-[a-z]*)?)(?P<options_end>[:)])
    | \(\?\((?:<(?P<condition>[^>]+)>|(?P<condition_number>\d+))\)
    | (?P<look>\(\?(?:<?[=!]|>))
    | (?P<absence>\(\?~)
    | (?P<unknown_group>\(\?)
    | (?P<open>\()
    | (?P<close>\))
    | (?P<interval>\{(?:\d+(?:,\d*)?|,\d+)\}[+?]?)
    | (?P<anchor>[\^$])
    | (?P<open_set>\[)
    | (?P<text>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SET_TOKEN = re.compile(
    r"""
      \\u\{(?P<code_point>[0-9A-Fa-f]{1,6})\}
    | \\x(?P<hex>[0-9A-Fa-f]{1,2})
    | \\(?P<escape>.)
    | \[:(?P<posix>\^?\w+):\]
    | (?P<operator>&&|--)
    | (?P<text>.)
    """,
    re.VERBOSE | re.DOTALL,
)

_ANCHORS = {
    # Ruby's `^` does not match after a line end that is the last character.
    "^": r"(?:\A|(?<=\n)(?!\Z))",
    "$": r"(?=\n|\Z)",
}
_ESCAPES = {"z": r"\Z", "Z": r"(?=\n?\Z)", "e": r"\x1b"}
# Ruby's shorthands are ASCII on text, Python's are not. The capital ones are complements written out, so that
# they can stand inside a set as well.
_SHORTHANDS = {
    "h": "0-9a-fA-F",
    "H": r"\x00-/:-@G-`g-\U0010ffff",
    "d": "0-9",
    "D": r"\x00-/:-\U0010ffff",
    "w": "a-zA-Z0-9_",
    "W": r"\x00-/:-@\[-\^`{-\U0010ffff",
    "s": r"\ \t\r\n\f\v",
    "S": r"\x00-\x08\x0e-\x1f!-\U0010ffff",
}
_POSIX = {"digit": r"\d", "space": r"\s", "word": r"\w", "^digit": r"\D", "^space": r"\S", "^word": r"\W"} | {
    "xdigit": _SHORTHANDS["h"],
    "^xdigit": _SHORTHANDS["H"],
}
_COMMON_ESCAPES = frozenset("AbBntrfva0123456789xu")
_REFUSED_ESCAPES = frozenset("pPRXKGgcCM")
_REPLACEMENT_TOKEN = re.compile(
    r"\\(?:(?P<number>\d)|(?P<whole>&)|k<(?P<name>[^>]+)>|(?P<special>[`'+])|(?P<slash>\\))"
)


def conversion(pattern: str, replacement_text: str) -> Conversion:
    """Return the conversion for a pattern and a replacement written for Ruby.

    Raises:
        ValueError: either has no counterpart, or the replacement names a group that the pattern has not.
    """
    compiled = re.compile(translate(pattern))
    template = replacement(replacement_text)
    for number, name in re.findall(r"\\g<(?:(\d+)|([^>]+))>", template.replace("\\\\", "")):
        if (name and name not in compiled.groupindex) or (number and int(number) > compiled.groups):
            raise ValueError(f"The replacement uses the group {name or number}, which the pattern does not have.")
    return Conversion(compiled, template, pattern)


def replacement(text: str) -> str:
    r"""Return the replacement text of Ruby's `gsub` in the form of Python's `re.sub`.

    Group references are `\0` or `\&` (the whole match), `\1` to `\9` and `\k<name>`; `\\` is a backslash, and a
    backslash before anything else stands for itself.

    Raises:
        ValueError: the text before, after, or the last group is asked for (``\` ``, `\'`, `\+`).
    """
    parts: list[str] = []
    end = 0
    for token in _REPLACEMENT_TOKEN.finditer(text):
        parts.append(text[end : token.start()].replace("\\", "\\\\"))
        end = token.end()
        if token["special"]:
            raise _refused(token[0], token.start(), "in a replacement")
        parts.append("\\\\" if token["slash"] else rf"\g<{token['number'] or token['name'] or 0}>")
    return "".join(parts) + text[end:].replace("\\", "\\\\")


def translate(pattern: str) -> str:
    """Return `pattern`, written for Ruby, in the syntax of Python's `re`; it compiles.

    Raises:
        ValueError: something in it has no counterpart, or it is no valid pattern; names the position, from 1.
    """
    tokens = tuple(_TOKEN.finditer(pattern))
    # In Ruby, plain parentheses do not capture where any group has a name.
    plain_group = "(?:" if any(token["name"] or token["name_quoted"] for token in tokens) else "("
    # An option like `(?i)` holds to the end of the group around it: a group opened here and closed there.
    closers = [""]
    written: list[str] = []
    for token in tokens:
        match token.lastgroup:
            case "close" if len(closers) > 1:
                written.append(closers.pop() + ")")
            case "options_end" if token["options_end"] == ")":
                closers[-1] += ")"
                written.append(_options(token))
            case "open":
                closers.append("")
                written.append(plain_group)
            case kind:
                if kind in {"options_end", "name", "name_quoted", "condition", "condition_number", "look"}:
                    closers.append("")
                written.append(_token(token))
    result = "".join(written) + closers[0]
    try:
        re.compile(result)
    except (re.error, OverflowError) as error:
        raise ValueError(f"Not a valid pattern: {error}.") from error
    return result


def _token(token: re.Match[str]) -> str:
    handler = _HANDLERS.get(token.lastgroup or "")
    return handler(token) if handler else token[0]


def _refuse(token: re.Match[str]) -> str:
    raise _refused(token.string[token.start() : token.start() + 3], token.start())


def _refuse_set(token: re.Match[str]) -> str:
    raise ValueError(f"The set that opens at position {token.start() + 1} does not end, or holds another set.")


def _interval(token: re.Match[str]) -> str:
    if token[0].endswith("+") or re.fullmatch(r"\{\d+\}\?", token[0]):
        # Ruby repeats the repetition, Python makes it possessive or lazy.
        raise _refused(token[0], token.start())
    return token[0]


def _escaped(token: re.Match[str]) -> str:
    return _character(token, token.start()) or _escape(token["escape"], token.start())


def _back_reference(token: re.Match[str]) -> str:
    name = token["reference"] or token["reference_quoted"] or ""
    if name.isdigit():
        return rf"(?:\{name})"
    if not name.isidentifier():
        raise _refused(token[0], token.start())
    return f"(?P={name})"


def _options(token: re.Match[str]) -> str:
    letters = token["options"]
    if set(letters) - set("im-"):
        raise _refused(token[0], token.start())
    # Ruby's `m` is Python's `s`; a bare `-` switches nothing off.
    return "(?" + letters.replace("m", "s").rstrip("-") + ":"


def _character(token: re.Match[str], at: int) -> str | None:
    """Return a character written as a number, or None for any other escape."""
    digits = token["code_point"] or token["hex"]
    if digits is None:
        return None
    code = int(digits, 16)
    if code > 0x10FFFF or (token["hex"] and code > 0x7F):  # `\xE3\x81\x82` spells bytes in Ruby, not characters
        raise _refused(token[0], at)
    return f"\\U{code:08x}"


def _escape(letter: str, at: int) -> str:
    if letter in _SHORTHANDS:
        return f"[{_SHORTHANDS[letter]}]"
    return _ESCAPES.get(letter) or _common_escape(letter, at)


def _common_escape(letter: str, at: int) -> str:
    if letter in _REFUSED_ESCAPES:
        raise _refused("\\" + letter, at)
    if letter in _COMMON_ESCAPES:
        return "\\" + letter
    return re.escape(letter)  # an escape without a meaning is the character itself


def _set(token: re.Match[str]) -> str:
    content, at = token["set"], token.start() + 1
    caret = "^" if content.startswith("^") else ""
    written = list(_set_tokens(content[len(caret) :], at + len(caret)))
    return f"[{caret}{''.join(written)}]"


def _set_tokens(content: str, start: int) -> Iterator[str]:
    dash_is_literal = True  # at the start, and beside a shorthand
    for token in _SET_TOKEN.finditer(content):
        at = start + token.start()
        shorthand = _shorthand(token, at)
        if shorthand:
            yield shorthand
        elif token["operator"]:
            raise _refused(token[0], at, "inside a set")
        elif token[0] == "-":
            before_shorthand = re.match(r"\\[hHdDwWsS]|\[:|\Z", content[token.end() :])
            yield r"\-" if dash_is_literal or before_shorthand else "-"
        elif token["text"]:
            yield re.escape(token[0])
        else:
            special = r"\x1b" if token["escape"] == "e" else None
            yield _character(token, at) or special or _common_escape(token["escape"], at)
        dash_is_literal = bool(shorthand)


def _shorthand(token: re.Match[str], at: int) -> str | None:
    if token["posix"]:
        if token["posix"] not in _POSIX:
            raise _refused(token[0], at)
        return _POSIX[token["posix"]]
    return _SHORTHANDS.get(token["escape"] or "")


def _refused(text: str, at: int, where: str = "") -> ValueError:
    place = f" {where}" if where else ""
    return ValueError(f"{text}{place} at position {at + 1} has no counterpart here; write it another way.")


_HANDLERS: Mapping[str, Callable[[re.Match[str]], str]] = {
    "reference": _back_reference,
    "reference_quoted": _back_reference,
    "code_point": _escaped,
    "hex": _escaped,
    "escape": _escaped,
    "set": _set,
    "comment": lambda _: "",
    "name": lambda token: f"(?P<{token['name']}>",
    "name_quoted": lambda token: f"(?P<{token['name_quoted']}>",
    "options_end": _options,
    "condition": lambda token: f"(?({token['condition']})",
    "absence": _refuse,
    "unknown_group": _refuse,
    "open_set": _refuse_set,
    "interval": _interval,
    "anchor": lambda token: _ANCHORS[token[0]],
}
