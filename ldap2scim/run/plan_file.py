"""Plan files: written whole or not at all, readable by their owner alone, since they hold people's data."""

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ldap2scim.errors import PlanError
from ldap2scim.planning.plan import Plan, from_json, json_chunks


def write_plan(plan: Plan, place: Path) -> None:
    """Write a plan as canonical JSON: the same plan gives the same bytes.

    Raises:
        PlanError: the file cannot be written; one that was there is as it was.
    """
    write_whole(place, json_chunks(plan))


def read_plan(place: Path) -> Plan:
    """Read a plan file.

    Raises:
        PlanError: it cannot be read, is no plan, or was changed since it was written.
    """
    try:
        text = place.read_bytes()
    except OSError as error:
        raise PlanError(
            f"The plan file {place} cannot be read: {error.strerror}.", "Name the file that `plan --out` wrote."
        ) from error
    return from_json(text)


def write_whole(place: Path, pieces: Iterable[bytes]) -> None:
    """Write a file of mode 0600 beside its place and move it there: nobody ever sees a part of it.

    Raises:
        PlanError: the file cannot be written; one that was there is as it was.
    """
    try:
        # `mkstemp` makes a file that its owner alone can read.
        number, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
    except OSError as error:
        raise _unwritable(place, error) from error
    try:
        with os.fdopen(number, "wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(place)
    except OSError as error:
        raise _unwritable(place, error) from error
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()


def _unwritable(place: Path, error: OSError) -> PlanError:
    return PlanError(
        f"{place} cannot be written: {error.strerror}.",
        "Name a file in a folder that exists and that you may write to.",
    )
