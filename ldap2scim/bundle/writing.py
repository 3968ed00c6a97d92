"""Writing a bundle: the state as of one moment is decided upon, and then told without names. Nothing else changes."""

import platform
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import orjson
from sqlalchemy import Table, select

from ldap2scim import __version__
from ldap2scim.bundle.archive import FACTS, FORMAT, README, SETTINGS, Writer, table_member, writing
from ldap2scim.bundle.columns import TABLES, Replacing, replaced, to_line
from ldap2scim.bundle.essences import Fingerprints
from ldap2scim.bundle.pseudonyms import Pseudonyms
from ldap2scim.bundle.readme import left_out, readme
from ldap2scim.bundle.settings_json import from_plain, rules_left_out, to_plain
from ldap2scim.bundle.shape import shape_of
from ldap2scim.run.access import token_facts
from ldap2scim.run.context import Run
from ldap2scim.run.frozen import frozen_decision, frozen_run
from ldap2scim.settings import Settings, mapping_digest
from ldap2scim.state.schema import SCHEMA_VERSION, metadata

_ROWS = 2_000
"""Of a table in one piece."""


@dataclass(frozen=True, slots=True)
class Written:
    """A bundle that was written."""

    place: Path
    rows: Mapping[str, int]
    """By table."""
    plan_id: str
    """The beginning of the id of the plan that it is about; empty where a finding forbids to decide."""


def write_bundle(settings: Settings, place: Path, key: bytes, now: datetime | None = None) -> Written:
    """Write what the state says, and the plan depends on, without a name in it.

    Args:
        settings: of the administrator.
        place: the file.
        key: secret; the same one gives the same pseudonyms.
        now: the time of evaluation; None: the present.

    Raises:
        StateError: there is no state yet, or it cannot be read.
        DataError: the file cannot be written.
    """
    pseudonyms = Pseudonyms(key)
    with frozen_run(settings, now) as run, writing(place) as archive:
        frozen = frozen_decision(run)
        plan = frozen.decision.plan if frozen.decision is not None else None
        plain = to_plain(settings, pseudonyms, token_facts(settings).expires)
        facts = {
            "format": FORMAT,
            "program": __version__,
            "python": platform.python_version(),
            "schema_version": SCHEMA_VERSION,
            "evaluated_at": run.now.isoformat(),
            "plan_id": plan.plan_id[:8] if plan is not None else "",
            "shape": shape_of(plan, run.findings),
            "left_out": left_out(),
        }
        archive.add(README, readme(facts, _conversions(settings), rules_left_out(settings)).encode())
        archive.add(FACTS, orjson.dumps(facts, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
        archive.add(SETTINGS, orjson.dumps(plain, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
        replacing = Replacing(pseudonyms, Fingerprints(pseudonyms), _mapped_with(settings, plain))
        rows = _add_tables(run, replacing, archive)
        return Written(place, rows, str(facts["plan_id"]))


def _add_tables(run: Run, replacing: Replacing, archive: Writer) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    with ExitStack() as opened:
        files: dict[str, IO[bytes]] = {}
        for name in TABLES:
            # Small ones never touch the disk; nothing in them is a name anyway.
            file = files[name] = opened.enter_context(tempfile.SpooledTemporaryFile(max_size=1 << 20))
            counts[name] = 0
            for line in _lines(run, metadata.tables[name], replacing):
                file.write(line)
                counts[name] += 1
        for table in metadata.sorted_tables:
            if table.name in files:
                archive.add_file(table_member(table.name), files[table.name])
    return counts


def _lines(run: Run, table: Table, replacing: Replacing) -> Iterator[bytes]:
    columns = [table.c[name] for name in table.c.keys()]  # noqa: SIM118 (a collection of columns)
    query = select(*columns).order_by(*table.primary_key.columns)
    with run.store.read() as connection:
        for rows in connection.execution_options(yield_per=_ROWS).execute(query).mappings().partitions():
            for row in rows:
                told = replaced(table.name, dict(row), replacing)
                if told is not None:
                    yield to_line(told)


def _mapped_with(settings: Settings, plain: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the digests that the mappings have once they are read back, so that nothing seems to have changed."""
    read_back = from_plain(plain, Path("state"))
    names = zip(settings.directories, read_back.directories, strict=True)
    return {one.settings.name: mapping_digest(read_back, other.settings.name) for one, other in names}


def _conversions(settings: Settings) -> int:
    mappings = [
        one for directory in settings.directories for one in (directory.mappings.user, directory.mappings.group)
    ]
    rules = [rule for mapping in mappings for rule in mapping.single.values()]
    items = [item for mapping in mappings for slot in mapping.multi.values() for item in slot]
    rules += [rule for item in items for rule in item.sub_attributes.values()]
    return sum(len(rule.conversions) for rule in rules)
