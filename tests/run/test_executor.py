"""What becomes of one operation, whatever the service answers (DESIGN §2, §6)."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ldap2scim.errors import (
    AccessRefused,
    NotScim,
    OutcomeUnknown,
    RequestRejected,
    ResourceNotFound,
    ServiceError,
    ServiceUnavailable,
    UniquenessConflict,
    VersionConflict,
)
from ldap2scim.essence import from_essence, to_essence
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.operations import (
    Adopt,
    AttributeChange,
    ChangeMembers,
    Create,
    Deactivate,
    Delete,
    Operation,
    Restore,
    Update,
)
from ldap2scim.run.done import Applied, Done, Failed, InDoubt
from ldap2scim.run.executor import Executor
from ldap2scim.run.service_view import foreign_key
from ldap2scim.scim.provider import ScimResponse
from ldap2scim.state.snapshot_rows import Confirmed, Gone, MembersChanged, Status
from tests.run.scripted import (
    GROUP,
    INPUTS,
    KEY,
    Memory,
    Script,
    ScriptedProvider,
    capabilities,
    on_wire,
    row,
    user,
    view,
)

USER = ResourceType.USER
LOST = OutcomeUnknown("sent, no answer")
AWAY = ServiceUnavailable("503", "", 503)
MISSING = ResourceNotFound("404", "", 404)
CONFLICT = UniquenessConflict("409", "", 409)
STALE = VersionConflict("412", "", 412)
REFUSED = RequestRejected("400", "", 400)
TO_ENGINEER = (AttributeChange("title", "clerk", "engineer"),)
CREATE = Create(KEY, USER, "uid=aiko", INPUTS, to_essence(user()))
UPDATE = Update(KEY, USER, "uid=aiko", INPUTS, "1", 'W/"1"', to_essence(user()), TO_ENGINEER)
ADOPT = Adopt(KEY, USER, "uid=aiko", INPUTS, "1", 'W/"1"', to_essence(user()), TO_ENGINEER)
RESTORE = Restore(KEY, USER, "uid=aiko", INPUTS, "1", None, to_essence(user()), TO_ENGINEER)
DEACTIVATE = Deactivate(KEY, USER, "aiko", INPUTS, "1", 'W/"1"')
DELETE = Delete(KEY, USER, "aiko", INPUTS, "1", 'W/"1"')
OK = ScimResponse(204, None)


async def carry_out(
    operation: Operation, provider: ScriptedProvider, memory: Memory | None = None, profile: str = "generic"
) -> Done:
    """Carry out one operation at a scripted service."""
    return await Executor(view(provider, profile), memory or Memory(rows={KEY: row()})).carry_out(operation)


def confirmed(done: Done) -> Confirmed:
    """Return what a done operation writes into the snapshot."""
    assert isinstance(done.change, Confirmed)
    return done.change


class TestCreate:
    async def test_confirmed_by_its_answer(self) -> None:
        """The id and version of the answer are remembered with the essence that was wanted."""
        provider = ScriptedProvider(script={"POST /Users": [ScimResponse(201, on_wire("7"), etag='W/"5"')]})
        done = await carry_out(CREATE, provider)
        assert isinstance(done, Applied)
        assert confirmed(done).row.service_id == "7"
        assert confirmed(done).row.version == 'W/"5"'
        assert confirmed(done).row.essence == CREATE.essence
        assert (confirmed(done).row.external_id, confirmed(done).row.login) == ("x-1", "aiko")

    async def test_the_id_may_be_in_the_location_alone(self) -> None:
        """An answer without a body has the id in its Location (RFC 7644 §3.1)."""
        location = "https://scim.example.com/v2/Users/a%2Fb"
        provider = ScriptedProvider(script={"POST /Users": [ScimResponse(201, None, location=location)]})
        assert confirmed(await carry_out(CREATE, provider)).row.service_id == "a/b"

    async def test_an_answer_without_an_id_is_in_doubt(self) -> None:
        """Without an id the resource cannot be spoken of; the next run asks for it."""
        provider = ScriptedProvider(script={"POST /Users": [ScimResponse(201, None)]})
        done = await carry_out(CREATE, provider)
        assert isinstance(done, InDoubt)
        assert done.change is None

    async def test_what_the_service_ignored_is_said(self) -> None:
        """An attribute that the answer shows otherwise is named; the snapshot has what was wanted."""
        provider = ScriptedProvider(script={"POST /Users": [ScimResponse(201, on_wire("7", title=""))]})
        done = await carry_out(CREATE, provider)
        assert isinstance(done, Applied)
        assert done.ignored == ("title",)

    async def test_lost_answer_found_as_wanted(self) -> None:
        """A lost answer is asked for; what is there as wanted was created, and nothing is sent twice."""
        provider = ScriptedProvider({"/Users/7": on_wire("7")}, {"POST /Users": [LOST]})
        done = await carry_out(CREATE, provider)
        assert isinstance(done, Applied)
        assert confirmed(done).row.service_id == "7"
        assert provider.writes == ["POST /Users"]

    async def test_lost_answer_not_found(self) -> None:
        """What is not found stays in doubt, and is not sent again."""
        provider = ScriptedProvider(script={"POST /Users": [LOST]})
        assert isinstance(await carry_out(CREATE, provider), InDoubt)
        assert provider.writes == ["POST /Users"]

    @pytest.mark.parametrize("error", [AWAY, MISSING, AccessRefused("401", "", 401), NotScim("html")])
    async def test_lost_answer_that_cannot_be_asked_for(self, error: ServiceError) -> None:
        """Where the service cannot be asked either, whatever it says, the operation is in doubt and not failed."""
        provider = ScriptedProvider(script={"POST /Users": [LOST], "LIST /Users": [error]})
        assert isinstance(await carry_out(CREATE, provider), InDoubt)

    async def test_lost_answer_of_another_who_has_the_login(self) -> None:
        """Somebody with the login and another externalId is not what was sent."""
        provider = ScriptedProvider({"/Users/7": on_wire("7", externalId="x-2")}, {"POST /Users": [LOST]})
        assert isinstance(await carry_out(CREATE, provider), InDoubt)

    async def test_lost_answer_found_otherwise_is_brought_in_step(self) -> None:
        """What was found and differs gets a PATCH of what differs."""
        script: Script = {"POST /Users": [LOST], "PATCH /Users/7": [OK]}
        provider = ScriptedProvider({"/Users/7": on_wire("7", title="clerk")}, script)
        assert isinstance(await carry_out(CREATE, provider), Applied)
        assert provider.sent[-1].body is not None
        assert "engineer" in str(provider.sent[-1].body)
        assert "aiko" not in str(provider.sent[-1].body)

    @pytest.mark.parametrize("error", [REFUSED, AWAY, STALE, AccessRefused("403", "", 403)])
    async def test_found_and_not_brought_in_step_is_in_doubt(self, error: ServiceError) -> None:
        """A failed creation would be tried again and make a second one: what exists is left to be settled."""
        script: Script = {"POST /Users": [LOST], "PATCH /Users/7": [error]}
        provider = ScriptedProvider({"/Users/7": on_wire("7", title="clerk")}, script)
        assert isinstance(await carry_out(CREATE, provider), InDoubt)

    async def test_conflict_with_our_external_id_is_taken(self) -> None:
        """A 409 over a resource with our externalId: it is ours, brought in step and recorded."""
        script: Script = {"POST /Users": [CONFLICT], "PATCH /Users/7": [OK]}
        provider = ScriptedProvider({"/Users/7": on_wire("7", title="clerk")}, script)
        assert confirmed(await carry_out(CREATE, provider)).row.service_id == "7"

    @pytest.mark.parametrize("external_id", ["x-2", None])
    async def test_conflict_over_the_login_alone_is_left_to_a_person(self, external_id: str | None) -> None:
        """A 409 over a login that somebody else has fails, and touches nobody."""
        provider = ScriptedProvider({"/Users/7": on_wire("7", externalId=external_id)}, {"POST /Users": [CONFLICT]})
        done = await carry_out(CREATE, provider)
        assert isinstance(done, Failed)
        assert provider.writes == ["POST /Users"]

    async def test_conflict_without_any_external_id_is_left_to_a_person(self) -> None:
        """Two resources without externalId are not the same for that."""
        essence = to_essence({name: value for name, value in user().items() if name != "external_id"})
        provider = ScriptedProvider({"/Users/7": on_wire("7", externalId=None)}, {"POST /Users": [CONFLICT]})
        done = await carry_out(replace(CREATE, essence=essence), provider)
        assert isinstance(done, Failed)
        assert provider.writes == ["POST /Users"]

    @pytest.mark.parametrize("error", [AWAY, REFUSED, NotScim("html"), MISSING])
    async def test_refused(self, error: ServiceError) -> None:
        """A creation that was not carried out has failed, and the snapshot keeps still."""
        done = await carry_out(CREATE, ScriptedProvider(script={"POST /Users": [error]}))
        assert isinstance(done, Failed)
        assert (done.error, done.change) == (error, None)


@pytest.mark.parametrize("operation", [CREATE, UPDATE, ADOPT, RESTORE, DEACTIVATE, DELETE], ids=lambda one: one.verb)
async def test_refused_access_ends_everything(operation: Operation) -> None:
    """A refused token is raised, since nothing else will work either."""
    error = AccessRefused("401", "", 401)
    paths = ("POST /Users", "PATCH /Users/1", "DELETE /Users/1")
    with pytest.raises(AccessRefused):
        await carry_out(operation, ScriptedProvider(script={path: [error] for path in paths}))


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
        done = await carry_out(operation, ScriptedProvider({"/Users/8": on_wire("8")}, {path: [MISSING]}))
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


def keys(*numbers: int) -> tuple[Key, ...]:
    """Return keys of members."""
    return tuple(Key(f"corp:{number}") for number in numbers)


def members(added: Sequence[int] = (), removed: Sequence[int] = (), service_id: str | None = "g") -> ChangeMembers:
    """Return a change of members."""
    return ChangeMembers(GROUP, ResourceType.GROUP, "cn=staff", INPUTS, service_id, keys(*added), keys(*removed))


class TestMembers:
    memory = Memory(ids={Key(f"corp:{number}"): f"u{number}" for number in range(1, 500)} | {GROUP: "g"})

    async def test_applied(self) -> None:
        """Ids go out, keys come back."""
        provider = ScriptedProvider(script={"PATCH /Groups/g": [OK, OK]})
        done = await carry_out(members([1, 2], [3]), provider, self.memory)
        assert isinstance(done, Applied)
        assert done.change == MembersChanged(GROUP, keys(1, 2), keys(3), None)
        assert all(identifier in str([request.body for request in provider.sent]) for identifier in ("u1", "u2", "u3"))

    async def test_group_created_by_the_same_plan(self) -> None:
        """Its id is asked of the snapshot when its members' turn comes."""
        provider = ScriptedProvider(script={"PATCH /Groups/g": [OK]})
        assert isinstance(await carry_out(members([1], service_id=None), provider, self.memory), Applied)

    async def test_group_that_is_not_at_the_service(self) -> None:
        """Members of a group whose creation failed fail with it, and nothing is sent."""
        provider = ScriptedProvider()
        done = await carry_out(members([1], service_id=None), provider, Memory(ids={Key("corp:1"): "u1"}))
        assert isinstance(done, Failed)
        assert provider.asked == []

    async def test_member_that_is_not_at_the_service(self) -> None:
        """Who could not be created is left out and named; the next run adds them."""
        provider = ScriptedProvider(script={"PATCH /Groups/g": [OK]})
        done = await carry_out(members([1, 900]), provider, self.memory)
        assert isinstance(done, Applied)
        assert done.missing == keys(900)
        assert done.change == MembersChanged(GROUP, keys(1), (), None)

    @pytest.mark.parametrize(("error", "kind"), [(REFUSED, Failed), (AWAY, Failed), (LOST, InDoubt)])
    async def test_what_was_done_before_a_failure_is_kept(
        self, error: ServiceError, kind: type[Failed] | type[InDoubt]
    ) -> None:
        """Of several requests the snapshot has exactly those that were confirmed."""
        provider = ScriptedProvider(script={"PATCH /Groups/g": [OK, *[error] * 20]})
        done = await carry_out(members(range(1, 250)), provider, self.memory)
        assert isinstance(done, kind)
        assert isinstance(done.change, MembersChanged)
        assert done.change.added == keys(*range(1, 250))[: len(done.change.added)]
        assert 0 < len(done.change.added) < 249

    async def test_stranger_who_has_become_somebody(self) -> None:
        """One id that leaves as a stranger's and enters as an entry's stays in the group."""
        stranger = replace(members([1]), removed=(foreign_key("u1"), foreign_key("z")))
        provider = ScriptedProvider(script={"PATCH /Groups/g": [OK, OK]})
        assert isinstance(await carry_out(stranger, provider, self.memory), Applied)
        operations = [operation for request in provider.sent for operation in (request.body or {})["Operations"]]
        assert ["u1" in str(operation) for operation in operations] == [
            operation["op"] == "add" for operation in operations
        ]
        assert any("z" in str(operation) for operation in operations)

    async def test_group_that_is_gone(self) -> None:
        """A proven 404 forgets the group, so that the next run creates it again."""
        provider = ScriptedProvider({"/Groups/8": {"id": "8"}}, {"PATCH /Groups/g": [MISSING]})
        done = await carry_out(members([1]), provider, self.memory)
        assert isinstance(done, Failed)
        assert done.change == Gone(GROUP)

    async def test_whole_where_there_is_no_patch(self) -> None:
        """Without PATCH the members that are there now are put back with the change, those of others included."""
        group = {"id": "g", "displayName": "staff", "members": [{"value": "u3"}, {"value": "u4"}, {"value": "other"}]}
        provider = ScriptedProvider({"/Groups/g": group}, {"PUT /Groups/g": [OK]}, able=capabilities(patch=False))
        done = await carry_out(members([1], [3]), provider, self.memory)
        assert isinstance(done, Applied)
        body = provider.sent[-1].body
        assert body is not None
        assert [member["value"] for member in body["members"]] == ["u4", "other", "u1"]
