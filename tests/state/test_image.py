"""The directory image: one read, one transaction, and only what changed is written."""

from dataclasses import replace

import pytest

from ldap2scim.errors import ReadIncomplete
from ldap2scim.model import ResourceType, make_key
from ldap2scim.state.access import StateReader
from ldap2scim.state.image import image_writer
from ldap2scim.state.image_rows import Duplicate, Evidence, Standing
from ldap2scim.state.lease import Lease
from ldap2scim.state.store import Store
from tests.state.worlds import CORP, group, key, map_all, person, read


def keys(reader: StateReader, resource_type: ResourceType = ResourceType.USER) -> list[str]:
    """Return the keys of those in scope."""
    return sorted(reader.image.desired_frame(resource_type)["key"])


def test_a_first_read_is_all_new(lease: Lease) -> None:
    """Everybody comes into the image, counted."""
    changes = read(lease, [person("a"), person("b")], [group("g", ["a"])])

    assert (changes.read_no, changes.new, changes.changed, changes.unchanged, changes.removed) == (1, 3, 0, 0, 0)


def test_the_same_read_again_changes_no_row(lease: Lease, store: Store) -> None:
    """Without changes nothing is written but the record of the read itself."""
    people, groups = [person("a"), person("b")], [group("g", ["a", "b"])]
    read(lease, people, groups)
    with store.read() as connection:
        before = connection.exec_driver_sql("SELECT * FROM image ORDER BY id").all()
    changes = read(lease, people, [group("g", ["b", "a"])])
    with store.read() as connection:
        after = connection.exec_driver_sql("SELECT * FROM image ORDER BY id").all()

    assert (changes.new, changes.changed, changes.unchanged) == (0, 0, 3)
    assert [tuple(row) for row in before] == [tuple(row) for row in after]


@pytest.mark.parametrize(
    "changed", [person("a", title="manager"), person("a", dn="uid=a,ou=moved,dc=example,dc=com")], ids=["title", "dn"]
)
def test_what_changed_is_mapped_again_and_nobody_else(lease: Lease, changed: object) -> None:
    """An attribute or a DN that changed makes an entry pending."""
    read(lease, [person("a"), person("b")])
    map_all(lease)
    changes = read(lease, [changed, person("b")])  # type: ignore[list-item]  # a parameter

    assert (changes.changed, changes.unchanged) == (1, 1)
    assert [row.key for row in map_all(lease)] == [key("a")]


def test_members_that_change_leave_the_group_mapped(lease: Lease, reader: StateReader) -> None:
    """A new member is a new reference; the group itself is not mapped again."""
    people = [person("a"), person("b"), person("c")]
    read(lease, people, [group("g", ["a", "b"])])
    map_all(lease)
    changes = read(lease, people, [group("g", ["b", "c"])])

    assert changes.changed == 1
    assert map_all(lease) == []
    assert sorted(reader.image.desired_memberships()["member"]) == [key("b"), key("c")]


def test_a_group_may_lose_its_last_member(lease: Lease, reader: StateReader) -> None:
    """No reference left is a change like any other."""
    read(lease, [person("a")], [group("g", ["a"])])
    map_all(lease)
    read(lease, [person("a")], [group("g")])

    assert reader.image.desired_memberships().empty


def test_who_was_not_seen_leaves_the_image(lease: Lease, reader: StateReader, store: Store) -> None:
    """An entry missing from a proven read goes with its raw entry, essence and references."""
    read(lease, [person("a"), person("b")], [group("g", ["a"])])
    map_all(lease)
    changes = read(lease, [person("b")])

    assert changes.removed == 2
    assert keys(reader) == [key("b")]
    with store.read() as connection:
        for table, rows in (("image_entries", 1), ("image_essences", 1), ("image_members", 0)):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() == rows  # noqa: S608


def test_a_read_of_one_directory_leaves_the_others_alone(lease: Lease, reader: StateReader) -> None:
    """Absence is a matter of the directory that was read."""
    read(lease, [person("a")])
    map_all(lease)
    changes = read(lease, directory="lab")

    assert changes.removed == 0
    assert keys(reader) == [key("a")]


