"""Nobody leaves a group because a name could not be resolved (DESIGN §6)."""

from dataclasses import dataclass, field, replace

import pytest

from ldap2scim.directory import client
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.settings import Nesting
from ldap2scim.errors import DirectoryError, DirectoryUnavailable, ReadIncomplete
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.members import member_inputs
from ldap2scim.planning.operations import ChangeMembers, Operation
from ldap2scim.planning.proposals import Difference
from ldap2scim.run import unresolved
from ldap2scim.run.believe import Believed, believe
from ldap2scim.run.context import Run
from ldap2scim.run.decide import compare
from ldap2scim.run.unresolved import LookedUp, hold_losses, look_up_unresolved, with_members
from ldap2scim.state.encoding import pack
from ldap2scim.state.image_rows import ImageRow
from ldap2scim.state.snapshot import replaced_snapshot
from tests.run.conftest import StartRun
from tests.run.readings import read
from tests.run.scripted import ScriptedProvider
from tests.state import worlds
from tests.state.worlds import key

MOVED = "uid=aiko,ou=moved,dc=example,dc=com"
STAFF = key("staff")


@dataclass
class Directory:
    """Answers look-ups by name."""

    entries: dict[str, LdapEntry | DirectoryError] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def lookup(self, dn: str, attributes: tuple[str, ...]) -> LdapEntry | None:
        """Return an entry, or fail."""
        del attributes
        self.asked.append(dn)
        found = self.entries.get(dn)
        if isinstance(found, DirectoryError):
            raise found
        return found

    def close(self) -> None:
        """End."""


@pytest.fixture
def directory(monkeypatch: pytest.MonkeyPatch) -> Directory:
    """A directory in the place of the network."""
    asked = Directory()
    monkeypatch.setattr(client, "connect", lambda _: asked)
    return asked


def loss(added: tuple[Key, ...] = (), removed: tuple[Key, ...] = (key("aiko"),)) -> ChangeMembers:
    """Return a change of the group `staff`."""
    return ChangeMembers(STAFF, ResourceType.GROUP, "cn=staff", member_inputs(added, removed), "g", added, removed)


def difference(*operations: Operation) -> Difference:
    """Return a difference of these operations."""
    return Difference(operations, (), (), (), {}, 0, {}, frozenset())


def believed(start: StartRun, reference: str, *others: ImageRow) -> tuple[Run, Believed]:
    """Read aiko under her own name and a group that lists `reference`; return the run and what is believed."""
    run = start(ScriptedProvider())
    group = ImageRow(STAFF, "cn=staff,dc=x", "cn=staff,dc=x", pack({}), members=(reference,))
    return run, believe(run, (read(run, [worlds.person("aiko"), *others], [group]),))


def hold_unresolved_losses(run: Run, state: Believed, given: Difference) -> Difference:
    """Look names up, and hold what is in doubt."""
    return hold_losses(given, look_up_unresolved(run, state, given).doubtful)


def test_renamed_while_it_was_read(start: StartRun, directory: Directory) -> None:
    """A name that leads to somebody of the image is hers: she is a member, and nothing is held for it."""
    run, state = believed(start, MOVED)
    directory.entries[MOVED] = LdapEntry(MOVED, {"entryuuid": (b"aiko",)})
    looked_up = look_up_unresolved(run, state, difference(loss(added=(key("bunta"),))))
    assert looked_up == LookedUp(members={(STAFF, key("aiko"))})
    members = with_members(state, looked_up.members).desired.members
    assert list(zip(members.group, members.member, strict=True)) == [(STAFF, key("aiko"))]


def test_renamed_members_do_not_leave(start: StartRun, directory: Directory) -> None:
    """The plan has nothing for a group whose members were renamed, and holds nothing; it is said once."""
    run, state = believed(start, MOVED)
    directory.entries[MOVED] = LdapEntry(MOVED, {"entryuuid": (b"aiko",)})
    with replaced_snapshot(run.lease) as snapshot:
        snapshot.add([worlds.known("aiko"), worlds.known("bunta")])
        snapshot.add([worlds.known("staff", resource_type=ResourceType.GROUP)])
        snapshot.add_members(STAFF, [key("aiko"), key("bunta")])
    compared = compare(run, state, None).difference
    changes = [one for one in compared.operations if isinstance(one, ChangeMembers)]
    assert [(one.added, one.removed) for one in changes] == [((), (key("bunta"),))]
    assert compared.held == ()
    assert [finding.rule for finding in run.findings if finding.rule == "member-moved"] == ["member-moved"]


