"""States that are to be believed, or not."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import pandas as pd

from ldap2scim.findings import Finding
from ldap2scim.model import ResourceType
from ldap2scim.planning.frames import text_array
from ldap2scim.planning.policy import SafetyPolicy
from ldap2scim.state.image_rows import Duplicate
from validations.state import ReadFact, StateFacts, Verdict, check_state

NOW = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
USER, GROUP = ResourceType.USER, ResourceType.GROUP
COLUMNS = ("key", "login", "external_id", "email")
Row = tuple[str, str | None, str | None]
"""Key, login or name, externalId. The DN is made of the key."""


def frame(rows: Iterable[Row], emails: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Return a desired frame as the state store gives it."""
    listed = list(rows)
    return pd.DataFrame(
        {
            "key": text_array(key for key, _, _ in listed),
            "fingerprint": text_array("f" for _ in listed),
            "external_id": text_array(external for _, _, external in listed),
            "login": text_array(login for _, login, _ in listed),
            "dn": text_array(dn_of(key) for key, _, _ in listed),
            "email": text_array((emails or {}).get(key) for key, _, _ in listed),
            "active": pd.array([True] * len(listed), dtype="boolean"),
        }
    )


def dn_of(key: str) -> str:
    """Return the DN of a key's entry."""
    return f"cn={key.partition(':')[2]},dc=example"


def read(kind: ResourceType, entries: int, before: int | None = None, ldap_filter: str = "") -> ReadFact:
    """Return what one read of the directory `ad` gave."""
    return ReadFact("ad", kind, entries, before, "ldap.example", ldap_filter)


def verdict(
    users: Iterable[Row] = (),
    groups: Iterable[Row] = (),
    *,
    reads: tuple[ReadFact, ...] = (),
    anchors: tuple[Duplicate, ...] = (),
    keyless_since: Mapping[tuple[str, ResourceType], datetime] | None = None,
) -> Verdict:
    """Check a state under the default policy."""
    facts = StateFacts(frame(users), frame(groups), reads, anchors, keyless_since or {}, NOW)
    return check_state(facts, SafetyPolicy())


def rules(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    """Return rule and severity of each finding."""
    return [(one.rule, one.severity.value) for one in findings]
