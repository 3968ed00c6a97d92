"""The narrow frames that are compared: one row a resource, text columns alone, no nulls. Pure.

pandas holds NaN for missing text and NaN differs from NaN, so an absent externalId or version is the sentinel
`ABSENT`: NUL, which is nothing to a directory that compares text (RFC 4518 §2.2), and so identifies nobody.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum

import pandas as pd

from ldap2scim.errors import DataError

ABSENT = "\0"
"""Stands for a value that is not there; never equal to the empty string."""
TEXT = pd.StringDtype("pyarrow", na_value=float("nan"))
"""The `str` of pandas 3 on Arrow: a third of the memory of Python strings."""
DESIRED_COLUMNS = ("key", "fingerprint", "external_id", "login", "dn")
KNOWN_COLUMNS = ("key", "fingerprint", "external_id", "login", "service_id", "version", "status")


class Status(StrEnum):
    """How a resource of the service stands to us."""

    MANAGED = "managed"
    """Created or adopted by us, and recorded so."""
    LEFT = "left"
    """Was ours; deactivated or pending deletion, kept so that it can be restored."""
    FOUND = "found"
    """In the service, not managed yet; its row has the key of the desired entry with the same externalId."""


def text_array(values: Iterable[str | None]) -> pd.api.extensions.ExtensionArray:
    """Return a text column; None becomes `ABSENT`."""
    return pd.array([ABSENT if value is None else value for value in values], dtype=TEXT)


def desired_frame(
    *,
    key: Sequence[str],
    fingerprint: Sequence[str],
    external_id: Sequence[str | None],
    login: Sequence[str],
    dn: Sequence[str],
) -> pd.DataFrame:
    """Build the frame of desired resources of one type; `login` is userName or a group's displayName.

    Raises:
        DataError: two rows have one key.
    """
    columns = {"key": key, "fingerprint": fingerprint, "external_id": external_id, "login": login, "dn": dn}
    return checked_desired(pd.DataFrame({name: text_array(values) for name, values in columns.items()}))


def known_frame(  # noqa: PLR0913 - one argument a column
    *,
    key: Sequence[str],
    fingerprint: Sequence[str],
    external_id: Sequence[str | None],
    login: Sequence[str],
    service_id: Sequence[str],
    version: Sequence[str | None],
    status: Sequence[Status],
) -> pd.DataFrame:
    """Build the frame of what the service is known to have, of one type.

    Raises:
        DataError: two rows have one key.
    """
    columns: dict[str, Sequence[str | None]] = {
        "key": key,
        "fingerprint": fingerprint,
        "external_id": external_id,
        "login": login,
        "service_id": service_id,
        "version": version,
        "status": status,
    }
    return checked_known(pd.DataFrame({name: text_array(values) for name, values in columns.items()}))


def empty_desired() -> pd.DataFrame:
    """Return a desired frame without rows."""
    return desired_frame(key=(), fingerprint=(), external_id=(), login=(), dn=())


def empty_known() -> pd.DataFrame:
    """Return a known frame without rows."""
    return known_frame(key=(), fingerprint=(), external_id=(), login=(), service_id=(), version=(), status=())


def checked_desired(frame: pd.DataFrame) -> pd.DataFrame:
    """Return `frame` when it has the shape of a desired frame.

    Raises:
        DataError: two rows have one key.
        ValueError: wrong columns, another type than `TEXT`, or nulls (a mistake of the program).
    """
    return _checked(frame, DESIRED_COLUMNS)


def checked_known(frame: pd.DataFrame) -> pd.DataFrame:
    """Return `frame` when it has the shape of a known frame.

    Raises:
        DataError: two rows have one key.
        ValueError: wrong columns, another type than `TEXT`, nulls or an unknown status (a mistake of the program).
    """
    _checked(frame, KNOWN_COLUMNS)
    strange = set(frame["status"].unique()) - set(Status)
    if strange:
        raise ValueError(f"unknown status in a known frame: {sorted(strange)}")
    return frame


def _checked(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    if tuple(frame.columns) != columns:
        raise ValueError(f"a frame with the columns {tuple(frame.columns)} where {columns} are wanted")
    for name in columns:
        if frame[name].dtype != TEXT:
            raise ValueError(f"column {name} is {frame[name].dtype}, not text on Arrow")
        if frame[name].hasnans:
            raise ValueError(f"column {name} has nulls; an absent value is ABSENT")
    twice = frame["key"].duplicated()
    if twice.any():
        names = sorted(frame["key"][twice].unique())
        raise DataError(
            f"{len(names)} entries have a source anchor that another entry has too: {', '.join(names[:5])}",
            "Choose a source anchor that is unique in the directory, and never reused.",
        )
    return frame


def optional(value: str) -> str | None:
    """Return a value of a frame, None where it is absent."""
    return None if value == ABSENT else value
