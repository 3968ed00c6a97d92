"""Decisions about the IDs of people who were re-created."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ldap2scim.errors import PlanError, RunRefused
from ldap2scim.essence import from_essence, to_essence
from ldap2scim.mapping.kept import with_kept_ids
from ldap2scim.mapping.mapper import Mapped
from ldap2scim.run.keeping import keep, stop_keeping
from ldap2scim.state.image_rows import MappedRow, Standing
from ldap2scim.state.kept_ids import KeptIds, keep_ids, read_kept_ids
from ldap2scim.state.lease import Lease, acquire
from ldap2scim.state.mapped import pending, store_mapped
from ldap2scim.state.snapshot import replaced_snapshot
from ldap2scim.state.snapshot_rows import SnapshotRow, Status
from ldap2scim.state.store import Store
from tests.state.worlds import CORP, MONDAY, desired, key, known, map_all, person, read

NEW_DN = "uid=taro,ou=people,dc=example,dc=com"


def gone(name: str, login: str, external_id: str | None, **attributes: object) -> SnapshotRow:
    """Return a user at the service whose entry is in the directory no more."""
    essence = to_essence({"user_name": login, **attributes})  # type: ignore[dict-item]
    return replace(known(name, status=Status.LEFT), login=login, external_id=external_id, essence=essence)


@pytest.fixture
def store_with_taro(store: Store, lease: Lease) -> Store:
    """Taro, re-created in the directory, and some who have gone; no run is going on."""
    read(lease, [person("taro"), person("hanako")])
    for batch in pending(store, CORP, "m1", MONDAY):
        rows = [desired(row) for row in batch]
        mails = {"user_name": "taro", "emails": [{"value": "T@example.jp"}]}
        rows[0] = rows[0]._replace(essence=to_essence(mails))  # type: ignore[arg-type]
        store_mapped(lease, rows, "m1")
    with replaced_snapshot(lease) as new:
        new.add([known("hanako")])
        new.add([gone("other", "jiro", "x-jiro"), gone("old", "TARO", "x-old", downstream_id="link")])
    lease.release()
    return store


def test_a_decision_names_the_old_account(store_with_taro: Store) -> None:
    """The IDs are those of the one who has gone with the same login; who decided, and when, is recorded."""
    before = datetime.now(UTC)
    kept = keep(store_with_taro, "taro", "hanako")
    assert (kept.key, kept.external_id, kept.linking_id, kept.login) == (key("taro"), "x-old", "link", "TARO")
    assert kept.decided_by == "hanako"
    assert before <= kept.decided_at <= datetime.now(UTC)
    assert read_kept_ids(store_with_taro) == {key("taro"): kept}


@pytest.mark.parametrize("who", [NEW_DN, "UID=Taro, OU=People,DC=example,DC=com", "TARO"])
def test_a_person_is_named_by_dn_or_login(store_with_taro: Store, who: str) -> None:
    """In any case, and with blanks in the DN."""
    assert keep(store_with_taro, who, "me").key == key("taro")


def test_the_entry_is_mapped_again(store_with_taro: Store) -> None:
    """A decision, and its end, make the entry pending; nobody else is."""
    keep(store_with_taro, "taro", "me")
    assert [[row.key for row in batch] for batch in pending(store_with_taro, CORP, "m1", MONDAY)] == [[key("taro")]]
    map_all(acquire(store_with_taro, "service", "host, process 1, run b"))
    with pytest.raises(RunRefused):
        stop_keeping(store_with_taro, "taro")


def test_a_decision_is_taken_back_once(store_with_taro: Store) -> None:
    """The end of a decision is recorded, and there is nothing to end after it."""
    keep(store_with_taro, "taro", "me")
    assert stop_keeping(store_with_taro, "taro") == NEW_DN
    assert read_kept_ids(store_with_taro) == {}
    with pytest.raises(PlanError, match="Nothing was decided"):
        stop_keeping(store_with_taro, "taro")


def test_who_is_held_has_not_gone(store: Store, lease: Lease) -> None:
    """An entry that cannot be mapped today is there, and its account is nobody else's, whatever address it shares."""
    read(lease, [person("taro"), person("old")])
    for batch in pending(store, CORP, "m1", MONDAY):
        essence = to_essence({"user_name": "taro"})
        rows = [
            desired(row)._replace(essence=essence) if row.key == key("taro") else MappedRow(row.id, Standing.HELD)
            for row in batch
        ]
        store_mapped(lease, rows, "m1")
    with replaced_snapshot(lease) as new:
        new.add([replace(gone("old", "Taro", "x-old"), status=Status.MANAGED)])
    lease.release()
    with pytest.raises(PlanError, match="No user has left"):
        keep(store, "taro", "me")


