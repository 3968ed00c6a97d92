"""What is said of the members that groups list and that are none at the service: once a run, with some names."""

from collections.abc import Iterator
from dataclasses import dataclass

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
        listed = _Listed.of(unresolved[outside], image)
        yield Finding(
            rule="member-outside",
            severity=Severity.NOTE,
            message=f"{listed.count} are not among the entries that were read (outside the base or the filters, or "
            f"gone), and were left out: {listed.shown}.",
            remedy="Widen the filters if they should be members; they come in by themselves as soon as they are in "
            "scope.",
            subjects=listed.names,
        )
    if foreign.any():
        listed = _Listed.of(unresolved[foreign], image)
        yield Finding(
            rule="foreign-member",
            severity=Severity.NOTE,
            message=f"{listed.count} are principals of a domain that no directory of this run has (or built-in ones, "
            f"such as Authenticated Users), and were left out: {listed.shown}.",
            remedy="Configure their domain as another directory if these members should be at the service.",
            subjects=listed.names,
        )
    if nested.any():
        listed = _Listed.of(unresolved[nested], image)
        yield Finding(
            rule="nested-group-ignored",
            severity=Severity.NOTE,
            message=f"{listed.count} are groups, and were left out: {listed.shown}.",
            remedy="Write `nesting: flatten` (in `groups` of the directory; in config.yml in `ldap2scim.directory`) if "
            "the members of these groups should count, or `keep` where the service can hold groups in groups.",
            subjects=listed.names,
        )


@dataclass(frozen=True, slots=True)
class _Listed:
    """Members that are left out for one reason."""

    count: str
    """How many, of how many groups."""
    names: tuple[str, ...]
    """Of some."""
    shown: str
    """Those, and how many more there are."""

    @classmethod
    def of(cls, rows: pd.DataFrame, image: ImageReader) -> "_Listed":
        listed = rows.drop_duplicates(["reference", "kind"])
        columns = (listed[name].head(_SHOWN).tolist() for name in ("reference", "kind", "listed_by"))
        names = tuple(_name(image, *row) for row in zip(*columns, strict=True))
        more = f" and {len(listed) - len(names)} more" if len(listed) > len(names) else ""
        return cls(f"{len(listed)} members of {_groups(rows)}", names, f"{'; '.join(names)}{more}")


def _groups(rows: pd.DataFrame) -> str:
    count = rows["group"].nunique()
    return f"{count} group{'' if count == 1 else 's'}"


def _name(image: ImageReader, reference: str, kind: int, listed_by: int) -> str:
    if kind != ReferenceKind.GUID.value:
        return reference
    return image.name_of_guid(listed_by, reference) or f"<GUID={reference}>"
