"""A bundle as a file: a compressed archive of JSON, written and read without unpacking anything to a place it names."""

import gzip
import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ldap2scim.errors import DataError

FORMAT = 1
README, FACTS, SETTINGS = "README.txt", "bundle.json", "settings.json"
_MOST_BYTES = 8 << 30
"""A member that says it is larger is not ours."""


def table_member(table: str) -> str:
    """Return the name of the member that holds a table."""
    return f"tables/{table}.jsonl"


class Writer:
    """An archive being written; the same content gives the same bytes."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive

    def add(self, name: str, content: bytes) -> None:
        """Add a small member."""
        self._add(name, len(content), io.BytesIO(content))

    def add_file(self, name: str, content: IO[bytes]) -> None:
        """Add a member from a file that stands at its end."""
        size = content.tell()
        content.seek(0)
        self._add(name, size, content)

    def _add(self, name: str, size: int, content: IO[bytes]) -> None:
        member = tarfile.TarInfo(name)  # neither owner nor time of anything
        member.size = size
        member.mode = 0o600
        self._archive.addfile(member, content)


@contextmanager
def writing(place: Path) -> Iterator[Writer]:
    """Write an archive that its owner alone may read; after an error there is none.

    Raises:
        DataError: the file cannot be written.
    """
    unfinished = place.with_name(f"{place.name}.unfinished")
    try:
        unfinished.touch(mode=0o600)
        with (
            unfinished.open("wb") as file,
            gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w|") as archive,
        ):
            yield Writer(archive)
        unfinished.replace(place)
    except OSError as error:
        raise DataError(f"{place} cannot be written: {error.strerror}.", "Choose another file.") from error
    finally:
        unfinished.unlink(missing_ok=True)


def members(place: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the members of an archive by name, in their order; each can be read until the next is asked for.

    Raises:
        DataError: the file is no bundle.
    """
    try:
        with tarfile.open(place, mode="r|gz") as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is None or member.size > _MOST_BYTES:
                    raise DataError(f"{place} is no bundle of ldap2scim: {member.name} is no plain file.", _REMEDY)
                yield member.name, content
    except (tarfile.TarError, OSError, EOFError) as error:
        raise DataError(f"{place} cannot be read as a bundle: {error}.", _REMEDY) from error


_REMEDY = "Give the file that `ldap2scim bundle` wrote."
