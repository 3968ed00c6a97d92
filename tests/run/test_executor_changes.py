"""What becomes of an operation that changes a resource which is there."""

from dataclasses import replace

import pytest

from ldap2scim.errors import (
    AccessRefused,
    NotScim,
    ServiceError,
)
from ldap2scim.essence import from_essence
from ldap2scim.model import Key
from ldap2scim.planning.operations import (
    Adopt,
    Restore,
    Update,
)
from ldap2scim.run.done import Applied, Failed, InDoubt
from ldap2scim.run.executor import Executor
from ldap2scim.scim.provider import ScimResponse
from ldap2scim.state.snapshot_rows import Gone, Status
from tests.run.executing import ADOPT, AWAY, CONFLICT, LOST, MISSING, OK, RESTORE, STALE, UPDATE, carry_out, confirmed
from tests.run.scripted import (
    KEY,
    Memory,
    Script,
    ScriptedProvider,
    capabilities,
    on_wire,
    view,
)


@pytest.mark.parametrize("operation", [UPDATE, ADOPT, RESTORE], ids=lambda one: one.verb)
class TestChange:
    async def test_applied(self, operation: Update | Adopt | Restore) -> None:
        """One PATCH of what differs, and the snapshot has what was wanted."""
        provider = ScriptedProvider(script={"PATCH /Users/1": [ScimResponse(200, on_wire(), etag='W/"2"')]})
        done = await carry_out(operation, provider)
        assert isinstance(done, Applied)
        assert confirmed(done).row.essence == operation.essence
        assert confirmed(done).row.version == 'W/"2"'
        assert provider.asked == ["PATCH /Users/1"]
        assert provider.sent[0].if_match == operation.version

    async def test_lost_answer_that_was_carried_out(self, operation: Update | Adopt | Restore) -> None:
        """What the service holds decides: as wanted is applied."""
        provider = ScriptedProvider({"/Users/1": on_wire()}, {"PATCH /Users/1": [LOST]})
        assert isinstance(await carry_out(operation, provider), Applied)

    async def test_lost_answer_that_was_not(self, operation: Update | Adopt | Restore) -> None:
        """What the service does not hold yet stays in doubt: it may still come."""
        provider = ScriptedProvider({"/Users/1": on_wire(title="clerk")}, {"PATCH /Users/1": [LOST]})
        assert isinstance(await carry_out(operation, provider), InDoubt)

    async def test_lost_answer_that_cannot_be_asked_for(self, operation: Update | Adopt | Restore) -> None:
        """Without an answer to the question it stays in doubt."""
        provider = ScriptedProvider(script={"PATCH /Users/1": [LOST], "GET /Users/1": [AWAY]})
        assert isinstance(await carry_out(operation, provider), InDoubt)

    async def test_stale_version_of_our_own_earlier_write(self, operation: Update | Adopt | Restore) -> None:
        """A 412 over a resource that is as wanted was our own earlier write."""
        current = on_wire(meta={"version": 'W/"2"'})
        provider = ScriptedProvider({"/Users/1": current}, {"PATCH /Users/1": [STALE]})
        done = await carry_out(operation, provider)
        assert isinstance(done, Applied)
        assert confirmed(done).row.version == 'W/"2"'

    async def test_stale_version_of_somebody_else(self, operation: Update | Adopt | Restore) -> None:
        """A 412 over another content is not overwritten."""
        provider = ScriptedProvider({"/Users/1": on_wire(title="boss")}, {"PATCH /Users/1": [STALE]})
        done = await carry_out(operation, provider)
        assert isinstance(done, Failed)
        assert provider.writes == ["PATCH /Users/1"]

    async def test_gone_is_forgotten(self, operation: Update | Adopt | Restore) -> None:
        """A 404, a 404 again, and a witness that answers: it is gone, and the next run creates it again."""
        witness = on_wire("8", externalId="x-8", userName="eight")
        provider = ScriptedProvider({"/Users/8": witness}, {"PATCH /Users/1": [MISSING]})
        done = await carry_out(operation, provider)
        assert isinstance(done, Failed)
        assert done.change == Gone(KEY)
        assert provider.asked == ["PATCH /Users/1", "GET /Users/1", "GET /Users/8"]

    async def test_gone_together_with_the_witnesses_is_not_known(self, operation: Update | Adopt | Restore) -> None:
        """Where every known resource is a 404, the service is in trouble: nothing is forgotten, though it lists."""
        provider = ScriptedProvider(script={"PATCH /Users/1": [MISSING]})
        done = await carry_out(operation, provider)
        assert isinstance(done, Failed)
        assert done.change is None
        assert provider.asked == ["PATCH /Users/1", "GET /Users/1", "GET /Users/8", "GET /Users/9"]

    @pytest.mark.parametrize("second", [NotScim("html"), AWAY, AccessRefused("401", "", 401)])
    async def test_gone_only_where_the_second_question_says_so(
        self, operation: Update | Adopt | Restore, second: ServiceError
    ) -> None:
        """One 404 may come from a proxy: the question after it must be a SCIM 404 too."""
        script: Script = {"PATCH /Users/1": [MISSING], "GET /Users/1": [second]}
        done = await carry_out(operation, ScriptedProvider({"/Users/8": on_wire("8")}, script))
        assert isinstance(done, Failed)
        assert done.change is None

    async def test_there_after_all(self, operation: Update | Adopt | Restore) -> None:
        """A 404 that the next question denies forgets nothing."""
        provider = ScriptedProvider({"/Users/1": on_wire()}, {"PATCH /Users/1": [MISSING]})
        done = await carry_out(operation, provider)
        assert isinstance(done, Failed)
        assert done.change is None


