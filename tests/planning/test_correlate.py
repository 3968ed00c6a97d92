"""What a full read of the service is, held against what we know and want."""

from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.correlate import Correlation, PreviousRow, ServiceResource, correlate
from ldap2scim.planning.frames import Status
from tests.planning.worlds import USER, World, law, user

WORLD = World({"ad:a": user("a"), "ad:b": user("b"), "ad:c": user("c")})


def resource(service_id: str, external_id: str | None, login: str) -> ServiceResource:
    """Return a resource of the service."""
    return ServiceResource(service_id, external_id, login, None, f"f{service_id}", "{}")


def run(
    *resources: ServiceResource, previous: dict[str, PreviousRow] | None = None, world: World = WORLD
) -> Correlation:
    """Correlate users."""
    return correlate(USER, resources, previous or {}, world.desired().users)


def rows(result: Correlation) -> dict[str, tuple[str, str]]:
    """Return service id and status by key."""
    frame = result.known
    return {k: (i, s) for k, i, s in zip(frame["key"], frame["service_id"], frame["status"], strict=True)}


def ours(key: str, status: Status = Status.MANAGED) -> PreviousRow:
    """Return a row of our snapshot."""
    return PreviousRow(Key(key), status)


def test_ours_by_id_whatever_was_edited() -> None:
    """A resource of our snapshot stays ours, though somebody changed its externalId and login."""
    result = run(resource("1", "edited", "edited"), previous={"1": ours("ad:a")})
    assert rows(result) == {"ad:a": ("1", "managed")}


def test_found_by_external_id() -> None:
    """A resource with the externalId of an entry is found, whatever its login."""
    result = run(resource("1", "x-a", "other"))
    assert rows(result) == {"ad:a": ("1", "found")}
    assert not result.holds


def test_leavers_stay_leavers() -> None:
    """Somebody who had left and is still listed is known as that."""
    assert rows(run(resource("1", "x", "x"), previous={"1": ours("ad:x", Status.LEFT)})) == {"ad:x": ("1", "left")}


def test_a_leaver_who_was_enabled_by_hand_has_to_leave_again() -> None:
    """Somebody who had left and is active at the service counts as managed, so that the diff proposes the removal."""
    enabled = ServiceResource("1", "x", "x", None, "f", '{"active":true}')
    assert rows(run(enabled, previous={"1": ours("ad:x", Status.LEFT)})) == {"ad:x": ("1", "managed")}


def test_the_rest_is_orphaned_foreign_or_a_match_by_login() -> None:
    """An externalId nobody has, none at all, and a login alone are three different things."""
    orphan, foreign, match = resource("1", "gone", "z"), resource("2", None, "y"), resource("3", None, "A")
    result = run(orphan, foreign, match)
    assert (result.orphaned, result.foreign, result.matched_by_login) == ((orphan,), (foreign,), (match,))
    assert result.login_matches[Key("ad:a")].service_id == "3"
    assert rows(result) == {}


def test_external_id_is_compared_with_its_case() -> None:
    """ExternalId is caseExact (RFC 7643 §3.1); a match in another case is none."""
    assert rows(run(resource("1", "X-A", "q"))) == {}


def test_a_login_of_an_entry_that_has_a_resource_is_no_match() -> None:
    """Who is managed or found needs no match by login."""
    result = run(resource("1", "x-a", "z"), resource("2", None, "a"))
    assert (result.login_matches, len(result.foreign)) == ({}, 1)


def test_two_resources_with_one_external_id_are_held() -> None:
    """Neither is adopted, the entry is held, and both are named."""
    result = run(resource("1", "x-a", "p"), resource("2", "x-a", "q"))
    assert rows(result) == {}
    assert result.holds == {"ad:a"}
    assert [finding.subjects for finding in result.findings] == [("p",), ("q",)]


