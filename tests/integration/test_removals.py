"""Who is removed, and who is not: bad reads remove nobody, mass leaves wait for a person, single leavers flow."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from ldap2scim.run import full_read
from ldap2scim.sandbox.directory import OPENLDAP, EmbeddedDirectory, embedded_directory
from ldap2scim.sandbox.world import BASE_DN, DEPARTMENTS, GROUPS_DN, PEOPLE_DN
from tests.contract.directories import Addressed
from tests.integration.comparing import differences
from tests.integration.conftest import StartPair
from tests.integration.days import hire
from tests.integration.ldap import Found
from tests.integration.pairs import SMALL, Pair, world
from tests.servers.slapd import SlapdOptions, running_slapd

HALF = tuple(f"ou={name},{PEOPLE_DN}" for name, _ in DEPARTMENTS[:4])
Broken: TypeAlias = Callable[..., Addressed]
"""Takes options of slapd (`size_limit`, `hidden_subtrees`) or `ldif`, and gives a second directory of that name."""


@pytest.fixture
def loaded(start_pair: StartPair) -> Pair:
    """Either pair after its first load of 120 people in 12 groups."""
    pair = start_pair()
    assert pair.program("sync", "--apply").code == 0
    pair.service.clear_requests()
    return pair


@pytest.fixture
def broken(loaded: Pair, tmp_path: Path) -> Iterator[Broken]:
    """Put a broken directory of the same make in the place of the sound one."""
    with ExitStack() as running:

        def start(ldif: str = "", **options: Any) -> Addressed:
            directory: Addressed
            if isinstance(loaded.directory, EmbeddedDirectory):
                hidden = options.pop("hidden_subtrees", ())
                wanted = replace(OPENLDAP, **options)
                directory = running.enter_context(embedded_directory(ldif or world(SMALL), wanted))
                for subtree in hidden:
                    directory.hide(subtree)
            else:
                limited = SlapdOptions(BASE_DN, **options)
                directory = running.enter_context(running_slapd(tmp_path / "broken", ldif or world(SMALL), limited))
            loaded.program.directory["port"] = directory.port
            loaded.program.write()
            return directory

        yield start


def assert_refused(pair: Pair, *words: str) -> None:
    """No command removes anybody, however often it is called; each says why, with exit code 3."""
    for arguments in (("plan",), ("sync", "--apply"), ("sync", "--apply"), ("recover", "--apply")):
        said = pair.program(*arguments)
        assert said.code == 3, said.text
        assert "Traceback" not in said.text
        for word in words:
            assert word in said.text, said.text
    assert pair.writes() == 0


def assert_right_after_mending(pair: Pair) -> None:
    """With the sound directory, the next run has nothing to do."""
    pair.program.directory["port"] = pair.directory.port
    pair.program.directory.pop("users", None)
    pair.program.write()
    said = pair.program("sync", "--apply")
    assert (said.code, pair.writes()) == (0, 0), said.text
    assert differences(pair) == []


def test_an_empty_directory(loaded: Pair, broken: Broken) -> None:
    """A base that exists with nobody below it removes nobody."""
    broken("\n\n".join(world(SMALL).split("\n\n")[:11]) + "\n")
    assert_refused(loaded, "no user at all")
    assert_right_after_mending(loaded)


def test_a_filter_that_selects_nothing(loaded: Pair) -> None:
    """A user filter that nobody matches removes nobody, and is shown."""
    loaded.program.directory["users"] = {"filter": "(employeeType=nobody)"}
    loaded.program.write()
    assert_refused(loaded, "no user at all", "(employeeType=nobody)")
    assert_right_after_mending(loaded)


def test_an_answer_cut_by_a_size_limit(loaded: Pair, broken: Broken) -> None:
    """An answer that ends at the server's limit is no read at all."""
    broken(size_limit=50)
    assert_refused(loaded, "limit")
    assert_right_after_mending(loaded)