@pytest.mark.parametrize(
    ("nesting", "expected"),
    [
        (Nesting.IGNORE, LookedUp()),
        (Nesting.KEEP, LookedUp(members={(STAFF, key("inner"))})),
        (Nesting.FLATTEN, LookedUp(doubtful={STAFF})),
    ],
)
def test_renamed_group_inside(start: StartRun, directory: Directory, nesting: Nesting, expected: LookedUp) -> None:
    """A group that moved is a member where groups are kept; where they are flattened its members are in doubt."""
    run = start(ScriptedProvider())
    (configured,) = run.settings.directories
    changed = replace(configured, settings=replace(configured.settings, nesting=nesting))
    run.settings = replace(run.settings, directories=(changed,))
    group = ImageRow(STAFF, "cn=staff,dc=x", "cn=staff,dc=x", pack({}), members=(MOVED,))
    state = believe(run, (read(run, [], [group, worlds.group("inner")]),))
    directory.entries[MOVED] = LdapEntry(MOVED, {"entryuuid": (b"inner",)})
    assert look_up_unresolved(run, state, difference(loss())) == expected


def test_name_that_nobody_has(start: StartRun, directory: Directory) -> None:
    """A name that the directory does not know is gone, and the loss flows."""
    run, state = believed(start, MOVED)
    given = difference(loss())
    assert hold_unresolved_losses(run, state, given) == given
    assert directory.asked == [MOVED]


def test_somebody_out_of_scope(start: StartRun, directory: Directory) -> None:
    """A name of somebody whom the filters do not select is no reason to wait."""
    run, state = believed(start, MOVED)
    directory.entries[MOVED] = LdapEntry(MOVED, {"entryuuid": (b"stranger",)})
    given = difference(loss())
    assert hold_unresolved_losses(run, state, given) == given


@pytest.mark.parametrize(
    "answer",
    [
        ReadIncomplete("no rights"),
        DirectoryUnavailable("gone away"),
        LdapEntry(MOVED, {}),
    ],
)
def test_what_cannot_be_asked_holds(start: StartRun, directory: Directory, answer: LdapEntry | DirectoryError) -> None:
    """No rights, no connection, no anchor: it is not shown to be gone, so nobody leaves."""
    run, state = believed(start, MOVED)
    directory.entries[MOVED] = answer
    found = hold_unresolved_losses(run, state, difference(loss(added=(key("bunta"),))))
    assert found.operations == (loss(added=(key("bunta"),), removed=()),)
    assert [held.operation for held in found.held] == [loss()]
    assert "could not be resolved" in found.held[0].reasons[0]


def test_directory_that_is_away_holds(start: StartRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not even a connection can be made, nobody leaves."""

    def refuse(_: object) -> Directory:
        raise DirectoryUnavailable("away")

    run, state = believed(start, MOVED)
    monkeypatch.setattr(client, "connect", refuse)
    assert hold_unresolved_losses(run, state, difference(loss())).operations == ()


def test_too_many_to_ask_hold(start: StartRun, directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups beyond the look-ups of one run keep their members."""
    monkeypatch.setattr(unresolved, "MOST_LOOKUPS", 0)
    run, state = believed(start, MOVED)
    assert hold_unresolved_losses(run, state, difference(loss())).operations == ()
    assert directory.asked == []


def test_groups_that_lose_nobody_are_not_asked_about(start: StartRun, directory: Directory) -> None:
    """Only a loss is worth a question."""
    run, state = believed(start, MOVED)
    given = difference(loss(added=(key("bunta"),), removed=()))
    assert hold_unresolved_losses(run, state, given) == given
    assert directory.asked == []


def test_name_that_several_entries_have(start: StartRun, directory: Directory) -> None:
    """A name that has become ambiguous has not left: nobody leaves the group, and nothing is asked."""
    twin = worlds.person("bunta", dn="uid=aiko,ou=people,dc=example,dc=com")
    run, state = believed(start, "uid=aiko,ou=people,dc=example,dc=com", twin)
    found = hold_unresolved_losses(run, state, difference(loss()))
    assert [held.operation for held in found.held] == [loss()]
    assert directory.asked == []
