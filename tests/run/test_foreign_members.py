"""Members that are people of another directory, and what is said of members that are nobody's."""

from dataclasses import replace

from ldap2scim.errors import DirectoryUnavailable
from ldap2scim.findings import Finding
from ldap2scim.model import Key, ResourceType, make_key
from ldap2scim.planning.operations import ChangeMembers
from ldap2scim.run.believe import Believed, believe
from ldap2scim.run.context import Run
from ldap2scim.run.decide import compare
from ldap2scim.run.extract import Unread
from ldap2scim.state.snapshot import replaced_snapshot
from tests.run.conftest import StartRun
from tests.run.readings import read
from tests.run.scripted import ScriptedProvider
from tests.state import worlds
from tests.state.worlds import key

SID, ELSEWHERE = "S-1-5-21-1-2-3-1105", "S-1-5-21-9-9-9-7"
GUID = "00112233-4455-6677-8899-aabbccddeeff"
STAFF, ZOE = key("staff"), make_key("lab", "zoe")


def believed(run: Run, *, lab_answers: bool = True, members: tuple[str, ...] = (SID,)) -> Believed:
    """Read corp with a group of foreign principals, and lab with zoe, or find it down."""
    staff = replace(worlds.group("staff", ["aiko"]), member_sids=members)
    reads = [read(run, [worlds.person("aiko")], [staff])]
    zoe = replace(worlds.person("zoe"), key=ZOE, sid=SID, dn="uid=zoe,o=lab", dn_normalised="uid=zoe,o=lab")
    (corp,) = run.settings.directories
    run.settings = replace(run.settings, directories=(corp, replace(corp, settings=replace(corp.settings, name="lab"))))
    if lab_answers:
        return believe(run, (*reads, read(run, [zoe], [], "lab")))
    return believe(run, (*reads, Unread("lab", DirectoryUnavailable("away", "Look at it."))))


def with_snapshot(run: Run) -> Run:
    """Let the service have aiko and zoe in the group."""
    with replaced_snapshot(run.lease) as snapshot:
        snapshot.add([worlds.known("aiko"), replace(worlds.known("zoe"), key=ZOE)])
        snapshot.add([worlds.known("staff", resource_type=ResourceType.GROUP)])
        snapshot.add_members(STAFF, [key("aiko"), ZOE])
    return run


def leaving(run: Run, state: Believed) -> set[Key]:
    """Return who would leave a group, held or not."""
    found = compare(run, state, None).difference
    proposed = [*found.operations, *(one.operation for one in (*found.held, *found.blocked))]
    return {key for one in proposed if isinstance(one, ChangeMembers) for key in one.removed}


def notes(run: Run, rule: str) -> list[Finding]:
    """Return the findings of one rule."""
    return [finding for finding in run.findings if finding.rule == rule]


def test_somebody_of_another_directory_is_a_member(start: StartRun) -> None:
    """Her SID leads to her, and nothing is said."""
    run = with_snapshot(start(ScriptedProvider()))
    state = believed(run)
    assert set(zip(state.desired.members.group, state.desired.members.member, strict=True)) == {
        (STAFF, key("aiko")),
        (STAFF, ZOE),
    }
    assert leaving(run, state) == set()
    assert notes(run, "foreign-member") == []


def test_directory_of_the_member_is_down(start: StartRun) -> None:
    """She does not leave a group because her own directory could not be read."""
    run = with_snapshot(start(ScriptedProvider()))
    assert leaving(run, believed(run, lab_answers=False)) == set()


def test_member_of_another_directory_leaves(start: StartRun) -> None:
    """With both directories read, the group's word counts."""
    run = with_snapshot(start(ScriptedProvider()))
    assert leaving(run, believed(run, members=())) == {ZOE}


def test_principals_of_no_directory_are_said_as_what_they_are(start: StartRun) -> None:
    """One note, with the SID."""
    run = start(ScriptedProvider())
    believed(run, members=(SID, ELSEWHERE))
    (note,) = notes(run, "foreign-member")
    assert note.message.startswith("1 members of 1 group are principals of a domain")
    assert note.subjects == (ELSEWHERE,)


def test_members_outside_the_filters_are_one_note(start: StartRun) -> None:
    """Some names and the count; by GUID, the name that the directory had given."""
    run = start(ScriptedProvider())
    groups = [worlds.group(name, [f"out{number}" for number in range(6)]) for name in ("one", "two")]
    by_guid = replace(worlds.group("three"), member_guids=((GUID, "CN=Taro,DC=lab"), ("0" + GUID[1:-1] + "0", "CN=x")))
    believe(run, (read(run, [], [by_guid, *groups]),))
    (note,) = notes(run, "member-outside")
    assert note.message.startswith("8 members of 3 groups are not among the entries that were read")
    assert "and 3 more" in note.message
    assert len(note.subjects) == 5


def test_names_behind_guids(start: StartRun) -> None:
    """A member by GUID is called by its name."""
    run = start(ScriptedProvider())
    group = replace(worlds.group("three"), member_guids=((GUID, "CN=Taro,DC=lab"),))
    believe(run, (read(run, [], [group]),))
    assert notes(run, "member-outside")[0].subjects == ("CN=Taro,DC=lab",)


def test_guids_are_looked_up_only_where_an_entry_hides_its_own(start: StartRun) -> None:
    """An identity that no entry has is nobody of ours, unless an entry does not show its identity."""
    run = start(ScriptedProvider())
    group = replace(worlds.group("staff"), uuid="g", member_guids=((GUID, "CN=Taro,DC=lab"),))
    shown = believe(run, (read(run, [replace(worlds.person("aiko"), uuid="a")], [group]),))
    assert shown.unresolved == {}
    hidden = believe(run, (read(run, [worlds.person("aiko")], [group]),))
    assert hidden.unresolved == {STAFF: (f"<GUID={GUID}>",)}