def test_a_stranger_with_the_external_id_of_ours_is_held() -> None:
    """A second resource that claims a managed entry holds it, and does not displace it."""
    result = run(resource("1", "x-a", "a"), resource("2", "x-a", "q"), previous={"1": ours("ad:a")})
    assert rows(result) == {"ad:a": ("1", "managed")}
    assert result.holds == {"ad:a"}


def test_a_stranger_with_the_external_id_of_a_leaver_of_ours_holds_both() -> None:
    """A re-created entry claimed by a stranger while our old resource has the same externalId: both are held."""
    result = run(resource("1", "x-a", "a"), resource("2", "x-a", "q"), previous={"1": ours("ad:old")})
    assert result.holds == {"ad:a", "ad:old"}


def test_entries_that_share_an_external_id_are_held() -> None:
    """Two entries with one externalId cannot be told apart at the service."""
    world = World({"ad:a": user("a", external_id="same"), "ad:b": user("b", external_id="same")})
    result = run(resource("1", "same", "a"), world=world)
    assert result.holds == {"ad:a", "ad:b"}
    assert rows(result) == {}
    assert {finding.rule for finding in result.findings} >= {"duplicate-external-id"}


@law
@given(st.lists(st.sampled_from(["x", "y", "z", None]), max_size=6))
def test_only_those_who_share_an_external_id_are_held_for_it(ids: list[str | None]) -> None:
    """Each whose externalId another one has, and nobody else; a resource is found by the others'."""
    world = World({f"ad:{n}": user(f"u{n}", external_id=one) for n, one in enumerate(ids)})
    result = run(*(resource(one, one, "nobody") for one in "xyz"), world=world)
    assert result.holds == {f"ad:{n}" for n, one in enumerate(ids) if one is not None and ids.count(one) > 1}
    assert rows(result) == {f"ad:{n}": (one, "found") for n, one in enumerate(ids) if one and ids.count(one) == 1}


def test_entries_without_an_external_id_are_not_alike() -> None:
    """Absent is not a value that two entries share, nor one that a resource can match."""
    world = World({"ad:a": user("a", external_id=None), "ad:b": user("b", external_id=None)})
    result = run(resource("1", None, "z"), world=world)
    assert (result.holds, len(result.foreign)) == (frozenset(), 1)


def test_what_the_service_no_longer_lists_is_gone() -> None:
    """Rows of our snapshot without a resource are reported; one that was made anew is found."""
    result = run(resource("9", "x-a", "a"), previous={"1": ours("ad:a"), "2": ours("ad:b")})
    assert [service_id for service_id, _ in result.gone] == ["1", "2"]
    assert rows(result) == {"ad:a": ("9", "found")}


@law
@given(
    st.lists(st.tuples(st.sampled_from(["x-a", "x-b", "y", None]), st.sampled_from("abz")), max_size=6),
    st.dictionaries(st.integers(0, 6), st.sampled_from(list(Status)[:2]), max_size=3),
)
def test_every_resource_is_in_exactly_one_place(
    listed: list[tuple[str | None, str]], previous: dict[int, Status]
) -> None:
    """Known, orphaned, foreign, duplicate and matched by login part the read; listed and gone part the snapshot."""
    resources = [resource(str(n), external_id, login) for n, (external_id, login) in enumerate(listed)]
    snapshot = {str(n): ours(f"ad:{'abcdefg'[n]}", status) for n, status in previous.items()}
    result = run(*resources, previous=snapshot)
    apart = (*result.orphaned, *result.foreign, *result.duplicates, *result.matched_by_login)
    ids = [*result.known["service_id"], *(r.service_id for r in apart)]
    assert sorted(ids) == sorted(r.service_id for r in resources)
    assert {service_id for service_id, _ in result.gone} == set(snapshot) - {r.service_id for r in resources}


def test_groups_are_correlated_alike() -> None:
    """A group is found by externalId as well."""
    world = World(groups={"ad:g": {"display_name": "g", "external_id": "x-g"}})
    result = correlate(ResourceType.GROUP, [resource("1", "x-g", "g")], {}, world.desired().groups)
    assert rows(result) == {"ad:g": ("1", "found")}
