"""The tables of the Directory Sync manual: what happens to users and groups, row by row, by the real program.

From an Active Directory, with config.yml as Directory Sync reads it, to the emulator of the IIJ ID Service (ours, not
IIJ's); what is plain SCIM also to scim2-server, which we did not write.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from ldap2scim.sandbox.service import (
    Assumptions,
    EmbeddedService,
    Leaving,
    PendingReads,
    Restoring,
    UserState,
    embedded_service,
    iij_id,
)
from tests.integration.conftest import Scim2Servers
from tests.integration.iij import DISABLED, DOMAIN, ENABLED, GROUPS, SALES, TEAMS, Moved, dn_of, login, moved_over

Step: TypeAlias = Callable[[Moved], Any]
IIJ, SCIM2 = "emulator", "scim2-server"


@pytest.fixture
def moved(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Moved]:
    """A dozen colleagues, in step with the service that the test names (without a name, the emulator)."""
    if getattr(request, "param", IIJ) == SCIM2:
        servers: Scim2Servers = request.getfixturevalue("scim2_servers")
        with moved_over(tmp_path / "installed", servers.get("standard"), profile="generic") as pair:
            yield pair
    else:
        with (
            embedded_service(iij_id(frozenset({DOMAIN}))) as service,
            moved_over(tmp_path / "installed", service) as pair,
        ):
            yield pair


def state(moved: Moved, name: str) -> str | None:
    """Return how a user stands at the service: active, disabled, pending deletion, or None where there is none."""
    if isinstance(moved.service, EmbeddedService):
        found = moved.service.store.state(login(name))
        return None if found is None else found.value
    user = moved.user(name)
    return None if user is None else "active" if user.get("active", True) else "disabled"


def hire(name: str, **attributes: list[str]) -> Step:
    """Return a step that adds a person."""
    return lambda moved: moved.hire(name, **attributes)


def change(name: str, **attributes: list[str]) -> Step:
    """Return a step that changes attributes of a person."""
    return lambda moved: moved.administrator.replace(dn_of(name), **attributes)


def delete(name: str) -> Step:
    """Return a step that deletes a person."""
    return lambda moved: moved.administrator.delete(dn_of(name))


def sync(moved: Moved) -> None:
    """Bring the service in step, as before the event of a row."""
    assert moved.sync() == 0


@dataclass(frozen=True)
class UserRow:
    """One row of the manual's table about users; all of them are about Aoi, but for creations."""

    event: str
    before: tuple[Step, ...]
    state_before: str | None
    does: tuple[Step, ...]
    state_after: str | None
    plain: bool = True
    """Whether it is plain SCIM, so that any service shows it."""
    name: str = "aoi"
    code: int = 0
    attributes: tuple[tuple[str, Any], ...] = ()
    """What the user has afterwards."""


OUT_OF_SCOPE: list[str] = []
USER_TABLE = (
    UserRow("created, enabled", (), None, (hire("new"),), "active", name="new"),
    UserRow("created, disabled", (), None, (hire("new", userAccountControl=DISABLED),), "disabled", name="new"),
    UserRow("updated", (), "active", (change("aoi", title=["課長"]),), "active", attributes=(("title", "課長"),)),
    UserRow("deleted", (), "active", (delete("aoi"),), "pending deletion", plain=False),
    UserRow("disabled", (), "active", (change("aoi", userAccountControl=DISABLED),), "disabled"),
    UserRow(
        "enabled",
        (change("aoi", userAccountControl=DISABLED), sync),
        "disabled",
        (change("aoi", userAccountControl=ENABLED),),
        "active",
    ),
    UserRow(
        "leaves the scope",
        (),
        "active",
        (change("aoi", extensionAttribute1=OUT_OF_SCOPE),),
        "pending deletion",
        plain=False,
    ),
    UserRow(
        "comes back into scope",
        (change("aoi", extensionAttribute1=OUT_OF_SCOPE), sync),
        "pending deletion",
        (change("aoi", extensionAttribute1=["idaas"], title=["部長"]),),
        "active",
        plain=False,
        attributes=(("title", "部長"),),
    ),
    UserRow(
        "comes back disabled",
        (change("aoi", extensionAttribute1=OUT_OF_SCOPE), sync),
        "pending deletion",
        (change("aoi", extensionAttribute1=["idaas"], userAccountControl=DISABLED),),
        "disabled",
        plain=False,
    ),
    UserRow(
        "re-created",
        (delete("aoi"), sync),
        "pending deletion",
        (hire("aoi"),),
        "pending deletion",
        plain=False,
        code=3,
    ),
)
CASES = [
    *(pytest.param(row, IIJ, id=f"{row.event}-{IIJ}") for row in USER_TABLE),
    *(pytest.param(row, SCIM2, id=f"{row.event}-{SCIM2}") for row in USER_TABLE if row.plain),
]


