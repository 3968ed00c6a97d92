"""Reads passwords and tokens: written out, from the environment, a file, or a Secret block of Prefect. Reads files.

No message of this module holds any part of a secret.
"""

import re
import stat
from pathlib import Path

from ldap2scim.secret import Secret
from ldap2scim.settings.nodes import MappingNode, Node, ScalarNode, describe
from ldap2scim.settings.reading import Field, Section, Unfit
from ldap2scim.settings.values import filled, raw_text, variable

_WHOLE_VARIABLE = re.compile(r"\$(\$)?(\{([A-Za-z_][A-Za-z0-9_]*)\})")
_WAYS = "must be a text, `${NAME}`, `{file: PATH}` or `{prefect_secret: NAME}`."
LARGEST = 64 * 1024
"""Bytes; tokens are a few kilobytes at most."""


def password(field: Field) -> Secret:
    """Return a secret.

    It is `${NAME}` and nothing else (a variable), `{file: PATH}`, `{prefect_secret: NAME}`, or the text itself.
    Inside a longer text the signs `${` mean themselves, since a password may hold anything; `$${NAME}` is the text
    `${NAME}`.
    """
    if isinstance(field.node, MappingNode):
        return Secret(_kept_elsewhere(field, field.node))
    written = _scalar(field)
    found = _WHOLE_VARIABLE.fullmatch(written)
    if found is None or found[1]:
        field.reading.clear_files.add(field.node.place.file)
        if field.node.place.file not in field.reading.secret_places:
            advice = "is written out here; `${NAME}` or `{file: PATH}` keeps it out of the settings file."
            field.reading.note(field.node.place, field.path, advice)
        return Secret(_usable(found[2].join(("$", "")) if found else written))
    secret = Secret(_usable(variable(field.reading.environ, found[3])))
    field.origin = f"environment {found[3]} ({field.origin})"
    return secret


def token(field: Field) -> Secret:
    """Return a bearer token: visible ASCII without blanks (RFC 6750 §2.1)."""
    secret = password(field)
    if not re.fullmatch(r"[\x21-\x7e]+", secret.reveal()):
        raise Unfit("must be one line of visible ASCII characters without blanks; paste the token again.")
    return secret


def read_secret_file(path: Path) -> tuple[str, str | None]:
    """Return the text of a file without its final line end, and a note where everybody may read the file.

    Raises:
        Unfit: the file cannot be read as text.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
            mode = path.stat().st_mode
    except OSError as error:
        raise Unfit(f"names the file {path}, which cannot be read: {error.strerror}.") from error
    if len(data) > LARGEST:
        raise Unfit(f"names the file {path}, which is too large to hold one secret.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unfit(f"names the file {path}, which is not UTF-8.") from None
    return re.sub(r"\r?\n\Z", "", text), exposure(path, mode)


def unreadable(path: Path) -> str | None:
    """Return why a file cannot be opened and read; None where it can."""
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        return error.strerror or "it cannot be opened"
    return None


def exposure(path: Path, mode: int) -> str | None:
    """Return a note where the mode of a file lets everybody read it."""
    if mode & stat.S_IROTH:
        return f"{path}: holds a secret and may be read by everybody on this machine; run `chmod o-r {path}`."
    return None


def _kept_elsewhere(field: Field, node: MappingNode) -> str:
    section = Section(field.reading, field.path, node, node.place)
    file, block = section.get("file"), section.get("prefect_secret")
    if {entry.name for entry in node.entries} <= set(section.known):
        if file is not None and block is None:
            return _from_file(field, file)
        if block is not None and file is None:
            return _from_block(field, block)
    # No key is named: to YAML a password that begins with `{` is a block, and the password its key.
    raise Unfit(f"{_WAYS} A text that begins with `{{` needs 'quotes'.")


def _from_block(field: Field, entry: Node) -> str:
    name = filled(Field(field.reading, field.path, entry, field.origin))
    text = field.reading.secret_blocks(name)
    field.origin = f"Prefect Secret {name} ({field.origin})"
    return _usable(text)


def _from_file(field: Field, entry: Node) -> str:
    path = field.reading.base / Path(filled(Field(field.reading, field.path, entry, field.origin))).expanduser()
    text, note = field.reading.secret_files(path)
    if note:
        field.reading.notes.append(note)
    field.origin = f"file {path} ({field.origin})"
    return _usable(text)


def _scalar(field: Field) -> str:
    if isinstance(field.node, ScalarNode) and not isinstance(field.node.value, bool):
        return raw_text(field.node)
    raise Unfit(f"{_WAYS[:-1]}, not {describe(field.node)}.")


def _usable(text: str) -> str:
    if not text:
        # A simple bind with a name and no password is an anonymous one (RFC 4513 §5.1.2).
        raise Unfit("is empty.")
    if re.search(r"[\x00\r\n]", text):
        raise Unfit("holds a line break; write it on one line.")
    return text
