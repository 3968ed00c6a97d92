"""The tables of the Directory Sync manual: what happens to users and groups, row by row, by the real program.

From an Active Directory, with config.yml as Directory Sync reads it, to the emulator of the IIJ ID Service (ours, not
IIJ's); what is plain SCIM also to scim2-server, which we did not write.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Scim2Servers
from tests.integration.iij import DISABLED, ENABLED, GROUPS, SALES, TEAMS, Moved, dn_of, login, moved_over
from tests.integration.iij_steps import OUT_OF_SCOPE, Step, at_emulator, change, delete, groups_of, hire, state, sync

IIJ, SCIM2 = "emulator", "scim2-server"


@pytest.fixture
def moved(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Moved]:
    """A dozen colleagues, in step with the service that the test names (without a name, the emulator)."""
    if getattr(request, "param", IIJ) == SCIM2:
        servers: Scim2Servers = request.getfixturevalue("scim2_servers")
        with moved_over(tmp_path / "installed", servers.get("standard"), profile="generic") as pair:
            yield pair
    else:
        with at_emulator(tmp_path / "installed") as pair:
            yield pair


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


@pytest.mark.parametrize(("row", "moved"), GROUP_CASES, indirect=["moved"])
def test_what_happens_to_groups(row: GroupRow, moved: Moved) -> None:
    """Each row: one event, one run; a group that goes is deleted at once, and no group becomes a member."""
    identifier = moved.console.groups()["sales"]["id"]
    row.does(moved)
    said = moved.program("sync", "--apply")
    assert said.code == 0, said.text
    assert groups_of(moved) == {**{team: frozenset({"ken"}) for team in TEAMS}, **row.after}
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
    assert groups_of(moved)["sales"] == frozenset({"ren"})


def test_two_groups_of_one_name_cannot_both_be_there(moved: Moved) -> None:
    """Names are unique in a tenant: the second group is held before anything is sent, and nothing is renamed."""
    other = f"CN=other,{GROUPS}"
    moved.administrator.add(
        other, ["group"], cn=["sales"], objectCategory=["group"], extensionAttribute1=["idaas"], member=[dn_of("ren")]
    )
    said = moved.program("sync", "--apply")
    assert said.code == 3, said.text
    assert other in said.out
    assert groups_of(moved) == {**{team: frozenset({"ken"}) for team in TEAMS}, "sales": MEMBERS}