@pytest.mark.parametrize(("row", "moved"), CASES, indirect=["moved"])
def test_what_happens_to_users(row: UserRow, moved: Moved) -> None:
    """Each row: the state before, one event in the directory, one run, the state after; then nothing is left to do."""
    identifier = (moved.user(row.name) or {}).get("id")
    for step in row.before:
        step(moved)
    assert state(moved, row.name) == row.state_before
    for step in row.does:
        step(moved)
    assert moved.program("plan").code == (row.code or 2)
    assert state(moved, row.name) == row.state_before
    said = moved.program("sync", "--apply")
    assert said.code == row.code, said.text
    assert state(moved, row.name) == row.state_after
    if row.state_after in {"active", "disabled"}:
        user = moved.user(row.name) or {}
        assert user["id"] == (identifier or user["id"])
        assert {name: user.get(name) for name, _ in row.attributes} == dict(row.attributes)
    moved.service.clear_requests()
    assert moved.program("sync", "--apply").code == row.code
    assert moved.service.writes() == ()


def test_a_return_under_another_login_is_an_error(moved: Moved) -> None:
    """Restored is whose login and external ID both match; with another login the service refuses, and we say so."""
    change("aoi", extensionAttribute1=OUT_OF_SCOPE)(moved)
    sync(moved)
    change("aoi", extensionAttribute1=["idaas"], userPrincipalName=[login("aoi.tanaka")])(moved)
    said = moved.program("sync", "--apply")
    assert said.code == 1
    assert "409" in said.out
    assert "give it back its login" in said.out
    assert (state(moved, "aoi"), state(moved, "aoi.tanaka")) == ("pending deletion", None)
    change("aoi", userPrincipalName=[login("aoi")])(moved)
    assert moved.sync() == 0
    assert state(moved, "aoi") == "active"


def test_an_account_that_expired_is_disabled_by_the_clock(moved: Moved) -> None:
    """`accountExpires` in the past disables, as `userAccountControl` does: both must say enabled."""
    change("aoi", accountExpires=["130000000000000000"])(moved)
    assert moved.sync() == 0
    assert state(moved, "aoi") == "disabled"
    change("aoi", accountExpires=["0"])(moved)
    assert moved.sync() == 0
    assert state(moved, "aoi") == "active"


@dataclass(frozen=True)
class GroupRow:
    """One row of the manual's table about groups, and those that it leaves out."""

    event: str
    does: Step
    after: dict[str, frozenset[str]]
    """Names of the groups afterwards, and the logins of their members."""
    sales: str | None = "sales"
    """The name of the group of Sales afterwards, under the id that it had; None: it has gone."""


MEMBERS = frozenset({"aoi", "ren"})
GROUP_TABLE = (
    GroupRow("created", lambda m: m.found_group("new", dn_of("sho")), {"sales": MEMBERS, "new": frozenset({"sho"})}),
    GroupRow("created, empty", lambda m: m.found_group("new"), {"sales": MEMBERS, "new": frozenset()}),
    GroupRow(
        "members changed",
        lambda m: m.administrator.replace(SALES, member=[dn_of("ren"), dn_of("sho")]),
        {"sales": frozenset({"ren", "sho"})},
    ),
    GroupRow("renamed", lambda m: m.administrator.rename(SALES, "CN=selling"), {"selling": MEMBERS}, sales="selling"),
    GroupRow(
        "a group in a group",
        lambda m: m.administrator.insert(SALES, "member", f"CN={TEAMS[0]},{GROUPS}"),
        {"sales": MEMBERS},
    ),
    GroupRow("deleted", lambda m: m.administrator.delete(SALES), {}, sales=None),
    GroupRow(
        "leaves the scope", lambda m: m.administrator.replace(SALES, extensionAttribute1=OUT_OF_SCOPE), {}, sales=None
    ),
    GroupRow("a member left", lambda m: m.administrator.delete(dn_of("aoi")), {"sales": frozenset({"ren"})}),
)
GROUP_CASES = [pytest.param(row, where, id=f"{row.event}-{where}") for row in GROUP_TABLE for where in (IIJ, SCIM2)]


def _groups(moved: Moved) -> dict[str, frozenset[str]]:
    logins = {user["id"]: user["userName"].partition("@")[0] for user in moved.console.users().values()}
    return {
        name: frozenset(logins[member["value"]] for member in group.get("members", ()))
        for name, group in moved.console.groups().items()
    }


@pytest.mark.parametrize(("row", "moved"), GROUP_CASES, indirect=["moved"])
def test_what_happens_to_groups(row: GroupRow, moved: Moved) -> None:
    """Each row: one event, one run; a group that goes is deleted at once, and no group becomes a member."""
    identifier = moved.console.groups()["sales"]["id"]
    row.does(moved)
    said = moved.program("sync", "--apply")
    assert said.code == 0, said.text
    assert _groups(moved) == {**{team: frozenset({"ken"}) for team in TEAMS}, **row.after}
    if row.sales is not None:
        assert moved.console.groups()[row.sales]["id"] == identifier
    moved.service.clear_requests()
    assert moved.sync() == 0
    assert moved.service.writes() == ()


