"""What reads of changes build is what a full read sees: after any change, on real servers."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ldap3
import pytest
from sqlalchemy import select

from ldap2scim.run.context import Mode, open_run
from ldap2scim.run.extract import extract
from ldap2scim.run.reading import Read
from ldap2scim.settings import Settings, load
from ldap2scim.state.encoding import unpack
from ldap2scim.state.schema import image, image_entries, image_members
from ldap2scim.state.store import Store, open_store
from tests.contract.directories import Addressed
from tests.integration.installation import Installation, openldap
from tests.integration.random_changes import ACTIVE_DIRECTORY, OPENLDAP, RandomDay
from tests.seed import LONG, SEED
from tests.servers.fixtures import StartSamba, StartSlapd
from tests.servers.slapd import SlapdOptions

SLAPD_DAYS = 200 if LONG else 60
SAMBA_DAYS = 40 if LONG else 10
BASE = "dc=example,dc=com"
NOWHERE = {"base_url": "http://127.0.0.1:9/v2", "token": "x"}
FILTER = {"users": {"filter": "(employeeType=synced)"}}


@contextmanager
def administrator(server: Addressed) -> Iterator[Any]:
    """Connect as one who may write."""
    connection = ldap3.Connection(
        ldap3.Server(server.host, server.port, get_info=ldap3.NONE),
        server.admin_dn,
        server.admin_password,
        auto_bind=True,
        check_names=False,
        raise_exceptions=True,
    )
    try:
        yield connection
    finally:
        connection.unbind()


def settings_of(folder: Path, directory: dict[str, Any]) -> Settings:
    """Return the settings of a directory, with a service that nobody asks."""
    return load(Installation(folder, directory, NOWHERE).settings, {})


def read(settings: Settings) -> Read:
    """Bring the image up to now."""
    with open_run(settings, Mode.PLAN) as run:
        (done,) = extract(run)
    assert isinstance(done, Read), done
    return done


def contents(settings: Settings) -> dict[str, Any]:
    """Return the whole image, but for numbers of rows and reads."""
    with open_store(settings.state) as store:
        return _contents(store)


def _contents(store: Store) -> dict[str, Any]:
    with store.read() as connection:
        members: dict[int, set[tuple[int, str]]] = {}
        for group, kind, reference in connection.execute(
            select(image_members.c.group_id, image_members.c.kind, image_members.c.reference)
        ):
            members.setdefault(group, set()).add((kind, reference))
        return {
            row.key: (
                *(row.resource_type, row.dn, row.dn_normalised, row.uid, row.uuid, row.sid, row.primary_group),
                unpack(row.entry),
                members.get(row.id, set()),
            )
            for row in connection.execute(select(image, image_entries.c.entry).join(image_entries))
        }


def resolved(found: dict[str, Any]) -> dict[str, Any]:
    """Leave out members that the image does not have.

    Who may not see deleted objects is not told that somebody outside the filter was deleted, nor is her group changed.
    """
    uuids = {entry[4] for entry in found.values()}
    return {
        key: (*entry[:-1], {(kind, name) for kind, name in entry[-1] if name in uuids}) for key, entry in found.items()
    }


def compare(
    folder: Path, directory: dict[str, Any], day: RandomDay, days: int, seen: Callable[..., Any] = dict
) -> None:
    """Change at random, read the changes, and hold the image against that of a full read; `days` times."""
    followed = settings_of(folder / "followed", dict(directory))
    read(followed)
    for number in range(days):
        day.change(day.random.randint(1, 12))
        said = read(followed)
        assert said.extract.by_changes is not None
        fresh = settings_of(folder / f"fresh{number}", dict(directory))
        whole = read(fresh)
        assert whole.extract.by_changes is None
        assert seen(contents(followed)) == seen(contents(fresh)), f"seed {SEED}, day {number}:\n" + "\n".join(day.done)
        assert said.extract.counts == whole.extract.counts


@pytest.mark.slapd
@pytest.mark.parametrize(
    ("overlays", "lines"),
    [
        pytest.param(("syncprov",), ("syncprov-sessionlog 1000",), id="session-log"),
        pytest.param(("syncprov",), (), id="present-phase"),
        pytest.param((), (), id="entryCSN"),
    ],
)
def test_on_slapd(overlays: tuple[str, ...], lines: tuple[str, ...], start_slapd: StartSlapd, tmp_path: Path) -> None:
    """By syncrepl with and without a session log, and by entryCSN where syncprov is not loaded."""
    world = f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n"
    server = start_slapd(world, SlapdOptions(overlays=overlays, database_lines=lines))
    directory = openldap(server, BASE, **FILTER)
    with administrator(server) as connection:
        day = RandomDay(connection, BASE, OPENLDAP, random.Random(SEED))
        day.fill(people=30, groups=5)
        compare(tmp_path, directory, day, SLAPD_DAYS if lines else SLAPD_DAYS // 4)


@pytest.mark.samba
@pytest.mark.parametrize("bound_as", ["admin", "reader"])
def test_on_samba(bound_as: str, start_samba: StartSamba, tmp_path: Path) -> None:
    """By DirSync, as an administrator and as a user without any special right."""
    server = start_samba("")
    with administrator(server) as connection:
        base = f"OU=World,{server.base_dn}"
        connection.add(base, ["organizationalUnit"])
        day = RandomDay(connection, base, ACTIVE_DIRECTORY, random.Random(SEED))
        day.fill(people=20, groups=4)
        directory = {
            **openldap(server, base, **FILTER),
            "kind": "active-directory",
            "bind_dn": getattr(server, f"{bound_as}_dn"),
            "bind_password": getattr(server, f"{bound_as}_password"),
        }
        compare(tmp_path, directory, day, SAMBA_DAYS, resolved if bound_as == "reader" else dict)
