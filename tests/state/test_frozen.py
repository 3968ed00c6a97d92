"""A look at a copy of the state: the same as of one moment, and what is done to it is not done to the state."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from ldap2scim.errors import StateError
from ldap2scim.run.frozen import frozen_decision, frozen_run
from ldap2scim.settings import Settings, load
from ldap2scim.state.lease import Lease
from ldap2scim.state.location import StateFile, database_at, is_database_url
from ldap2scim.state.schema import SCHEMA_VERSION, image, meta, metadata
from ldap2scim.state.schema import lease as leases
from ldap2scim.state.store import Store
from ldap2scim.state.versions import OLDEST
from tests.state.conftest import POSTGRESQL
from tests.state.worlds import CORP, MONDAY, group, map_all, person, read

WRITTEN = f"""
directories: {{{CORP}: {{kind: openldap, addresses: [127.0.0.1], encryption: none, base_dn: "dc=example,dc=com"}}}}
service: {{base_url: "http://127.0.0.1:1/v2"}}
"""


@pytest.fixture
def settings(tmp_path: Path, place: str) -> Settings:
    """Settings whose state is the store of the test."""
    file = tmp_path / "ldap2scim.yml"
    file.write_text(WRITTEN)
    location = database_at(place) if is_database_url(place) else StateFile(Path(place))
    return replace(load(file, os.environ), state=location)


def rows(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Return everything that a store holds, but for who holds its lease."""
    with store.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in metadata.sorted_tables
            if table is not leases
        }


def test_a_copy_is_the_state_and_the_state_stays(store: Store, lease: Lease, settings: Settings) -> None:
    """While a run holds its lease the whole state is copied; what is done to the copy is not done to the state."""
    read(lease, [person("a"), person("b")], [group("g", ["a", "b"])])
    map_all(lease)
    before = rows(store)
    with frozen_run(settings, MONDAY) as run:
        assert rows(run.store) == before
        with run.lease.write() as connection:
            connection.execute(delete(image))
    assert rows(store) == before
    lease.renew()


def test_what_is_pending_is_mapped_in_the_copy_alone(store: Store, lease: Lease, settings: Settings) -> None:
    """A plan is made of entries that no run has mapped yet, and they stay unmapped."""
    read(lease, [person("a"), person("b")], [group("g", ["a"])])
    before = rows(store)
    with frozen_run(settings, MONDAY) as run:
        frozen = frozen_decision(run)
    # Of these entries nothing but uid and title was read, so that all lack what must be there.
    assert frozen.decision is not None
    assert sum(frozen.believed.held_by_mapping.values()) == 3
    assert rows(store) == before


@pytest.mark.parametrize("place", [POSTGRESQL], indirect=True)
def test_a_look_upgrades_no_shared_state(store: Store, settings: Settings) -> None:
    """A database of an older version is refused, with what upgrades it, and stays of its version."""
    version = meta.c.name == "schema_version"
    try:
        with store.write() as connection:
            connection.execute(update(meta).where(version).values(value=str(OLDEST)))
        with pytest.raises(StateError, match="upgrades nothing") as refused, frozen_run(settings):
            pass
        assert "`ldap2scim plan` upgrades it" in refused.value.remedy
        with store.read() as connection:
            assert connection.scalar(select(meta.c.value).where(version)) == str(OLDEST)
    finally:
        with store.write() as connection:
            connection.execute(update(meta).where(version).values(value=str(SCHEMA_VERSION)))


def test_without_a_state_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    """A state that is not there is not made; the message says how to make it."""
    file = tmp_path / "ldap2scim.yml"
    file.write_text(WRITTEN)
    settings = replace(load(file, os.environ), state=StateFile(tmp_path / "none.db"))
    with pytest.raises(StateError, match=r"There is no state file .*none\.db yet\.") as refused, frozen_run(settings):
        pass
    assert "ldap2scim plan" in refused.value.remedy
    assert not (tmp_path / "none.db").exists()
