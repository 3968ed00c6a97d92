"""Nobody leaves a group because a name could not be resolved (DESIGN §6)."""

from dataclasses import dataclass, field

import pytest

from ldap2scim.directory import client
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.errors import DirectoryError, DirectoryUnavailable, ReadIncomplete
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.members import member_inputs
from ldap2scim.planning.operations import ChangeMembers, Operation
from ldap2scim.planning.proposals import Difference
from ldap2scim.run import unresolved
from ldap2scim.run.believe import Believed, believe
from ldap2scim.run.context import Run
from ldap2scim.run.unresolved import hold_unresolved_losses
from ldap2scim.state.encoding import pack
from ldap2scim.state.image_rows import ImageRow
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


def test_renamed_while_it_was_read(start: StartRun, directory: Directory) -> None:
    """A name that leads to somebody of the image had moved: nobody leaves the group, whoever enters does."""
    run, state = believed(start, MOVED)
    directory.entries[MOVED] = LdapEntry(MOVED, {"entryuuid": (b"aiko",)})
    found = hold_unresolved_losses(run, state, difference(loss(added=(key("bunta"),))))
    assert [held.operation for held in found.held] == [loss()]
    assert found.operations == (loss(added=(key("bunta"),), removed=()),)
    assert "could not be resolved" in found.held[0].reasons[0]


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
    found = hold_unresolved_losses(run, state, difference(loss()))
    assert found.operations == ()
    assert [held.operation for held in found.held] == [loss()]


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
