"""Files that are asked for: looked at before anything is begun, so that no run is in vain and no file is lost."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from ldap2scim.errors import Ldap2ScimError


def need_new_files(places: Iterable[Path]) -> None:
    """Refuse names under which nothing new can be written; all of them at once.

    Raises:
        Ldap2ScimError: a file of that name exists, is named twice, or its folder is missing or not writable.
    """
    problems = tuple(_problems(tuple(places)))
    if problems:
        raise Ldap2ScimError("\n".join(problems), "Name another file, or see to this one first; nothing was begun.")


def _problems(places: tuple[Path, ...]) -> Iterator[str]:
    for place in dict.fromkeys(places):
        if places.count(place) > 1:
            yield f"{place} is named twice."
        elif os.path.lexists(place):
            yield f"{place} exists already, and is not overwritten."
        elif not os.path.isdir(place.parent):  # noqa: PTH112 - `Path.is_dir` raises where a folder may not be entered
            yield f"{place} cannot be written: there is no folder {place.parent}."
        elif (why := _unwritable(place.parent)) is not None:
            yield f"{place} cannot be written into the folder {place.parent}: {why}."


def _unwritable(folder: Path) -> str | None:
    """Return why no file can be made in a folder; a nameless one is tried, since rights do not tell all."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        return error.strerror or "it cannot be made"
