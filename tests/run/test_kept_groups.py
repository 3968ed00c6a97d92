"""Groups that are members of groups, from the survey to the request."""

from dataclasses import replace
from typing import Any

import pytest

from ldap2scim.directory.settings import Nesting
from ldap2scim.essence import to_essence
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.frames import Status
from ldap2scim.planning.members import member_inputs
from ldap2scim.planning.operations import AttributeChange, ChangeMembers, Inputs, Update
from ldap2scim.run.believe import believe
from ldap2scim.run.context import Mode, Run
from ldap2scim.run.decide import compare
from ldap2scim.run.done import Applied
from ldap2scim.run.executor import Executor
from ldap2scim.run.members import change_members
from ldap2scim.run.service_view import ShownMember, foreign_key, shown_members
from ldap2scim.run.settle import settle_doubts
from ldap2scim.run.survey import survey
from ldap2scim.scim.provider import ScimResponse
from ldap2scim.state import journal, remembered
from ldap2scim.state.journal import Intent
from ldap2scim.state.snapshot import replaced_snapshot
from tests.run.conftest import StartRun
from tests.run.readings import read
from tests.run.scripted import Memory, ScriptedProvider, capabilities, on_wire, view
from tests.state import worlds
from tests.state.worlds import key

STAFF, INNER = key("staff"), key("inner")
OK = ScimResponse(200, {}, None, None)


def nesting(run: Run, mode: Nesting) -> Run:
    """Set the nesting of the run's directory."""
    (configured,) = run.settings.directories
    changed = replace(configured, settings=replace(configured.settings, nesting=mode))
    run.settings = replace(run.settings, directories=(changed,))
    return run


def group_on_wire(identifier: str, name: str, *members: dict[str, str]) -> dict[str, Any]:
    """Return a group of the service."""
    return {"id": identifier, "externalId": f"x-{name}", "displayName": name, "members": list(members)}


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ({"value": "1", "type": "Group"}, ResourceType.GROUP),
        ({"value": "1", "type": "user"}, ResourceType.USER),
        ({"value": "1", "$ref": "https://x/v2/Groups/1"}, ResourceType.GROUP),
        ({"value": "1", "$ref": "../Users/1"}, ResourceType.USER),
        ({"value": "1", "type": "direct"}, None),
        ({"value": "1"}, None),
    ],
)
def test_what_a_member_is(member: dict[str, str], expected: ResourceType | None) -> None:
    """By its type, or else by its reference; some services say neither."""
    assert shown_members({"members": [member]}) == [ShownMember("1", expected)]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (Nesting.KEEP, {(STAFF, key("aiko")), (STAFF, INNER), (STAFF, foreign_key("z"))}),
        (Nesting.IGNORE, {(STAFF, key("aiko"))}),
    ],
)
def test_survey_sees_groups_in_groups(start: StartRun, mode: Nesting, expected: set[tuple[Key, Key]]) -> None:
    """Where they are kept, ours have their key and a stranger one of its own; else they are not ours to look at."""
    provider = ScriptedProvider(
        {
            "/Users/a": on_wire("a", externalId="x-aiko", userName="aiko"),
            "/Groups/g": group_on_wire(
                "g", "staff", {"value": "a"}, {"value": "i", "type": "Group"}, {"value": "z", "type": "Group"}
            ),
            "/Groups/i": group_on_wire("i", "inner"),
            "/Groups/z": group_on_wire("z", "nobody's"),
        }
    )
    run = nesting(start(provider, Mode.PLAN), mode)
    groups = [worlds.group("staff", ["aiko"]), worlds.group("inner")]
    found = survey(run, believe(run, (read(run, [worlds.person("aiko")], groups),)))
    assert set(zip(found.known.members.group, found.known.members.member, strict=True)) == expected
    assert list(found.known.groups["status"]) == [Status.FOUND, Status.FOUND]


def test_user_and_group_with_one_id(start: StartRun) -> None:
    """Ids belong to their kind: a group with the id of a user is not that user."""
    provider = ScriptedProvider(
        {
            "/Users/1": on_wire("1", externalId="x-aiko", userName="aiko"),
            "/Groups/g": group_on_wire("g", "staff", {"value": "1", "type": "Group"}),
            "/Groups/1": group_on_wire("1", "inner"),
        }
    )
    run = nesting(start(provider, Mode.PLAN), Nesting.KEEP)
    groups = [worlds.group("staff", ["aiko"]), worlds.group("inner")]
    found = survey(run, believe(run, (read(run, [worlds.person("aiko")], groups),)))
    assert list(found.known.members.member) == [INNER]