def test_a_re_created_group_is_made_anew(moved: Moved) -> None:
    """The old group goes at once and the new one, of the same name and another ID, waits for a person."""
    moved.administrator.delete(SALES)
    moved.found_group("sales", dn_of("ren"))
    said = moved.program("sync", "--apply", "--json")
    assert said.code == 3
    assert "sales" not in moved.console.groups()
    assert moved.program("approve", said.document["plan_id"]).code == 0
    assert moved.sync() == 0
    assert _groups(moved)["sales"] == frozenset({"ren"})


def test_two_groups_of_one_name_cannot_both_be_there(moved: Moved) -> None:
    """Names are unique in a tenant: the second group is held before anything is sent, and nothing is renamed."""
    other = f"CN=other,{GROUPS}"
    moved.administrator.add(
        other, ["group"], cn=["sales"], objectCategory=["group"], extensionAttribute1=["idaas"], member=[dn_of("ren")]
    )
    said = moved.program("sync", "--apply")
    assert said.code == 3, said.text
    assert other in said.out
    assert _groups(moved) == {**{team: frozenset({"ken"}) for team in TEAMS}, "sales": MEMBERS}


# Re-created accounts: the four rows, the ways out.


def _re_create(moved: Moved, **attributes: list[str]) -> str:
    """Delete Aoi, have her removed, add her again, and return the id that she had."""
    identifier = str((moved.user("aoi") or {})["id"])
    delete("aoi")(moved)
    sync(moved)
    hire("aoi", **attributes)(moved)
    return identifier


def test_a_re_created_account_is_held_with_the_row_that_fails(moved: Moved) -> None:
    """The plan names both possible rows, says that the worse one decides, and nothing is asked of the service."""
    _re_create(moved)
    moved.service.clear_requests()
    said = moved.program("sync", "--apply")
    assert said.code == 3
    for words in ("row 3, where", "row 4, where", "row 3 is the worse one and decides", "ldap2scim keep", "purge"):
        assert words in said.out
    assert moved.service.writes() == ()


def test_keeping_the_old_id_restores_the_account(moved: Moved) -> None:
    """`keep`: recorded with who decided; the next run restores the old user, whose IDs stay what they were."""
    before = dict(moved.user("aoi") or {})
    identifier = _re_create(moved, title=["部長"])
    assert moved.program("plan").code == 3
    said = moved.program("keep", login("aoi"), "--by", "hanako")
    assert said.code == 0
    assert "hanako" in said.out
    said = moved.program("plan")
    assert (said.code, "row 1, where" in said.out, "row 3" in said.out) == (2, True, False)
    assert moved.sync() == 0
    after = dict(moved.user("aoi") or {})
    assert (state(moved, "aoi"), after["id"], after["title"]) == ("active", identifier, "部長")
    assert after["externalId"] == before["externalId"]
    (linked,) = [name for name in before if name.startswith("urn:iij")]
    assert after[linked] == before[linked]
    (one,) = moved.program("keep", "--json").document["kept"]
    assert (one["login"], one["decided_by"]) == (login("aoi"), "hanako")
    change("aoi", title=["会長"])(moved)
    assert moved.sync() == 0  # the decision outlives the run
    assert (moved.user("aoi") or {})["externalId"] == before["externalId"]
    assert moved.program("drift").code == 0


def test_a_decision_can_be_taken_back_and_names_must_be_known(moved: Moved) -> None:
    """`--end` puts the plan back to the failing row; nobody, and somebody who is at the service, can keep no old ID."""
    _re_create(moved)
    assert moved.program("plan").code == 3
    for who, words in (("nobody", "Nobody in scope"), (login("ren"), "at the service already")):
        said = moved.program("keep", who)
        assert said.code == 1
        assert words in said.err
    assert moved.program("keep", dn_of("aoi")).code == 0
    assert moved.program("plan").code == 2
    assert moved.program("keep", dn_of("aoi"), "--end").code == 0
    said = moved.program("plan")
    assert (said.code, "row 3 is the worse one" in said.out) == (3, True)
    assert "Nobody keeps an old ID" in moved.program("keep").out