def test_a_later_decision_takes_the_place_of_the_earlier(lease: Lease, store: Store) -> None:
    """One entry, one decision."""
    first = KeptIds(key("a"), "x", None, "a", MONDAY, "me")
    keep_ids(lease, first)
    keep_ids(lease, replace(first, external_id="y"))
    assert [one.external_id for one in read_kept_ids(store).values()] == ["y"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([gone("a", "other", "x-taro"), gone("b", "taro", "x-b")], "x-taro"),
        ([gone("a", "other", "x-a", emails=[{"value": "t@EXAMPLE.jp"}])], "x-a"),
        ([gone("a", "other", "x-a", emails=[{"value": "t@example.jp"}]), gone("b", "taro", "x-b")], "x-b"),
        ([gone("a", "taro", "x-a"), gone("b", "taro", "x-b")], "x-b"),
    ],
    ids=["external ID before login", "e-mail", "login before e-mail", "the latest of two"],
)
def test_who_was_it(store_with_taro: Store, rows: list[SnapshotRow], expected: str) -> None:
    """By external ID, else by login, else by e-mail address; of several the one that became ours last."""
    lease = acquire(store_with_taro, "service", "host, process 1, run b")
    essence = to_essence({"user_name": "taro", "external_id": "x-taro", "emails": ({"value": "T@example.jp"},)})
    keep_ids(lease, KeptIds(key("taro"), "any", None, "", MONDAY, ""))
    for batch in pending(store_with_taro, CORP, "m1", MONDAY):
        store_mapped(lease, [desired(row)._replace(essence=essence) for row in batch], "m1")
    with replaced_snapshot(lease) as new:
        new.add(rows)
    lease.release()
    assert keep(store_with_taro, "taro", "me").external_id == expected


def test_what_cannot_be_kept(store_with_taro: Store) -> None:
    """Nobody of this name, somebody who is at the service, nobody who has gone: said, and nothing is recorded."""
    with pytest.raises(PlanError, match="Nobody in scope"):
        keep(store_with_taro, "saburo", "me")
    with pytest.raises(PlanError, match="at the service already"):
        keep(store_with_taro, "hanako", "me")
    lease = acquire(store_with_taro, "service", "host, process 1, run b")
    with replaced_snapshot(lease) as new:
        new.add([gone("other", "jiro", "x-jiro"), gone("nameless", "taro", None)])
    lease.release()
    with pytest.raises(PlanError, match="No user has left"):
        keep(store_with_taro, "taro", "me")
    assert read_kept_ids(store_with_taro) == {}


@pytest.mark.parametrize(("linking", "expected"), [("link", "link"), (None, None)])
def test_a_mapped_person_gets_the_kept_ids(linking: str | None, expected: str | None) -> None:
    """External ID and linking ID are the old ones, also where the old one had none; nothing else changes."""
    essence = to_essence({"external_id": "new", "downstream_id": "new", "user_name": "taro"})
    mapped = Mapped(key("taro"), essence, "f", NEW_DN, None, "new", "taro", None, active=True)
    kept = with_kept_ids(mapped, "old", linking)
    attributes = from_essence(kept.essence)
    assert (attributes["external_id"], kept.external_id, attributes.get("downstream_id")) == ("old", "old", expected)
    assert attributes["user_name"] == "taro"
    assert kept.fingerprint != "f"
    assert (kept.key, kept.dn, kept.login) == (mapped.key, mapped.dn, mapped.login)