@pytest.mark.parametrize("operation", [ADOPT, RESTORE])
async def test_what_a_recreated_entry_would_take_over_is_forgotten_under_its_old_key(
    operation: Adopt | Restore,
) -> None:
    """The row that knows the resource goes; else each run would try to take over what is gone."""
    witness = on_wire("8", externalId="x-8", userName="eight")
    provider = ScriptedProvider({"/Users/8": witness}, {"PATCH /Users/1": [MISSING]})
    done = await carry_out(replace(operation, replaces=Key("corp:0")), provider)
    assert done.change == Gone(Key("corp:0"))


async def test_the_only_resource_is_gone_when_the_list_of_its_kind_answers() -> None:
    """Where no other resource is known, a list that can be read must do as the witness."""
    provider = ScriptedProvider(script={"PATCH /Users/1": [MISSING]})
    done = await Executor(view(provider, witnesses=("1",)), Memory()).carry_out(UPDATE)
    assert done.change == Gone(KEY)
    assert provider.asked == ["PATCH /Users/1", "GET /Users/1", "GET /Users"]


async def test_stale_update_is_planned_afresh_from_what_is_there() -> None:
    """After a 412 the snapshot has what somebody else made of it, with its version, so that the next run can go on."""
    current = on_wire(title="boss", meta={"version": 'W/"9"'})
    done = await carry_out(UPDATE, ScriptedProvider({"/Users/1": current}, {"PATCH /Users/1": [STALE]}))
    assert isinstance(done, Failed)
    seen = confirmed(done).row
    assert (seen.version, seen.status) == ('W/"9"', Status.MANAGED)
    assert from_essence(seen.essence)["title"] == "boss"


async def test_adopting_what_is_equal_sends_nothing() -> None:
    """What is as wanted is recorded without a request."""
    provider = ScriptedProvider()
    done = await carry_out(replace(ADOPT, changes=()), provider)
    assert isinstance(done, Applied)
    assert provider.asked == []


async def test_adopting_for_a_recreated_entry_hands_the_row_over() -> None:
    """The row of the former key becomes that of the new one."""
    provider = ScriptedProvider(script={"PATCH /Users/1": [OK]})
    assert confirmed(await carry_out(replace(ADOPT, replaces=Key("corp:0")), provider)).replaces == Key("corp:0")


async def test_restoring_turns_active_on_whatever_the_snapshot_says() -> None:
    """Our last word to a leaver was `active: false`, so it is always sent."""
    provider = ScriptedProvider(script={"PATCH /Users/1": [OK]})
    await carry_out(replace(RESTORE, changes=()), provider)
    assert "'active'" in str(provider.sent[0].body)
    assert "True" in str(provider.sent[0].body)


class TestRestoreByPost:
    """At the IIJ ID Service a user in pending deletion comes back by a POST."""

    async def test_applied(self) -> None:
        """The answer's id is remembered."""
        provider = ScriptedProvider(script={"POST /Users": [ScimResponse(201, on_wire("1"))]})
        done = await carry_out(RESTORE, provider, profile="iij-id")
        assert isinstance(done, Applied)
        assert confirmed(done).row.service_id == "1"
        assert confirmed(done).row.status is Status.MANAGED

    async def test_lost_answer_found(self) -> None:
        """A lost answer is asked for."""
        provider = ScriptedProvider({"/Users/1": on_wire()}, {"POST /Users": [LOST]})
        assert isinstance(await carry_out(RESTORE, provider, profile="iij-id"), Applied)

    @pytest.mark.parametrize("error", [AWAY, NotScim("html")])
    async def test_lost_answer_that_cannot_be_asked_for(self, error: ServiceError) -> None:
        """It stays in doubt: it was sent."""
        provider = ScriptedProvider(script={"POST /Users": [LOST], "LIST /Users": [error]})
        assert isinstance(await carry_out(RESTORE, provider, profile="iij-id"), InDoubt)

    async def test_restored_by_hand_meanwhile(self) -> None:
        """A 409 over a resource with our externalId: an administrator was quicker; it is ours again."""
        script: Script = {"POST /Users": [CONFLICT]}
        done = await carry_out(RESTORE, ScriptedProvider({"/Users/1": on_wire()}, script), profile="iij-id")
        assert isinstance(done, Applied)


async def test_put_keeps_what_is_not_managed_and_demands_the_version() -> None:
    """Without PATCH an update is a PUT of what the service holds now, with the managed attributes changed."""
    provider = ScriptedProvider(
        {"/Users/1": on_wire(title="clerk", nickName="Ai")}, {"PUT /Users/1": [OK]}, able=capabilities(patch=False)
    )
    assert isinstance(await carry_out(UPDATE, provider), Applied)
    body = provider.sent[-1].body
    assert body is not None
    assert (body["title"], body["nickName"]) == ("engineer", "Ai")
    assert provider.sent[-1].if_match == 'W/"1"'