def test_half_of_the_directory_hidden(loaded: Pair, broken: Broken) -> None:
    """A broken access rule makes half of the people invisible: the read is visibly short, and nobody is removed."""
    broken(hidden_subtrees=HALF)
    assert_refused(loaded, "120", "approve")
    assert_right_after_mending(loaded)


def test_all_groups_hidden(loaded: Pair, broken: Broken) -> None:
    """When no group can be seen any more, no group is deleted and nobody leaves one."""
    broken(hidden_subtrees=(GROUPS_DN,))
    assert_refused(loaded, "group")
    assert_right_after_mending(loaded)


def test_the_source_anchor_hidden(embedded_pair: Pair) -> None:
    """Entries whose anchor cannot be read any more are found by their name, and nobody is removed."""
    pair = embedded_pair
    assert isinstance(pair.directory, EmbeddedDirectory)
    assert pair.program("sync", "--apply").code == 0
    pair.service.clear_requests()
    pair.directory.withhold("entryUUID")
    assert_refused(pair, "entryUUID")
    pair.directory.mend()
    assert_right_after_mending(pair)


def test_hired_while_the_source_anchor_was_hidden(embedded_pair: Pair) -> None:
    """Nobody is removed while she may be anybody; once her anchor can be read she comes, and leavers leave again."""
    pair = embedded_pair
    assert isinstance(pair.directory, EmbeddedDirectory)
    assert pair.program("sync", "--apply").code == 0
    leaver = pair.administrator.people()[0]
    pair.directory.withhold("entryUUID")
    newcomer = hire(pair.administrator, 9001)
    pair.administrator.dismiss(leaver.dn)
    assert pair.program("sync", "--apply").code == 3
    pair.directory.mend()

    said = pair.program("sync", "--apply")
    assert (said.code, "read-contradicts-itself" in said.text) == (0, False), said.text
    assert newcomer in pair.console.users()
    assert login_of(leaver) not in active(pair)
    assert pair.program("sync", "--apply").code == 0


@pytest.mark.parametrize("anchored", [True, False], ids=["anchored", "without an anchor"])
def test_left_out_and_named_when_asked_again(
    embedded_pair: Pair, monkeypatch: pytest.MonkeyPatch, anchored: bool
) -> None:
    """Whom a full read leaves out and the second question names has not left; nor has whom she may be."""
    pair, directory = embedded_pair, embedded_pair.directory
    assert isinstance(directory, EmbeddedDirectory)
    pair.program.directory["full_read_every"] = 0
    pair.program.write()
    assert pair.program("sync", "--apply").code == 0
    somebody = pair.administrator.people()[0]
    name = somebody.dn
    if not anchored:
        directory.withhold("entryUUID")
        name = pair.administrator.rename(somebody.dn, f"cn={somebody.text('cn')}")
        assert pair.program("sync", "--apply").code == 3
    directory.hide(name)
    asked_again = full_read.ask_again

    def shown(*arguments: Any) -> Any:
        directory.mend()
        if not anchored:
            directory.withhold("entryUUID")
        return asked_again(*arguments)

    monkeypatch.setattr(full_read, "ask_again", shown)
    said = pair.program("sync", "--apply", "--json")
    assert [one["subjects"] for one in said.document["findings"] if one["rule"] == "read-contradicts-itself"] == [
        [name]
    ]
    assert login_of(somebody) in active(pair), said.text


def test_a_mapped_attribute_hidden(embedded_pair: Pair) -> None:
    """An attribute that disappears from everybody is an accident: the updates are held, with the attribute's path."""
    pair = embedded_pair
    assert isinstance(pair.directory, EmbeddedDirectory)
    assert pair.program("sync", "--apply").code == 0
    pair.service.clear_requests()
    pair.directory.withhold("mail")
    assert_refused(pair, "emails")
    pair.directory.mend()
    assert_right_after_mending(pair)


def login_of(person: Found) -> str:
    """Return the login of an entry."""
    return str(person.text("uid"))


def active(pair: Pair) -> set[str]:
    """Return who is active at the service."""
    return {name for name, user in pair.console.users().items() if user["active"]}


