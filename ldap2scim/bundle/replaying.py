"""Replaying a bundle: the plan is made anew from its file alone. No directory and no service is asked."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any

import orjson
from sqlalchemy import LargeBinary, Table, insert

from ldap2scim.bundle.archive import FACTS, FORMAT, SETTINGS, members, table_member
from ldap2scim.bundle.columns import TABLES
from ldap2scim.bundle.settings_json import from_plain
from ldap2scim.bundle.shape import shape_of
from ldap2scim.errors import DataError
from ldap2scim.findings import Finding
from ldap2scim.planning.plan import Plan
from ldap2scim.run.frozen import frozen_decision, run_on
from ldap2scim.state.schema import SCHEMA_VERSION, Instant, metadata
from ldap2scim.state.store import Store, open_store

_ROWS = 2_000
_REMEDY = "Replay it with the version of ldap2scim that wrote it: bundle.json says which one that was."


@dataclass(frozen=True, slots=True)
class Replayed:
    """The plan that follows from a bundle."""

    plan: Plan | None
    """None: a finding forbids to decide anything."""
    findings: tuple[Finding, ...]
    facts: Mapping[str, Any]
    """What the bundle says of itself."""
    differences: tuple[str, ...]
    """Where the plan is not what was decided when the bundle was written."""


def replay(place: Path) -> Replayed:
    """Make the plan of a bundle.

    Raises:
        DataError: the file is no bundle, or of another version.
    """
    with tempfile.TemporaryDirectory(prefix="ldap2scim-") as folder:
        state = Path(folder) / "state.sqlite"
        try:
            facts, plain = _unpack(place, state)
            settings = from_plain(plain, state)
            evaluated_at = datetime.fromisoformat(facts["evaluated_at"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"{place} cannot be understood: {type(error).__name__}.", _REMEDY) from error
        with run_on(settings, state, evaluated_at) as run:
            frozen = frozen_decision(run)
            plan = frozen.decision.plan if frozen.decision is not None else None
            found = tuple(dict.fromkeys(run.findings))
    return Replayed(plan, found, facts, tuple(_differences(facts["shape"], shape_of(plan, found))))


def _unpack(place: Path, state: Path) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Read settings and facts, and make the state."""
    tables = {table_member(name): metadata.tables[name] for name in TABLES}
    documents: dict[str, Any] = {}
    with open_store(state) as store:
        for name, content in members(place):
            if name in {FACTS, SETTINGS}:
                documents[name] = orjson.loads(content.read())
                _check(documents, place)
            elif name in tables:
                _fill(store, tables[name], content)
    if documents.keys() != {FACTS, SETTINGS}:
        raise DataError(f"{place} is no whole bundle of ldap2scim.", "Have it written again.")
    return documents[FACTS], documents[SETTINGS]


def _check(documents: Mapping[str, Any], place: Path) -> None:
    facts = documents.get(FACTS)
    if facts is not None and (facts["format"], facts["schema_version"]) != (FORMAT, SCHEMA_VERSION):
        raise DataError(f"{place} was written by version {facts['program']}, whose state is another one.", _REMEDY)


def _fill(store: Store, table: Table, content: IO[bytes]) -> None:
    rows = (_row(table, orjson.loads(line)) for line in content)
    while piece := list(islice(rows, _ROWS)):
        with store.write() as connection:
            connection.execute(insert(table), piece)


def _row(table: Table, plain: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(table, name, value) for name, value in plain.items() if name in table.c}


def _value(table: Table, name: str, value: Any) -> Any:  # noqa: ANN401 (a column)
    if value is None:
        return None
    match table.c[name].type:
        case Instant():
            return datetime.fromisoformat(value)
        case LargeBinary():
            return value.encode()
        case _:
            return value


def _differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for part in sorted({*then, *now}):
        before, after = then.get(part), now.get(part)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _counts(part, before, after)
        elif before != after:
            yield f"{part}: {before} then, {after} now"


def _counts(part: str, before: Mapping[str, int], after: Mapping[str, int]) -> Iterable[str]:
    for name in sorted({*before, *after}):
        if before.get(name, 0) != after.get(name, 0):
            yield f"{part}: {before.get(name, 0)} × {name} then, {after.get(name, 0)} now"
