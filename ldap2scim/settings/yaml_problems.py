"""Says in an administrator's words what PyYAML found wrong. Pure."""

import re

import yaml

from ldap2scim.settings.nodes import Place
from ldap2scim.settings.problems import Problem

_SECOND_COLON = "mapping values are not allowed"
_NO_COLON = r"could not find expected ':'"
_MEANINGS = (
    (
        r"^(?P<sign>[&*!]) is not taken",
        "begins with `{sign}`; anchors, aliases and tags are not taken. Put a value that begins so in 'quotes'.",
    ),
    (r"nested too deeply", "is nested too deeply to be a setting."),
    (r"found character '\\t'", "has a tab; YAML wants spaces. Replace the tab with spaces."),
    (
        r"expected <block end>",
        (
            "does not fit the lines above it: keys under one parent must begin in one column, with a blank after `:`. "
            "Or a quote further up is not closed."
        ),
    ),
    (
        _SECOND_COLON,
        "has a colon where none may be: the line is indented too far, or its value holds a colon and needs 'quotes'.",
    ),
    (_NO_COLON, "is a key without its colon and a blank behind it, or a text without its quotes."),
    (
        r"expected alphabetic .* while scanning an (anchor|alias)",
        "begins with `&` or `*`, which means something else in YAML; put the value in 'quotes'.",
    ),
    (r"found unexpected end of stream", "begins a quoted text that never ends; close the quote."),
    (
        r"found character '(?P<sign>[^'])' that cannot start any token",
        "begins with `{sign}`, which means something else in YAML; put the value in 'quotes'.",
    ),
    (r"but found another document", "begins a second document (`---`); a settings file has one."),
    (r"expected ',' or '[\]}]'", "is inside a list or block in brackets that is not closed."),
    (r"found unknown escape character", "has a backslash in \"double quotes\"; use 'single quotes' for such a text."),
)
_OUT_OF_STEP = rf"{_NO_COLON}|{_SECOND_COLON}|expected <block end>"
"""What PyYAML says of a line that it cannot take for what it was meant as."""
WIDE_BLANK = "has a full-width or no-break blank, which is a letter to YAML; write ordinary blanks."
_WIDE_BLANK = re.compile(r"^ *[\u00a0\u3000]|[\u00a0\u3000]+$")
_NEARLY_A_KEY = re.compile(r" *([\w.-]+ *(?:\uff1a|:[^\s/]|:[\u00a0\u3000]))")
_SECRET_KEYS = frozenset({"password", "bind_password", "token"})
_QUOTED = re.compile(r"""'[^']{3,}'|"[^"]{3,}\"""")


def explain(error: yaml.MarkedYAMLError, text: str, file: str) -> Problem:
    """Translate a syntax error; the value on the line is not quoted, since it may be a password."""
    problem = error.problem or "is not YAML"
    # Where a colon is missing, the problem's mark is behind the key: on the line below, which is in order.
    mark = error.context_mark if re.search(_NO_COLON, problem) else error.problem_mark or error.context_mark
    place = Place(file, mark.line + 1, mark.column + 1) if mark else None
    if mark and "sequence entries are not allowed" in problem:
        return Problem(place, _array_beside_key(text, mark.line))
    if mark and re.search(_OUT_OF_STEP, problem):
        # A text goes on in the line below it, where a second colon is what PyYAML sees.
        slip = _slip(text, mark.line, file) or (_slip(text, mark.line - 1, file) if _SECOND_COLON in problem else None)
        if slip:
            return slip
    for pattern, meaning in _MEANINGS:
        if found := re.search(pattern, f"{problem} {error.context}"):
            return Problem(place, meaning.format(**found.groupdict()))
    return Problem(place, f"cannot be read as YAML: {_QUOTED.sub('…', problem)}.")


def _slip(text: str, line: int, file: str) -> Problem | None:
    """Find in a line what can hardly be seen."""
    lines = text.splitlines()
    written = lines[line] if 0 <= line < len(lines) else ""
    if found := _WIDE_BLANK.search(written):
        return Problem(Place(file, line + 1, found.start() + 1), WIDE_BLANK)
    if found := _NEARLY_A_KEY.match(written):
        said = "is no key to YAML: behind a key come a `:` of half width and a blank."
        return Problem(Place(file, line + 1, found.start(1) + 1), said)
    return None


def _array_beside_key(text: str, line: int) -> str:
    written = text.splitlines()[line] if line < len(text.splitlines()) else ""
    found = re.match(r"\s*(?:- +)*([\w.-]+)\s*:\s+-\s+(.*)", written)
    if not found:
        return array_advice("key", ())
    return array_advice(found[1], () if found[1] in _SECRET_KEYS else (found[2].strip(),))


def array_advice(key: str, items: tuple[str, ...]) -> str:
    """Say how a list on its key's line is written instead."""
    example = "".join(f"\n      - {item}" for item in items or ("first", "second"))
    return f"the list of `{key}` stands on its key's line; write it on the lines below, such as\n    {key}:{example}"