def test_after_a_purge_the_approved_account_is_created(moved: Moved) -> None:
    """The other way out; approved too early, the service refuses and the run says what to do."""
    identifier = _re_create(moved)
    plan = moved.program("plan", "--json").document["plan_id"]
    assert moved.program("approve", plan).code == 0
    said = moved.program("sync", "--apply")
    assert said.code == 1
    assert "409" in said.out
    assert "purge that one in the console" in said.out
    assert isinstance(moved.service, EmbeddedService)
    assert moved.service.store.purge(login("aoi")) == 1
    plan = moved.program("plan", "--json").document["plan_id"]
    assert moved.program("approve", plan).code == 0
    assert moved.sync() == 0
    assert (moved.user("aoi") or {})["id"] != identifier
    assert moved.program("drift").code == 0


def test_a_stable_external_id_makes_no_error(tmp_path: Path) -> None:
    """With the external ID bound to the login, and no linking ID, a re-created account is restored without a word."""
    with embedded_service(iij_id(frozenset({DOMAIN}))) as service, moved_over(tmp_path / "installed", service) as moved:
        moved.program.values |= {"external_id": "userPrincipalName", "linked": ""}
        moved.program.write()
        assert moved.sync() == 3  # a mass change, see below
        plan = moved.program("plan", "--json").document["plan_id"]
        assert moved.program("sync", "--apply", "--approve", plan).code == 0
        identifier = _re_create(moved)
        said = moved.program("sync", "--apply")
        assert said.code == 0, said.text
        assert "row 1, where" in said.out
        assert (state(moved, "aoi"), (moved.user("aoi") or {})["id"]) == ("active", identifier)


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"external_id": "userPrincipalName"}, "external_id"),
        ({"linked": "\n          downstreamId: mail"}, "downstream_id"),
    ],
)
def test_a_changed_mapping_of_an_id_is_the_mass_change_that_it_is(
    moved: Moved, values: dict[str, str], path: str
) -> None:
    """Everybody's ID would change: all of it is held, in words that say so, and the service is not asked."""
    moved.program.values |= values
    moved.program.write()
    moved.service.clear_requests()
    said = moved.program("sync", "--apply")
    assert said.code == 3, said.text
    assert f"`{path}` would change for 12 users of 12" in said.out
    assert "mass change" in said.out
    assert moved.service.writes() == ()


TURNED_ROUND = {
    "restored by activation": (
        Assumptions(restoring=Restoring.BY_ACTIVATION, pending_reads=PendingReads.SHOWN),
        "restore: activate",
    ),
    "restored by activation, unseen": (Assumptions(restoring=Restoring.BY_ACTIVATION), "restore: activate"),
    "deleted for good": (Assumptions(user_leaving=Leaving.FINAL), "deletion: final"),
    "updated by PUT": (Assumptions(patch_supported=False), "update: put"),
    "listed by GET": (Assumptions(), "listing: get"),
}


@pytest.mark.parametrize("name", TURNED_ROUND)
def test_an_assumption_that_is_wrong_is_put_right_in_the_settings(tmp_path: Path, name: str) -> None:
    """A tenant that behaves otherwise needs one line in config.yml: people change, leave and come back all the same."""
    assumed, line = TURNED_ROUND[name]
    personality = iij_id(frozenset({DOMAIN}), assumed)
    with embedded_service(personality) as service, moved_over(tmp_path / "installed", service, assume=line) as moved:
        identifier = (moved.user("aoi") or {})["id"]
        change("aoi", title=["課長"])(moved)
        sync(moved)
        change("aoi", extensionAttribute1=OUT_OF_SCOPE)(moved)
        sync(moved)
        final = assumed.user_leaving is Leaving.FINAL
        assert state(moved, "aoi") == (None if final else "pending deletion")
        change("aoi", extensionAttribute1=["idaas"], title=["部長"])(moved)
        assert moved.sync() == 0
        user = moved.user("aoi") or {}
        assert (user["active"], user["title"], user["id"] == identifier) == (True, "部長", not final)
        assert {name for name, members in _groups(moved).items() if "aoi" in members} == {"sales"}
        assert moved.program("drift").code == 0


@pytest.mark.parametrize("reads", list(PendingReads), ids=lambda reads: reads.name.lower())
def test_the_rows_do_not_rest_on_what_reads_show(tmp_path: Path, reads: PendingReads) -> None:
    """Whether searches show users in pending deletion is not documented: recover and a return work either way."""
    personality = iij_id(frozenset({DOMAIN}), Assumptions(pending_reads=reads))
    with embedded_service(personality) as service, moved_over(tmp_path / "installed", service) as moved:
        identifier = (moved.user("aoi") or {})["id"]
        change("aoi", extensionAttribute1=OUT_OF_SCOPE)(moved)
        sync(moved)
        assert service.store.state(login("aoi")) is UserState.PENDING
        assert moved.program("drift").code == 0
        assert moved.program("recover", "--apply").code == 0
        change("aoi", extensionAttribute1=["idaas"])(moved)
        assert moved.sync() == 0
        assert (state(moved, "aoi"), (moved.user("aoi") or {})["id"]) == ("active", identifier)
