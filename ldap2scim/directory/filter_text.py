"""The words of a filter's text: attribute descriptions, values and their escapes (RFC 4515 §3). Pure."""

import re

_ATTRIBUTE = re.compile(r"(?:[A-Za-z][A-Za-z0-9_-]*|[0-9]+(?:\.[0-9]+)*)(?:;[A-Za-z0-9-]+)*")
_RULE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*|[0-9]+(?:\.[0-9]+)*")
_PART = re.compile(r"[^()*\\]*")
_HEX_PAIR = re.compile(r"[0-9A-Fa-f]{2}")
_TO_ESCAPE = re.compile(r"[()*\\\0-\x1f\x7f]|[\udc80-\udcff]")


class FilterError(ValueError):
    """A text is no search filter. Its message has the column, counted from 1."""

    def __init__(self, text: str, column: int, expected: str) -> None:
        super().__init__(text, column, expected)
        self.text = text
        self.column = column
        self.expected = expected

    def __str__(self) -> str:
        return f"the filter '{self.text}' cannot be read: at column {self.column}, expected {self.expected}"


def escape(value: str | bytes) -> str:
    """Return `value` as it is written inside a filter, so that nothing in it has a special meaning."""
    text = value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")
    return _TO_ESCAPE.sub(lambda match: f"\\{ord(match.group()) & 0xFF:02x}", text)


def read_attribute(text: str, start: int) -> tuple[str, int]:
    """Return the attribute description at `start` and the position of its operator; "" before `:rule:=`."""
    match = _ATTRIBUTE.match(text, start)
    if match is None:
        if text[start : start + 1] == ":":
            return "", start
        raise FilterError(text, start + 1, 'an attribute name, "&", "|" or "!"')
    end = match.end()
    if text[end : end + 1] in {"=", ":"} or text[end : end + 2] in {">=", "<=", "~="}:
        return match.group(), end
    raise FilterError(text, end + 1, f'"=", ">=", "<=", "~=" or ":=" after the attribute {match.group()}')


def read_extensible(text: str, start: int, attribute: str) -> tuple[bool, str, int]:
    """Read `[:dn][:rule]:=` at `start`; return whether dn stood there, the rule, and where the value begins."""
    position, rule = start, ""
    dn_attributes = text[position : position + 3].lower() == ":dn" and text[position + 3 : position + 4] == ":"
    if dn_attributes:
        position += 3
    if text[position : position + 2] != ":=":
        match = _RULE.match(text, position + 1)
        if match is None:
            raise FilterError(text, position + 2, 'a matching rule or "="')
        rule, position = match.group(), match.end()
    if text[position : position + 2] != ":=":
        raise FilterError(text, position + 1, '":=" before the value')
    if not attribute and not rule:
        raise FilterError(text, start + 1, 'an attribute or a matching rule before ":="')
    return dn_attributes, rule, position + 2


def read_value(text: str, start: int) -> tuple[list[bytes], int]:
    """Return the parts of a value between its `*`, at least one, and where the value ends: at `)` or the end."""
    parts = [bytearray()]
    position = start
    while True:
        match = _PART.match(text, position)
        if match is not None:
            parts[-1] += match.group().encode("utf-8", "surrogateescape")
            position = match.end()
        character = text[position : position + 1]
        if character == "*":
            parts.append(bytearray())
            position += 1
        elif character == "\\":
            pair = _HEX_PAIR.match(text, position + 1)
            if pair is None:
                raise FilterError(text, position + 2, 'two hexadecimal digits after "\\" ("\\" itself is written \\5c)')
            parts[-1] += bytes.fromhex(pair.group())
            position = pair.end()
        elif character == "(":
            raise FilterError(text, position + 1, 'more of the value, or ")" ("(" inside a value is written \\28)')
        else:
            return [bytes(part) for part in parts], position
