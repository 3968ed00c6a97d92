"""Nobody loses access by an operation that no limit has counted as a removal: the next run plans what is left."""

from dataclasses import replace

import pytest

from ldap2scim.errors import ServiceError
from ldap2scim.essence import from_essence, to_essence
from ldap2scim.model import Key
from ldap2scim.planning.accounts import Result
from ldap2scim.planning.operations import Adopt, AttributeChange, Operation, Restore, Update
from ldap2scim.run.done import Applied, Failed
from ldap2scim.run.executor import Executor
from ldap2scim.run.learned import Learned
from ldap2scim.run.records import settlement_of
from ldap2scim.scim.provider import ScimResponse
from ldap2scim.scim.settings import ReadBack
from ldap2scim.state.snapshot_rows import Confirmed
from tests.run.executing import ADOPT, CONFLICT, CREATE, LOST, OK, RESTORE, UPDATE, carry_out
from tests.run.scripted import KEY, Memory, ScriptedProvider, capabilities, on_wire, row, user, view

DISABLED = to_essence(user(active=False))
TO_DISABLED = AttributeChange("active", True, False)
NO_PATCH = capabilities(patch=False, etag=False)


def kept(done: object) -> Confirmed:
    """Return what is remembered of somebody who was left active."""
    assert isinstance(done, Applied)
    assert done.still_active
    assert isinstance(done.change, Confirmed)
    assert from_essence(done.change.row.essence)["active"] is True
    return done.change


@pytest.mark.parametrize("answer", [CONFLICT, LOST])
async def test_a_creation_finds_somebody_who_is_active(answer: ServiceError) -> None:
    """What is there is remembered as it is: nobody created it, nobody is welcomed, and to undo it removes nobody."""
    provider = ScriptedProvider({"/Users/7": on_wire("7", title="clerk")}, {"POST /Users": [answer]})
    done = await carry_out(replace(CREATE, essence=DISABLED), provider)
    change = kept(done)
    assert provider.writes == ["POST /Users"]
    assert (change.row.service_id, from_essence(change.row.essence)["title"]) == ("7", "clerk")
    assert change.found == change.row.essence
    settled = settlement_of(1, done)
    assert (settled.result, settled.changes, settled.proof) == (Result.UNCHANGED, (change,), None)


async def test_a_creation_is_made_active_by_the_service() -> None:
    """It ignores `active`: the next run plans to disable the account."""
    provider = ScriptedProvider(script={"POST /Users": [ScimResponse(201, on_wire("7"), etag='W/"5"')]})
    change = kept(await carry_out(replace(CREATE, essence=DISABLED), provider))
    assert (change.row.service_id, change.row.version, change.found) == ("7", 'W/"5"', None)


async def test_put_sends_no_loss_of_access_along() -> None:
    """PUT sends everything: what was to be another title would disable an account that the service has enabled."""
    answer = ScimResponse(200, on_wire())
    provider = ScriptedProvider({"/Users/1": on_wire(title="clerk")}, {"PUT /Users/1": [answer]}, able=NO_PATCH)
    kept(await carry_out(replace(UPDATE, essence=DISABLED, version=None), provider))
    body = provider.sent[-1].body
    assert body is not None
    assert (body["active"], body["title"]) == (True, "engineer")


async def test_put_disables_where_that_was_planned() -> None:
    """The limits have counted it."""
    provider = ScriptedProvider({"/Users/1": on_wire()}, {"PUT /Users/1": [OK]}, able=NO_PATCH)
    planned = replace(UPDATE, essence=DISABLED, version=None, changes=(TO_DISABLED,))
    assert isinstance(await carry_out(planned, provider), Applied)
    body = provider.sent[-1].body
    assert body is not None
    assert body["active"] is False


async def test_what_is_sent_once_more() -> None:
    """Read again, it has the old title and is active: the title alone is sent again."""
    provider = ScriptedProvider({"/Users/1": on_wire(title="clerk")}, {"PATCH /Users/1": [OK, OK]})
    looked_at = replace(view(provider), learned=Learned(ReadBack.ALL))
    executor = Executor(looked_at, Memory(rows={KEY: row()}))
    kept(await executor.carry_out(replace(UPDATE, essence=DISABLED)))
    assert provider.writes == ["PATCH /Users/1"] * 2
    assert "active" not in str([one.body for one in provider.sent])


@pytest.mark.parametrize(
    ("operation", "replaced"),
    [(UPDATE, None), (replace(ADOPT, replaces=KEY), KEY), (replace(RESTORE, replaces=KEY), KEY)],
    ids=["update", "adopt", "restore"],
)
async def test_an_answer_without_id_shows_somebody_active(operation: Update | Adopt | Restore, replaced: Key) -> None:
    """Id and version are those that are known; whom a re-created account takes over is said."""
    shown = {name: value for name, value in on_wire().items() if name not in {"id", "meta"}}
    provider = ScriptedProvider(script={"PATCH /Users/1": [ScimResponse(200, shown, etag='W/"9"')]})
    change = kept(await carry_out(replace(operation, essence=DISABLED), provider))
    assert (change.row.service_id, change.row.version, change.replaces) == ("1", 'W/"9"', replaced)


async def test_who_comes_back_disabled_is_not_disabled_again() -> None:
    """The last word to a leaver was false; where somebody has enabled the account since, that is for a plan to say."""
    provider = ScriptedProvider(script={"PATCH /Users/1": [OK]})
    assert isinstance(await carry_out(replace(RESTORE, essence=DISABLED), provider), Applied)
    assert "active" not in str(provider.sent[-1].body)
    nothing = ScriptedProvider()
    assert isinstance(await carry_out(replace(RESTORE, essence=DISABLED, changes=()), nothing), Applied)
    assert nothing.sent == []


async def test_who_comes_back_disabled_is_disabled_where_that_was_planned() -> None:
    """The account was active when its owner left, as far as is known."""
    provider = ScriptedProvider({"/Users/1": on_wire()}, {"PUT /Users/1": [OK]}, able=NO_PATCH)
    planned = replace(RESTORE, essence=DISABLED, changes=(TO_DISABLED,))
    assert isinstance(await carry_out(planned, provider), Applied)
    assert provider.writes == ["PUT /Users/1"]


@pytest.mark.parametrize(
    "operation",
    [replace(CREATE, essence=DISABLED), replace(UPDATE, essence=DISABLED, changes=(TO_DISABLED,))],
    ids=lambda one: one.verb,
)
async def test_a_service_that_never_shows_who_is_active(operation: Operation) -> None:
    """Nothing speaks against what was confirmed."""
    shown = on_wire("1", active=None)
    provider = ScriptedProvider(
        {"/Users/1": shown}, {"POST /Users": [CONFLICT], "PATCH /Users/1": [ScimResponse(200, shown)]}
    )
    done = await carry_out(operation, provider)
    assert isinstance(done, Applied)
    assert not done.still_active


async def test_a_planned_removal_that_changes_nothing_has_failed() -> None:
    """The service answers with success, and shows the account as active."""
    provider = ScriptedProvider(script={"PATCH /Users/1": [ScimResponse(200, on_wire())]})
    done = await carry_out(replace(UPDATE, essence=DISABLED, changes=(TO_DISABLED,)), provider)
    assert isinstance(done, Failed)
    assert done.change is None