@pytest.mark.parametrize("many", [0, 10_000])
def test_who_leaves_is_found_by_number_and_in_the_table(
    lease: Lease, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    """Whichever is quicker: one who was missing from this read, and nobody of another directory."""
    monkeypatch.setattr("ldap2scim.state.image._MANY", many)
    read(lease, [person("a"), person("b")])
    read(lease, [replace(person("c"), key=make_key("lab", "c"))], directory="lab")
    with image_writer(lease, CORP) as image:
        image.put(ResourceType.USER, [person("a")])
        assert [one.key for one in image.unseen()] == [key("b")]
        changes = image.commit_full({ResourceType.USER: 1}, Evidence("ldap.example.com:389"))

    assert changes.removed == 1


def test_a_read_that_breaks_leaves_the_old_image(lease: Lease, reader: StateReader) -> None:
    """An error in the middle undoes what had been taken in."""
    read(lease, [person("a"), person("b")])
    map_all(lease)

    def interrupted() -> None:
        with image_writer(lease, CORP) as image:
            image.put(ResourceType.USER, [person("a", title="manager"), person("c")])
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        interrupted()

    assert map_all(lease) == []
    assert keys(reader) == [key("a"), key("b")]


def test_a_read_without_its_proof_leaves_the_old_image(lease: Lease, reader: StateReader) -> None:
    """Leaving the block without `commit` undoes it, quietly."""
    read(lease, [person("a")])
    map_all(lease)
    with image_writer(lease, CORP) as image:
        image.put(ResourceType.USER, [person("b")])

    assert map_all(lease) == []
    assert keys(reader) == [key("a")]


def test_a_proof_that_counts_otherwise_is_refused(lease: Lease, reader: StateReader) -> None:
    """When the proof speaks of more entries than came here, some were lost: nothing is committed."""
    read(lease, [person("a"), person("b")])
    map_all(lease)

    def lose_one() -> None:
        with image_writer(lease, CORP) as image:
            image.put(ResourceType.USER, [person("a")])
            image.commit_full({ResourceType.USER: 2}, Evidence("h:389"))

    with pytest.raises(ReadIncomplete, match="2 User entries read, 1 stored"):
        lose_one()

    assert keys(reader) == [key("a"), key("b")]


def test_an_entry_of_two_searches_counts_once(lease: Lease) -> None:
    """Search bases may overlap; the same entry twice is no contradiction, within a page or across pages."""
    with image_writer(lease, CORP) as image:
        image.put(ResourceType.USER, [person("a"), person("a")])
        image.put(ResourceType.USER, [person("a")])
        changes = image.commit_full({ResourceType.USER: 3}, Evidence("h:389"))

    assert (changes.new, changes.repeated, changes.duplicates) == (1, 2, ())


@pytest.mark.parametrize("stored_before", [False, True])
def test_two_entries_of_one_key_are_reported(lease: Lease, *, stored_before: bool) -> None:
    """The first of them stays; whoever judges the read is told of the second."""
    twin = person("a", dn="uid=a,ou=twins,dc=example,dc=com")
    if stored_before:
        read(lease, [person("a")])
    changes = read(lease, [person("a"), twin])

    assert changes.duplicates == (Duplicate(key("a"), twin.dn, person("a").dn_normalised),)


def test_the_key_of_a_dn_is_that_of_the_old_image(lease: Lease) -> None:
    """An entry whose anchor cannot be read is known by its DN, as it was before this read."""
    read(lease, [person("a"), person("b")])
    old = person("a").dn_normalised
    with image_writer(lease, CORP) as image:
        image.put(ResourceType.USER, [person("a", dn="uid=a,ou=moved,dc=example,dc=com"), person("c")])

        assert image.key_of_dn(old) == key("a")
        assert image.key_of_dn(person("c").dn_normalised) is None
    with image_writer(lease, "lab") as image:
        assert image.key_of_dn(old) is None


def test_an_entry_without_any_key_is_kept_and_recognised(lease: Lease) -> None:
    """It is in the image, so that it is accounted for, and the same one next time is not new."""
    read(lease, [person("ghost", anchored=False)])
    map_all(lease)

    assert read(lease, [person("ghost", anchored=False)]).unchanged == 1
    assert read(lease, []).removed == 1


def test_more_entries_than_a_statement_takes(lease: Lease, reader: StateReader) -> None:
    """Pages larger than an IN list are cut, and removals too."""
    read(lease, (person(f"user{number}") for number in range(2500)))
    map_all(lease)

    assert len(keys(reader)) == 2500
    assert read(lease, []).removed == 2500
    assert reader.image.counts() == {}


def test_a_person_that_becomes_a_group_changes_kind(lease: Lease, reader: StateReader) -> None:
    """The kind belongs to the row, not to the key."""
    read(lease, [person("a")])
    map_all(lease)
    with image_writer(lease, CORP) as image:
        image.put(ResourceType.GROUP, [person("a")])
        changes = image.commit_full({ResourceType.GROUP: 1}, Evidence("h:389"))
    map_all(lease)

    assert changes.changed == 1
    assert reader.image.counts() == {(CORP, ResourceType.GROUP, Standing.DESIRED): 1}
