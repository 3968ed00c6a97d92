"""Re-created accounts at the IIJ ID Service, the ways out, and tenants that behave otherwise than is assumed.

The service is our emulator of it, not IIJ's.
"""

from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

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
from tests.integration.iij import DOMAIN, Moved, dn_of, login, moved_over
from tests.integration.iij_steps import OUT_OF_SCOPE, at_emulator, change, delete, groups_of, hire, state, sync


@pytest.fixture
def moved(tmp_path: Path) -> Iterator[Moved]:
    """A dozen colleagues, in step with the emulator."""
    with at_emulator(tmp_path / "installed") as pair:
        yield pair


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


def test_a_tenant_with_the_other_form_of_guids_is_told_from_namesakes(moved: Moved) -> None:
    """All are held at the first run, the remedy names the setting, and with it everybody is adopted as she is."""
    service = moved.service
    assert isinstance(service, EmbeddedService)
    moved.program.values["linked"] = ""  # it would change with the form, which is held for a reason of its own
    moved.program.write()
    for kind, resources in (("User", service.store.users), ("Group", service.store.groups)):
        for resource in resources:
            octets = b64decode(resource["externalId"])
            service.store.edit(kind, resource["id"], externalId=str(UUID(bytes_le=octets)))
    moved.program.lose_state()
    said = moved.program("plan")
    assert said.code == 3, said.text
    assert said.out.count("Write `guid_form: hyphenated`") == 2, "of users, and of groups"
    config = moved.program.settings
    config.write_text(config.read_text("utf-8") + "  directory:\n    guid_form: hyphenated\n", encoding="utf-8")
    said = moved.program("sync", "--apply")
    assert said.code == 0, said.text
    assert "12 entries = 12 adopted" in said.out
    # A mere namesake is none of these.
    hire("taro")(moved)
    service.store.edit("User", (moved.user("aoi") or {})["id"], userName=login("taro"), externalId="4711")
    moved.program.lose_state()
    assert "guid_form" not in moved.program("plan").text


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
        assert {name for name, members in groups_of(moved).items() if "aoi" in members} == {"sales"}
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