def test_plan_makes_groups_before_their_memberships(start: StartRun) -> None:
    """Circular groups too: all are created, then each becomes a member of the other."""
    run = nesting(start(ScriptedProvider(), Mode.PLAN), Nesting.KEEP)
    groups = [
        replace(worlds.group("staff"), members=(worlds.group("inner").dn,)),
        replace(worlds.group("inner"), members=(worlds.group("staff").dn,)),
    ]
    state = believe(run, (read(run, [], groups),))
    found = sorted(compare(run, state, None).difference.operations, key=lambda one: one.sort_key)
    assert [(one.verb, one.key) for one in found] == [
        ("create", INNER), ("create", STAFF), ("change members", INNER), ("change members", STAFF),
    ]  # fmt: skip
    assert [one.added for one in found if isinstance(one, ChangeMembers)] == [(STAFF,), (INNER,)]


CHANGE = ChangeMembers(
    STAFF, ResourceType.GROUP, "staff", member_inputs((key("aiko"), INNER), ()), "g", (key("aiko"), INNER), ()
)
MEMORY = Memory(ids={key("aiko"): "a", INNER: "i", STAFF: "g"}, groups=frozenset({INNER}))


async def test_patch_says_which_member_is_a_group() -> None:
    """RFC 7643 §4.2: `type` is Group; of users nothing more than the id is sent."""
    provider = ScriptedProvider(script={"PATCH /Groups/g": [OK]})
    assert isinstance(await change_members(view(provider), MEMORY, CHANGE), Applied)
    (request,) = provider.sent
    assert (request.body or {})["Operations"] == [
        {"op": "add", "path": "members", "value": [{"value": "a"}, {"value": "i", "type": "Group"}]}
    ]


async def test_put_says_so_too() -> None:
    """Of those that are there, the service's own word counts."""
    group = group_on_wire("g", "staff", {"value": "other", "type": "Group"}, {"value": "b", "type": "User"})
    provider = ScriptedProvider({"/Groups/g": group}, {"PUT /Groups/g": [OK]}, able=capabilities(patch=False))
    assert isinstance(await change_members(view(provider), MEMORY, CHANGE), Applied)
    assert (provider.sent[-1].body or {})["members"] == [
        {"value": "other", "type": "Group"}, {"value": "b"}, {"value": "a"}, {"value": "i", "type": "Group"},
    ]  # fmt: skip


async def test_a_group_is_renamed_whole_where_no_member_is_ever_shown() -> None:
    """PUT of a name without members would empty the group: those that were confirmed are sent along."""
    members = ((key("aiko"), "a"), (INNER, "i"))
    memory = Memory(ids=MEMORY.ids, members=members, groups=MEMORY.groups)
    renamed = Update(
        STAFF, ResourceType.GROUP, "staff", Inputs("n", "o"), "g", None,
        to_essence({"external_id": "x-g", "display_name": "crew"}), (AttributeChange("display_name", "staff", "crew"),),
    )  # fmt: skip
    group = {"id": "g", "displayName": "staff", "externalId": "x-g"}
    answer = ScimResponse(200, {**group, "displayName": "crew"})
    provider = ScriptedProvider({"/Groups/g": group}, {"PUT /Groups/g": [answer]}, able=capabilities(patch=False))
    assert isinstance(await Executor(view(provider), memory).carry_out(renamed), Applied)
    body = provider.sent[-1].body or {}
    assert (body["displayName"], body["members"]) == ("crew", [{"value": "a"}, {"value": "i", "type": "Group"}])


@pytest.mark.parametrize(("mode", "expected"), [(Nesting.KEEP, (key("aiko"), INNER)), (Nesting.IGNORE, (key("aiko"),))])
def test_doubt_about_members_is_settled_with_groups(start: StartRun, mode: Nesting, expected: tuple[Key, ...]) -> None:
    """What a lost answer did to a group's members is asked of the service, inner groups included where they count."""
    run = start(ScriptedProvider())
    with replaced_snapshot(run.lease) as snapshot:
        snapshot.add([worlds.known("aiko", service_id="a")])
        snapshot.add([worlds.known(name, resource_type=ResourceType.GROUP) for name in ("staff", "inner")])
    journal.begin(run.lease, run.run_id, "p", [Intent(STAFF, "change members", ResourceType.GROUP)])
    shown = group_on_wire("id-staff", "staff", {"value": "a"}, {"value": "id-inner", "type": "Group"})
    run = nesting(start(ScriptedProvider({"/Groups/id-staff": shown})), mode)
    assert settle_doubts(run) == 1
    assert tuple(remembered.members_of(run.store, STAFF)) == expected
