"""Which tables and columns of the state go into a bundle, and how: what is not named here is left out. Pure.

A table or column that is added to the state later is left out until somebody says here what it holds.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from ldap2scim.bundle.essences import Fingerprints, without_names
from ldap2scim.bundle.pseudonyms import Pseudonyms
from ldap2scim.directory import currency
from ldap2scim.directory.reader import ServerState
from ldap2scim.findings import Finding, Severity
from ldap2scim.state.encoding import pack, pack_findings, unpack_findings
from ldap2scim.state.image_rows import ReferenceKind
from ldap2scim.state.schema import EPOCH

LEFT_OUT_TEXT: Final = "The sentence is left out, since it may hold names; the rule's page in docs/findings.md says it."
_ERROR: Final = re.compile(r"[A-Za-z]+( [0-9]{3})?")
"""Class of an error and status; anything else may hold a name."""
_FLAGS: Final = frozenset({"adoption"})
"""Of `meta`: what changes how a plan is made, and holds no name."""


@dataclass(frozen=True, slots=True, eq=False)
class Replacing:
    """What takes the place of what."""

    pseudonyms: Pseudonyms
    fingerprints: Fingerprints
    mapped_with: Mapping[str, str]
    """Directory, as it was called → digest of its replaced mapping."""


Change = Callable[[Replacing, Any, Mapping[str, Any]], Any]
"""Takes a value that is there, and its row."""


def _keep(_: Replacing, value: Any, row: Mapping[str, Any]) -> Any:  # noqa: ANN401, ARG001 (a column)
    return value


def _name(replacing: Replacing, value: str, row: Mapping[str, Any]) -> str:  # noqa: ARG001 (a column)
    return replacing.pseudonyms.name(value)


def _dn(replacing: Replacing, value: str, row: Mapping[str, Any]) -> str:  # noqa: ARG001 (a column)
    return replacing.pseudonyms.distinguished(value)


def _key(replacing: Replacing, value: str, row: Mapping[str, Any]) -> str:  # noqa: ARG001 (a column)
    return replacing.pseudonyms.key(value)


def _opaque(replacing: Replacing, value: str, row: Mapping[str, Any]) -> str:  # noqa: ARG001 (a column)
    return replacing.pseudonyms.opaque(value)


def _fingerprint(replacing: Replacing, value: str, row: Mapping[str, Any]) -> str:  # noqa: ARG001 (a column)
    return replacing.fingerprints.of(value)


def _essence(replacing: Replacing, value: str, row: Mapping[str, Any]) -> str:  # noqa: ARG001 (a column)
    replaced = without_names(value, replacing.pseudonyms)
    replacing.fingerprints.know(value, replaced)
    return replaced


def _reference(replacing: Replacing, value: str, row: Mapping[str, Any]) -> str:
    listed = row["kind"] == ReferenceKind.DN.value
    return replacing.pseudonyms.distinguished(value) if listed else replacing.pseudonyms.name(value)


def _findings(replacing: Replacing, value: str, row: Mapping[str, Any]) -> str | None:  # noqa: ARG001 (a column)
    return pack_findings(
        Finding(
            one.rule,
            Severity(one.severity),
            LEFT_OUT_TEXT,
            "",
            tuple(replacing.pseudonyms.reference(subject) for subject in one.subjects),
        )
        for one in unpack_findings(value)
    )


def _server_state(replacing: Replacing, value: str, row: Mapping[str, Any]) -> str:  # noqa: ARG001 (a column)
    """Replace the names of servers; the marks, by which one is seen to be behind, stay."""
    state = currency.from_json(value)
    knows = tuple((replacing.pseudonyms.opaque(origin), mark) for origin, mark in state.knows)
    return currency.to_json(ServerState(replacing.pseudonyms.opaque(state.identity), knows))


def _error(_: Replacing, value: str, row: Mapping[str, Any]) -> str | None:  # noqa: ARG001 (a column)
    return value if _ERROR.fullmatch(value) else None


def _mapped_with(replacing: Replacing, value: str, row: Mapping[str, Any]) -> str:
    return replacing.mapped_with.get(row["directory"], value)


def _nothing(_: Replacing, value: Any, row: Mapping[str, Any]) -> None:  # noqa: ANN401, ARG001 (a column)
    return None


def constant(value: Any) -> Change:  # noqa: ANN401 (a column)
    """Return what puts the same value everywhere."""
    return lambda _replacing, _value, _row: value


_EMPTY: Final = b""
TABLES: Final[Mapping[str, Mapping[str, Change]]] = {
    "image_essences": {"id": _keep, "essence": _essence},
    "snapshot_essences": {"id": _keep, "essence": _essence},
    "meta": {"name": _keep, "value": _keep},
    "image": {
        "id": _keep,
        "key": _key,
        "directory": _name,
        "resource_type": _keep,
        "dn": _dn,
        "dn_normalised": _dn,
        "former_dn": _dn,
        "uid": _name,
        "uuid": _name,
        "sid": _name,
        "primary_group": _name,
        "digest": constant(_EMPTY),
        "members_digest": _nothing,
        "changed_in": _keep,
        "mapped_with": _mapped_with,
        "standing": _keep,
        "fingerprint": _fingerprint,
        "external_id": _name,
        "login": _name,
        "email": _name,
        "active": _keep,
        "valid_until": _nothing,  # the mapping is not done again, and by the clock nothing else changes
        "held_since": _keep,
        "findings": _findings,
    },
    "image_entries": {"id": _keep, "entry": constant(pack({}))},
    "image_members": {"group_id": _keep, "kind": _keep, "reference": _reference, "name": _nothing},
    "snapshot": {
        "id": _keep,
        "key": _key,
        "resource_type": _keep,
        "service_id": _name,
        "external_id": _name,
        "login": _name,
        "fingerprint": _fingerprint,
        "version": _opaque,
        "status": _keep,
        "managed_since": _keep,
    },
    "memberships": {"group_id": _keep, "member_id": _keep},
    "journal": {
        "op_no": _keep,
        "run_id": _opaque,
        "plan_id": _opaque,
        "key": _key,
        "verb": _keep,
        "resource_type": _keep,
        "removal": _keep,
        "service_id": _name,
        "external_id": _name,
        "login": _name,
        "fingerprint": _fingerprint,
        "replaces": _key,
        "started_at": _keep,
        "outcome": _keep,
        "finished_at": _keep,
        "error": _error,
    },
    "runs": {
        "run_id": _opaque,
        "mode": _keep,
        "settings_digest": _opaque,
        "started_at": _keep,
        "finished_at": _keep,
        "plan_id": _opaque,
        "result": _keep,
    },
    "reads": {
        "read_no": _keep,
        "resource_type": _keep,
        "directory": _name,
        "entries": _keep,
        "server": _opaque,
        "server_state": _server_state,
        "full": _keep,
        "transferred": _keep,
        "finished_at": _keep,
        "believed": _keep,
    },
    "findings": {"run_id": _opaque, "number": _keep, "finding": _findings},
    "plans": {"plan_id": _opaque, "run_id": _opaque, "evaluated_at": _keep, "summary": constant("{}")},
    "held_operations": {
        "plan_id": _opaque,
        "number": _keep,
        "key": _key,
        "verb": _keep,
        "inputs_desired": _fingerprint,
        "inputs_known": _fingerprint,
        "approved_at": _keep,
        "used_at": _keep,
    },
    "kept_ids": {
        "key": _key,
        "external_id": _name,
        "linking_id": _name,
        "login": _name,
        "decided_at": _keep,
        "decided_by": _name,
    },
    "departed": {"key": _key, "dn": _dn, "dn_normalised": _dn, "at": _keep},
    "held_since": {"key": _key, "verb": _keep, "since": _keep},
}
"""By table, in the order in which they are replaced: essences first, since others hold their fingerprints."""


def replaced(table: str, row: Mapping[str, Any], replacing: Replacing) -> dict[str, Any] | None:
    """Return a row without names; None where the whole row is left out."""
    if table == "meta" and row["name"] not in _FLAGS:
        return None
    return {
        name: None if row[name] is None else change(replacing, row[name], row)
        for name, change in TABLES[table].items()
        if name in row
    }


def to_line(row: Mapping[str, Any]) -> bytes:
    """Return a row as a line of JSON."""
    return orjson.dumps(row, default=_plain) + b"\n"


def _plain(value: Any) -> str:  # noqa: ANN401 (what a database gives)
    if isinstance(value, bytes):
        return value.decode()  # of ours: empty, or the packed form of nothing
    raise TypeError(f"{type(value).__name__} in a table (times begin at {EPOCH:%Y})")