def plan_id(pair: Pair) -> str:
    """Return the id of the plan that is held now."""
    found: str = pair.program("plan", "--json").document["plan_id"]
    return found


def test_a_few_leavers_flow(loaded: Pair) -> None:
    """Leavers below the limit need nobody's approval."""
    leavers = loaded.administrator.people()[:4]
    loaded.administrator.dismiss(*(leaver.dn for leaver in leavers))
    assert loaded.program("sync", "--apply").code == 0
    assert differences(loaded, left=map(login_of, leavers)) == []
    assert loaded.program("sync", "--apply").code == 0


@pytest.mark.parametrize("count", [8, 30])
def test_a_mass_leave_waits_for_a_person(loaded: Pair, count: int) -> None:
    """More leavers than the limit are held, all of them; approved, exactly they leave, and the run after it is idle.

    8 of 120 are above the limit of 6; 30 also make the read a visibly short one.
    """
    leavers = loaded.administrator.people()[:count]
    loaded.administrator.dismiss(*(leaver.dn for leaver in leavers))
    said = loaded.program("sync", "--apply")
    assert said.code == 3
    assert "approve" in said.out
    assert len(active(loaded)) == 120
    assert loaded.program("approve", plan_id(loaded)[:12]).code == 0
    said = loaded.program("sync", "--apply")
    assert said.code == 0, said.text
    assert differences(loaded, left=map(login_of, leavers)) == []
    loaded.service.clear_requests()
    said = loaded.program("sync", "--apply")
    assert (said.code, loaded.writes()) == (0, 0), said.text
    assert loaded.program("drift").code == 0


def test_an_approval_covers_nothing_new(loaded: Pair) -> None:
    """Somebody who leaves after the approval is not covered by it."""
    leavers = loaded.administrator.people()[:9]
    loaded.administrator.dismiss(*(leaver.dn for leaver in leavers[:8]))
    held = plan_id(loaded)
    loaded.administrator.dismiss(leavers[8].dn)
    said = loaded.program("sync", "--apply", "--approve", held)
    assert said.code == 0, said.text
    assert "not in plan" in said.text
    assert login_of(leavers[8]) in active(loaded)
    assert active(loaded).isdisjoint(map(login_of, leavers[:8]))
    assert loaded.program("sync", "--apply", "--approve", plan_id(loaded)).code == 0
    assert differences(loaded, left=map(login_of, leavers)) == []


def test_an_approval_is_good_once(loaded: Pair) -> None:
    """A plan that was approved cannot be approved again, and an id that nobody has is refused."""
    leavers = loaded.administrator.people()[:8]
    loaded.administrator.dismiss(*(leaver.dn for leaver in leavers))
    held = plan_id(loaded)
    assert loaded.program("approve", held).code == 0
    assert loaded.program("approve", held).code == 3
    assert loaded.program("approve", "0" * 64).code == 1


def test_an_approval_that_was_not_needed_lapses(embedded_pair: Pair) -> None:
    """An approval is for the next run: once the directory was whole again, the same accident is held again."""
    pair = embedded_pair
    assert isinstance(pair.directory, EmbeddedDirectory)
    assert pair.program("sync", "--apply").code == 0
    pair.service.clear_requests()
    for subtree in HALF:
        pair.directory.hide(subtree)
    assert pair.program("approve", plan_id(pair)).code == 0
    pair.directory.mend()
    assert pair.program("sync", "--apply").code == 0
    for subtree in HALF:
        pair.directory.hide(subtree)
    said = pair.program("sync", "--apply")
    assert (said.code, pair.writes()) == (3, 0), said.text


def test_many_members_leaving_one_group_wait_for_a_person(loaded: Pair) -> None:
    """A group that loses most of its members keeps them all until somebody says so."""
    group = loaded.administrator.group("everybody")
    loaded.administrator.take(group.dn, "member", *group.texts("member")[:40])
    assert loaded.program("sync", "--apply").code == 3
    assert loaded.writes() == 0
    assert loaded.program("sync", "--apply", "--approve", plan_id(loaded)).code == 0
    assert differences(loaded) == []
