"""The directory image after a read of changes: what is named is taken in, all else stays, and the place goes along."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from ldap2scim.model import ResourceType
from ldap2scim.state.access import StateReader
from ldap2scim.state.image import ImageWriter, image_writer
from ldap2scim.state.image_rows import Evidence, ImageChanges, ImageRow, Place
from ldap2scim.state.lease import Lease
from ldap2scim.state.places import forget_places, names_changed_in, place_of
from ldap2scim.state.store import Store
from tests.state.worlds import CORP, MONDAY, group, key, map_all, person, read

PLACE = Place("syncrepl", b"rid=000,csn=1", "h:389", "h:389", "asked", MONDAY)
PROVEN = Evidence("h:389", '{"identity": "h:389", "knows": []}', 3, PLACE)


def named(row: ImageRow) -> ImageRow:
    """Give an entry a name of its own at the server."""
    return replace(row, uuid=f"uuid-{row.dn_normalised}")


PEOPLE = [named(person("a")), named(person("b")), named(person("c"))]
GROUPS = [named(group("g", ["a", "b"]))]


def whole(lease: Lease, people: Iterable[ImageRow] = PEOPLE, evidence: Evidence = PROVEN) -> ImageChanges:
    """Read everything."""
    listed = list(people)
    with image_writer(lease, CORP) as image:
        image.put(ResourceType.USER, listed)
        image.put(ResourceType.GROUP, GROUPS)
        return image.commit_full({ResourceType.USER: len(listed), ResourceType.GROUP: 1}, evidence)


def uuids(image: ImageWriter, *rows: ImageRow) -> list[int]:
    """Return the row numbers of entries."""
    return [name.id for name in image.named(row.uuid for row in rows if row.uuid)]


def test_what_was_not_named_stays(lease: Lease, reader: StateReader) -> None:
    """One changed, one came, one left; the others are as they were, and counted."""
    whole(lease)
    map_all(lease)
    with image_writer(lease, CORP) as image:
        image.put(ResourceType.USER, [named(person("a", title="manager")), named(person("d"))])
        image.forget(uuids(image, PEOPLE[1]))
        changes = image.commit_changes(PROVEN)

    assert (changes.new, changes.changed, changes.unchanged, changes.removed) == (1, 1, 0, 1)
    assert changes.counts == {ResourceType.USER: 3, ResourceType.GROUP: 1}
    assert {row.key for row in map_all(lease)} == {key("a"), key("d")}
    assert sorted(reader.image.desired_frame(ResourceType.USER)["key"]) == [key("a"), key("c"), key("d")]


def test_a_read_of_nothing_changes_nothing(lease: Lease) -> None:
    """It is recorded with the count of what is there, so that the next short read is seen."""
    whole(lease)
    with image_writer(lease, CORP) as image:
        changes = image.commit_changes(PROVEN)

    assert not changes.any
    assert changes.counts == {ResourceType.USER: 3, ResourceType.GROUP: 1}


def test_entries_are_found_by_the_names_that_the_server_has_for_them(lease: Lease) -> None:
    """And said to be seen, or not, by this read."""
    whole(lease)
    with image_writer(lease, CORP) as image:
        image.put(ResourceType.USER, PEOPLE[:1])
        known = {name.key: name for name in image.every_name()}

        assert image.named([PEOPLE[0].uuid or "", "unknown"]) == (known[key("a")],)
        assert image.saw(known[key("a")].id)
        assert not image.saw(known[key("b")].id)
        assert {name.key for name in image.unseen()} == {key("b"), key("c"), GROUPS[0].key}
        image.spare([known[key("b")].id])
        assert {name.key for name in image.unseen()} == {key("c"), GROUPS[0].key}
        image.commit_changes(PROVEN)


def test_who_is_spared_stays_after_a_full_read(lease: Lease) -> None:
    """The server named it when it was asked again: it has not left."""
    whole(lease)
    with image_writer(lease, CORP) as image:
        image.put(ResourceType.USER, PEOPLE[:1])
        image.put(ResourceType.GROUP, GROUPS)
        image.spare(uuids(image, PEOPLE[1]))
        changes = image.commit_full({ResourceType.USER: 1, ResourceType.GROUP: 1}, PROVEN)

    assert changes.removed == 1


def test_the_place_goes_with_the_image(lease: Lease, store: Store) -> None:
    """A read that is given up leaves both as they were."""
    whole(lease)
    assert place_of(store, CORP) == PLACE

    with image_writer(lease, CORP) as image:
        image.put(ResourceType.USER, [named(person("z"))])
    assert place_of(store, CORP) == PLACE

    later = replace(PLACE, cookie=b"rid=000,csn=2")
    with image_writer(lease, CORP) as image:
        image.commit_changes(replace(PROVEN, place=later))
    assert place_of(store, CORP) == later

    forget_places(lease)
    assert place_of(store, CORP) is None


@pytest.mark.parametrize(
    "people",
    [[*PEOPLE, person("nameless")], [*PEOPLE, replace(named(person("twin")), key=PEOPLE[0].key)]],
    ids=["an entry without a name of its own", "two entries with one anchor"],
)
def test_changes_cannot_be_followed(people: list[ImageRow], lease: Lease, store: Store) -> None:
    """What only a full read can see needs a full read each time."""
    whole(lease, people)

    assert place_of(store, CORP) is None


def test_what_a_read_changed_can_be_asked(lease: Lease, store: Store) -> None:
    """New and changed entries, and groups whose members changed."""
    whole(lease)
    with image_writer(lease, CORP) as image:
        image.put(ResourceType.USER, [PEOPLE[0], named(person("b", title="manager"))])
        image.put(ResourceType.GROUP, [named(group("g", ["a"]))])
        changes = image.commit_changes(PROVEN)

    found = names_changed_in(store, CORP, changes.read_no)

    assert {name.key for name in found} == {key("b"), GROUPS[0].key}


def test_another_directory_keeps_its_place(lease: Lease, store: Store) -> None:
    """Each has its own."""
    whole(lease)
    read(lease, [person("x")], directory="lab")

    assert place_of(store, CORP) == PLACE
    assert place_of(store, "lab") is None
