"""Reads where the state is kept: `state: FILE`, `state: URL`, or a block. No I/O."""

from pathlib import Path

from ldap2scim.secret import Secret
from ldap2scim.settings.nodes import ScalarNode
from ldap2scim.settings.reading import Field, Section, Unfit
from ldap2scim.settings.secret_values import password
from ldap2scim.settings.values import filled, path
from ldap2scim.state.location import Location, StateDatabase, StateFile, database_at, is_database_url

STATE_FILE = Path("state/ldap2scim.db")
"""Where the state lives unless written otherwise, below the folder of the settings file."""


def read_state(parent: Section) -> Location:
    """Return where the state is: `state: FILE`, `state: URL`, `state: {path: FILE}`, `state: {url: …, password: …}`."""
    usual = StateFile(parent.reading.base / STATE_FILE)
    if isinstance(parent.get("state"), ScalarNode):
        return parent.take("state", _location, usual)
    section = parent.section("state")
    if section.get("url") is None:
        found = StateFile(section.take("path", path, usual.path))
        if section.get("password") is not None:
            section.problem("password", "has no meaning without `url`: a file needs none.")
        section.finish()
        return found
    return _database(section, usual)


def _database(section: Section, usual: StateFile) -> Location:
    if section.get("path") is not None:
        section.problem("path", "is written beside `url`; the state is in one place: keep one of them.")
    stand_in = StateDatabase("")
    found = section.take("url", _url, stand_in)
    secret: Secret | None = section.take("password", password, None)
    section.finish()
    if found is stand_in:
        return usual
    return StateDatabase(found.url, secret or found.password)


def _location(field: Field) -> Location:
    if is_database_url(filled(field)):
        return _url(field)
    if "://" in filled(field):
        raise Unfit("is a URL of another kind; write a path, or postgresql://USER@HOST/DATABASE.")
    return StateFile(path(field))


def _url(field: Field) -> StateDatabase:
    text = filled(field)
    if not is_database_url(text):
        raise Unfit("must be a URL such as postgresql://USER@HOST/DATABASE.")
    try:
        found = database_at(text)
    except ValueError as error:
        raise Unfit(str(error)) from None
    if found.password is not None and not field.origin.startswith("environment"):
        field.reading.clear_files.add(field.node.place.file)
        advice = "holds a password that is written out; `password: ${NAME}` or ~/.pgpass keeps it out of this file."
        field.reading.note(field.node.place, field.path, advice)
    return found
