"""The four rows of the manual's table on re-created accounts: what the plan foretells is what happens behind.

Behind the emulator of the IIJ ID Service stands a model of Microsoft 365 (ours), which follows it by the linking ID.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ldap2scim.sandbox.service import EmbeddedService, UserState, embedded_service, iij_id
from tests.integration.iij import DOMAIN, Moved, dn_of, login, moved_over

IIJ_USER = "urn:iij:params:scim:schemas:extension:enterprisejp:2.0:User"
AOI = login("aoi")


@dataclass
class Microsoft365:
    """Accounts by immutable ID, as the manual says that the service makes, blocks and unblocks them."""

    logins: dict[str, str] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    """Logins whose linking failed as a duplicate."""

    def follow(self, service: EmbeddedService) -> None:
        """Take over what the service has now; who is there no more stays as he was."""
        for user in (*service.store.users, *service.store.pending):
            name = user["userName"]
            immutable_id = user.get(IIJ_USER, {}).get("downstreamId") or user["externalId"]
            if immutable_id not in self.logins and name in self.logins.values():
                self.failed.add(name)
                continue
            self.logins[immutable_id] = name
            self.failed.discard(name)
            if service.store.state(name) is UserState.ACTIVE:
                self.blocked.discard(immutable_id)
            else:
                self.blocked.add(immutable_id)

    def delete_for_good(self, name: str) -> None:
        """Delete an account and what is kept of it."""
        self.logins = {known: owner for known, owner in self.logins.items() if owner != name}

    def id_of(self, name: str) -> str:
        """Return the immutable ID of the one account with this login."""
        (found,) = [known for known, owner in self.logins.items() if owner == name]
        return found


@pytest.fixture
def moved(tmp_path: Path) -> Iterator[Moved]:
    """A dozen colleagues in step with the emulator."""
    with embedded_service(iij_id(frozenset({DOMAIN}))) as service, moved_over(tmp_path / "installed", service) as pair:
        yield pair


@pytest.mark.parametrize(
    ("row", "kept", "gone", "works"),
    [(1, True, False, True), (2, True, True, True), (3, False, False, False), (4, False, True, True)],
    ids=["same and blocked", "same and gone", "different and blocked", "different and gone"],
)
def test_the_row_that_the_plan_names_is_what_happens(
    moved: Moved, row: int, kept: bool, gone: bool, works: bool
) -> None:
    """Linking ID as before by `keep`, another one after a purge; the old account blocked, or deleted for good."""
    service, behind = moved.service, Microsoft365()
    assert isinstance(service, EmbeddedService)
    behind.follow(service)
    old = behind.id_of(AOI)
    moved.administrator.delete(dn_of("aoi"))
    assert moved.sync() == 0
    behind.follow(service)
    assert old in behind.blocked
    moved.hire("aoi")
    if gone:
        behind.delete_for_good(AOI)

    assert moved.program("plan").code == 3
    if kept:
        assert moved.program("keep", AOI).code == 0
    else:
        assert service.store.purge(AOI) == 1
    plan = moved.program("plan")
    assert f"row {row}, where" in plan.out
    if not kept:
        plan_id = moved.program("plan", "--json").document["plan_id"]
        assert moved.program("approve", plan_id).code == 0
    assert moved.sync() == 0
    assert service.store.state(AOI) is UserState.ACTIVE

    behind.follow(service)
    assert (AOI not in behind.failed) is works
    assert (f"row {row} is the worse one" in plan.out) is not works
    if works:
        now = behind.id_of(AOI)
        assert now not in behind.blocked
        assert (now == old) is kept
    else:
        assert old in behind.blocked
        behind.delete_for_good(AOI)  # as the manual says
        behind.follow(service)
        assert AOI not in behind.failed
