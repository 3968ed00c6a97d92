"""What becomes of an operation that takes access away."""

from dataclasses import replace

import pytest

from ldap2scim.model import ResourceType
from ldap2scim.planning.operations import (
    Operation,
)
from ldap2scim.planning.orphans import orphan_removal
from ldap2scim.planning.states import Leaving
from ldap2scim.run.done import Applied, Failed, InDoubt
from ldap2scim.run.observed import resource_of
from ldap2scim.scim.provider import ScimResponse
from ldap2scim.state.snapshot_rows import Gone, Status
from tests.run.executing import AWAY, DEACTIVATE, DELETE, LOST, MISSING, OK, STALE, carry_out, confirmed
from tests.run.scripted import (
    KEY,
    Memory,
    ScriptedProvider,
    capabilities,
    on_wire,
    view,
)


class TestDeactivate:
    async def test_applied(self) -> None:
        """The row stays, as one who has left."""
        provider = ScriptedProvider(script={"PATCH /Users/1": [ScimResponse(204, None, etag='W/"2"')]})
        done = await carry_out(DEACTIVATE, provider)
        assert isinstance(done, Applied)
        assert (confirmed(done).row.status, confirmed(done).row.version) == (Status.LEFT, 'W/"2"')

    async def test_lost_answer(self) -> None:
        """It is in doubt, and the next run asks."""
        assert isinstance(await carry_out(DEACTIVATE, ScriptedProvider(script={"PATCH /Users/1": [LOST]})), InDoubt)

    async def test_whole_where_there_is_no_patch(self) -> None:
        """Without PATCH what the service holds is put back with `active: false`, and nothing else is lost."""
        provider = ScriptedProvider(
            {"/Users/1": on_wire(nickName="Ai")}, {"PUT /Users/1": [OK]}, able=capabilities(patch=False)
        )
        assert isinstance(await carry_out(DEACTIVATE, provider), Applied)
        body = provider.sent[-1].body
        assert body is not None
        assert (body["active"], body["nickName"]) == (False, "Ai")


@pytest.mark.parametrize(
    ("operation", "path"), [(DEACTIVATE, "PATCH /Users/1"), (DELETE, "DELETE /Users/1")], ids=["deactivate", "delete"]
)
class TestRemoval:
    async def test_gone_already(self, operation: Operation, path: str) -> None:
        """A 404 that is proven is what was wanted."""
        eight = {"/Users/8": on_wire("8", externalId="x-8")}
        done = await carry_out(operation, ScriptedProvider(eight, {path: [MISSING]}))
        assert isinstance(done, Applied)
        assert done.change == Gone(KEY)

    async def test_not_known_to_be_gone(self, operation: Operation, path: str) -> None:
        """A 404 that nothing else confirms forgets nobody."""
        done = await carry_out(operation, ScriptedProvider(script={path: [MISSING]}))
        assert isinstance(done, Failed)
        assert done.change is None

    async def test_changed_meanwhile(self, operation: Operation, path: str) -> None:
        """After a 412 the removal is planned afresh from what is there, and not forced."""
        current = on_wire(title="boss", meta={"version": 'W/"9"'})
        provider = ScriptedProvider({"/Users/1": current}, {path: [STALE]})
        done = await carry_out(operation, provider)
        assert isinstance(done, Failed)
        assert confirmed(done).row.version == 'W/"9"'
        assert provider.writes == [path]

    async def test_changed_meanwhile_and_away(self, operation: Operation, path: str) -> None:
        """What cannot be looked at again leaves the snapshot as it is."""
        done = await carry_out(operation, ScriptedProvider(script={path: [STALE], "GET /Users/1": [AWAY]}))
        assert isinstance(done, Failed)
        assert done.change is None


class TestDelete:
    async def test_applied(self) -> None:
        """A final deletion forgets the row."""
        done = await carry_out(DELETE, ScriptedProvider(script={"DELETE /Users/1": [OK]}))
        assert done.change == Gone(KEY)

    async def test_pending_deletion_keeps_the_row(self) -> None:
        """Where a deleted user can come back, the row stays as one who has left."""
        done = await carry_out(DELETE, ScriptedProvider(script={"DELETE /Users/1": [OK]}), profile="iij-id")
        assert confirmed(done).row.status is Status.LEFT

    async def test_lost_answer(self) -> None:
        """It is in doubt."""
        assert isinstance(await carry_out(DELETE, ScriptedProvider(script={"DELETE /Users/1": [LOST]})), InDoubt)


@pytest.mark.parametrize(("title", "outcome"), [("engineer", Applied), ("boss", Failed)])
async def test_an_orphan_whose_version_moved(title: str, outcome: type) -> None:
    """A member of it left with the same plan, and nothing else is new: it goes. What somebody edited is left."""
    provider = ScriptedProvider({"/Users/1": on_wire(title=title)}, {"DELETE /Users/1": [STALE, OK]})
    seen = resource_of(view(provider), ResourceType.USER, on_wire())
    orphan = orphan_removal(ResourceType.USER, replace(seen, version='W/"0"'), Leaving.DELETE)
    assert orphan is not None
    assert isinstance(await carry_out(orphan.operation, provider, Memory()), outcome)
    assert provider.writes == ["DELETE /Users/1"] * (2 if outcome is Applied else 1)
