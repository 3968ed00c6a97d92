"""E-mail addresses of people: shared ones, and those that are missing where the service writes to them. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from ldap2scim.findings import Finding, Severity
from ldap2scim.model import Key
from ldap2scim.planning.frames import ABSENT
from validations.duplicates import fold_all, listed


@dataclass(frozen=True, slots=True)
class Addresses:
    """What was found of addresses, and who is held for it."""

    findings: tuple[Finding, ...]
    holds: frozenset[Key]


def check_addresses(users: pd.DataFrame, *, unique: bool, needed: bool) -> Addresses:
    """Check the e-mail addresses of a desired frame.

    Args:
        users: columns key, dn, email, active; an absent address is `ABSENT`.
        unique: the service refuses an address that somebody has already; else sharing one is noted.
        needed: the service writes to its users, and who has no address cannot begin.
    """
    email = users["email"]
    shared = _shared(users[email != ABSENT])
    findings = [*_about_shared(shared, unique=unique)]
    if needed:
        findings += _about_missing(users[(email == ABSENT) & users["active"].fillna(value=True)])
    return Addresses(tuple(findings), frozenset(map(Key, shared["key"])) if unique else frozenset())


def _shared(present: pd.DataFrame) -> pd.DataFrame:
    compared = fold_all(present["email"])
    if compared.is_unique:
        return present.iloc[:0]
    return present[compared.duplicated(keep=False)]


def _about_shared(shared: pd.DataFrame, *, unique: bool) -> Iterable[Finding]:
    if not len(shared):
        return
    names = tuple(sorted(shared["dn"].tolist()))
    what = f"{len(names)} people share an e-mail address with somebody else"
    if unique:
        yield Finding(
            rule="duplicate-email",
            severity=Severity.HOLD,
            message=f"{what}, which the service refuses, and are left alone: {listed(names)}.",
            remedy="Give each person an address of their own in the directory, or map `emails` from another attribute.",
            subjects=names,
        )
    else:
        yield Finding(
            rule="duplicate-email",
            severity=Severity.NOTE,
            message=f"{what}: {listed(names)}.",
            remedy="Correct the directory where that is not meant. If the service refuses it, write "
            "`unique_email: true` into `service.assume`.",
            subjects=names,
        )


def _about_missing(missing: pd.DataFrame) -> Iterable[Finding]:
    if len(missing):
        names = tuple(sorted(missing["dn"].tolist()))
        yield Finding(
            rule="no-notification-address",
            severity=Severity.NOTE,
            message=f"{len(names)} people have no e-mail address, and the service sends the first password to it: "
            f"{listed(names)}.",
            remedy="Give them a value in the attribute that `emails` is mapped from, or hand the first password over "
            "in another way.",
            subjects=names,
        )
