"""What is said of the members that groups list and that are none at the service: once a run, with some names."""

from collections.abc import Iterator

import pandas as pd

from ldap2scim.findings import Finding, Severity
from ldap2scim.state.desired import ImageReader
from ldap2scim.state.image_rows import ReferenceKind, Standing
from ldap2scim.state.references import NESTED, UNKNOWN, References

_SHOWN = 5


def member_notes(references: References, image: ImageReader) -> Iterator[Finding]:
    """Yield one note for each reason for which listed members are left out."""
    unresolved = references.unresolved
    nested = unresolved["reason"] == NESTED
    foreign = (unresolved["reason"] == UNKNOWN) & (unresolved["kind"] == ReferenceKind.SID.value)
    outside = unresolved["reason"].isin([UNKNOWN, Standing.OUT_OF_SCOPE.value]) & ~foreign
    if outside.any():
        yield _note(
            "member-outside",
            "members of {groups} are not among the entries that were read (outside the base or the filters, or gone), "
            "and were left out",
            "Widen the filters if they should be members; they come in by themselves as soon as they are in scope.",
            unresolved[outside],
            image,
        )
    if foreign.any():
        yield _note(
            "foreign-member",
            "members of {groups} are principals of a domain that no directory of this run has (or built-in ones, such "
            "as Authenticated Users), and were left out",
            "Configure their domain as another directory if these members should be at the service.",
            unresolved[foreign],
            image,
        )
    if nested.any():
        yield _note(
            "nested-group-ignored",
            "members of {groups} are groups, and were left out",
            "Write `nesting: flatten` for the directory if the members of these groups should count, or `nesting: "
            "keep` where the service can hold groups in groups.",
            unresolved[nested],
            image,
        )


def _note(rule: str, what: str, remedy: str, rows: pd.DataFrame, image: ImageReader) -> Finding:
    listed = rows.drop_duplicates(["reference", "kind"])
    shown = listed.head(_SHOWN)
    columns = (shown[name].tolist() for name in ("reference", "kind", "listed_by"))
    names = tuple(_name(image, *row) for row in zip(*columns, strict=True))
    more = f" and {len(listed) - len(names)} more" if len(listed) > len(names) else ""
    message = f"{len(listed)} {what.format(groups=_groups(rows))}: {'; '.join(names)}{more}."
    return Finding(rule=rule, severity=Severity.NOTE, message=message, remedy=remedy, subjects=names)


def _groups(rows: pd.DataFrame) -> str:
    count = rows["group"].nunique()
    return f"{count} group{'' if count == 1 else 's'}"


def _name(image: ImageReader, reference: str, kind: int, listed_by: int) -> str:
    if kind != ReferenceKind.GUID.value:
        return reference
    return image.name_of_guid(listed_by, reference) or f"<GUID={reference}>"
