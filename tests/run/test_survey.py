"""A full read of the service, held against what we know and want."""

from dataclasses import replace
from typing import Any

import pytest

from ldap2scim.errors import NotScim
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.frames import Status
from ldap2scim.run.believe import believe
from ldap2scim.run.context import Mode
from ldap2scim.run.service_view import foreign_key
from ldap2scim.run.survey import Survey, survey
from ldap2scim.scim.habits import MembersShown
from ldap2scim.state.remembered import link_members
from tests.run.conftest import StartRun
from tests.run.readings import read
from tests.run.scripted import ScriptedProvider, on_wire, row
from tests.run.test_settle import remember
from tests.state import worlds
from tests.state.worlds import key


def surveyed(start: StartRun, *resources: dict[str, Any], groups: dict[str, Any] | None = None) -> Survey:
    """Survey a service with these users, for aiko, bunta and chika (ours already) and a group of them."""
    listed = {f"/Users/{one['id']}": one for one in resources}
    listed |= {"/Groups/g": groups} if groups else {}
    provider = ScriptedProvider(listed)
    run = start(provider, Mode.PLAN)
    people = [worlds.person(name) for name in ("aiko", "bunta", "chika")]
    reading = read(run, people, [worlds.group("staff", ["aiko", "bunta"])])
    remember(run, row(key=key("chika"), service_id="c"))
    found = survey(run, believe(run, (reading,)))
    assert provider.writes == []
    return found


def ours(identifier: str, name: str, **others: Any) -> dict[str, Any]:
    """Return a user of the service with the externalId of an entry."""
    return on_wire(identifier, externalId=f"x-{name}", userName=name, **others)


def status_of(found: Survey) -> dict[str, str]:
    """Return the status of every known user by key."""
    frame = found.known.users
    return dict(zip(frame["key"], frame["status"], strict=True))


def rules(found: Survey) -> list[str]:
    """Return what was found."""
    return [finding.rule for finding in found.findings]


def test_ours_and_found(start: StartRun) -> None:
    """By its id it is ours; by its externalId it is found, and not ours yet."""
    found = surveyed(start, ours("a", "aiko"), ours("c", "chika"))
    assert status_of(found) == {key("aiko"): Status.FOUND, key("chika"): Status.MANAGED}
    assert found.resources == {ResourceType.USER: 2, ResourceType.GROUP: 0}
    assert set(found.essences) == {key("aiko"), key("chika")}


def test_orphaned(start: StartRun) -> None:
    """An externalId that no entry has is listed by name, and belongs to nobody."""
    found = surveyed(start, ours("c", "chika"), on_wire("z", externalId="x-zoe", userName="zoe"))
    assert "orphaned" in rules(found)
    assert "zoe" in next(finding.message for finding in found.findings if finding.rule == "orphaned")
    assert Key("corp:zoe") not in status_of(found)


def test_two_that_claim_one_entry(start: StartRun) -> None:
    """Neither is chosen: the entry is held."""
    found = surveyed(start, ours("a", "aiko"), ours("b", "aiko"), ours("c", "chika"))
    assert key("aiko") in found.holds


def test_gone(start: StartRun) -> None:
    """What is ours and was not listed is said; nothing is concluded here."""
    found = surveyed(start, ours("a", "aiko"))
    assert "gone-from-the-service" in rules(found)


def test_memberships_are_those_of_ours(start: StartRun) -> None:
    """A member that is an entry's has its key, a stranger one of its own, and a nested group none."""
    group = {
        "id": "g", "externalId": "x-staff", "displayName": "staff",
        "members": [{"value": "a"}, {"value": "z"}, {"value": "nested"}],
    }  # fmt: skip
    stranger = on_wire("z", externalId="x-zoe", userName="zoe")
    found = surveyed(start, ours("a", "aiko"), ours("c", "chika"), stranger, groups=group)
    edges = set(zip(found.known.members.group, found.known.members.member, strict=True))
    assert edges == {(key("staff"), key("aiko")), (key("staff"), foreign_key("z"))}
    assert found.known.strangers == {foreign_key("z")}


def test_listing_that_is_not_complete_concludes_nothing(start: StartRun) -> None:
    """A listing without a proven end is an error, not a short list."""
    provider = ScriptedProvider(script={"LIST /Users": [NotScim("the listing is not complete")]})
    run = start(provider, Mode.PLAN)
    reading = read(run, [worlds.person("aiko")], [])
    with pytest.raises(NotScim):
        survey(run, believe(run, (reading,)))


@pytest.mark.parametrize(
    ("shown", "members"),
    [
        (MembersShown.LISTS, set()),
        (MembersShown.ONE_GROUP, {key("chika")}),
        (MembersShown.NOWHERE, {key("bunta")}),
    ],
)
def test_members_that_lists_do_not_show(start: StartRun, shown: MembersShown, members: set[Key]) -> None:
    """They are asked for group by group, or what the service last confirmed counts; an empty list says nothing."""
    listed: dict[str, dict[str, Any]] = {
        "/Users/b": ours("b", "bunta"),
        "/Users/c": ours("c", "chika"),
        "/Groups/g": {"id": "g", "externalId": "x-staff", "displayName": "staff", "members": [{"value": "c"}]},
    }
    provider = ScriptedProvider(listed, lists_without=("members",))
    run = start(provider, Mode.PLAN)
    run.session.view = replace(run.session.view, profile=replace(run.session.view.profile, members_shown=shown))
    reading = read(run, [worlds.person("bunta"), worlds.person("chika")], [worlds.group("staff", ["bunta"])])
    staff = replace(row(key=key("staff"), service_id="g"), resource_type=ResourceType.GROUP)
    remember(run, row(key=key("bunta"), service_id="b"), row(key=key("chika"), service_id="c"), staff)
    link_members(run.lease, [(key("staff"), key("bunta"))])

    found = survey(run, believe(run, (reading,)))

    assert set(found.known.members.member) == members
