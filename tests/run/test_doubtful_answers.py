"""Answers that say less than they seem to: pages, silence, success that changed nothing, filters that find nothing."""

from dataclasses import replace
from typing import Any

import pytest

from ldap2scim.errors import (
    NotScim,
    OutcomeUnknown,
    RequestRejected,
    ResourceNotFound,
    UniquenessConflict,
    VersionConflict,
)
from ldap2scim.essence import to_essence
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.operations import AttributeChange, Create, Deactivate, Delete, Operation, Update
from ldap2scim.planning.proof import Proof
from ldap2scim.run.done import Applied, Done, Failed, InDoubt
from ldap2scim.run.executor import Executor
from ldap2scim.run.learned import Learned
from ldap2scim.run.records import settlement_of
from ldap2scim.scim.provider import ScimResponse
from ldap2scim.scim.settings import ReadBack
from ldap2scim.state.snapshot_rows import Confirmed, Gone
from tests.run.scripted import INPUTS, KEY, Memory, Script, ScriptedProvider, on_wire, row, user, view

USER = ResourceType.USER
PAGE = NotScim("status 302 with `text/html`", "Check the base URL.", 302)
LOST = OutcomeUnknown("sent, no answer")
STALE = VersionConflict("412", "", 412)
NO_PATCH = RequestRejected("501", "", 501)
OK = ScimResponse(204, None)
CREATE = Create(KEY, USER, "uid=aiko", INPUTS, to_essence(user()))
TO_ENGINEER = (AttributeChange("title", "clerk", "engineer"),)
UPDATE = Update(KEY, USER, "uid=aiko", INPUTS, "1", 'W/"1"', to_essence(user()), TO_ENGINEER)
DEACTIVATE = Deactivate(KEY, USER, "aiko", INPUTS, "1", 'W/"1"')
DELETE = Delete(KEY, USER, "aiko", INPUTS, "1", 'W/"1"')
EIGHT = on_wire("8", externalId="x-8", userName="eight")


async def carry_out(
    operation: Operation, provider: ScriptedProvider, memory: Memory | None = None, read_back: ReadBack = ReadBack.NONE
) -> Done:
    """Carry out one operation at a scripted service."""
    seen = replace(view(provider), learned=Learned(read_back))
    return await Executor(seen, memory or Memory(rows={KEY: row()})).carry_out(operation)


def confirmed_id(done: Done) -> str:
    """Return the id that the snapshot gets."""
    assert isinstance(done.change, Confirmed)
    return done.change.row.service_id


class TestCreationAnsweredByAPage:
    """A page or a redirect says neither that somebody was created nor that nobody was."""

    async def test_created_all_the_same(self) -> None:
        """Who is found was created, and is not created twice."""
        provider = ScriptedProvider({"/Users/7": on_wire("7")}, {"POST /Users": [PAGE]})
        assert confirmed_id(await carry_out(CREATE, provider)) == "7"
        assert provider.writes == ["POST /Users"]

    async def test_proven_not_to_be_there(self) -> None:
        """Where a filter that works finds nobody, the creation has failed."""
        done = await carry_out(CREATE, ScriptedProvider({"/Users/8": EIGHT}, {"POST /Users": [PAGE]}))
        assert isinstance(done, Failed)
        assert done.error is PAGE

    async def test_cannot_be_asked(self) -> None:
        """Where every answer is a page, nothing is known."""
        done = await carry_out(CREATE, ScriptedProvider(script={"POST /Users": [PAGE], "LIST /Users": [PAGE]}))
        assert isinstance(done, InDoubt)
        assert "text/html" in str(done.error)


class BlindFilters(ScriptedProvider):
    """A service whose filters answer 200 with nothing."""

    listed = 0

    async def list_all(
        self, resource_type: ResourceType, scim_filter: str | None = None, excluded: tuple[str, ...] = ()
    ) -> Any:
        """Yield everybody, or nobody where a filter was given."""
        self.listed += not scim_filter
        async for one in super().list_all(resource_type, None, excluded):
            if not scim_filter:
                yield one


async def test_a_filter_that_finds_nothing_is_tried_on_somebody_known() -> None:
    """Where filters do not even find a witness, everybody is listed before anybody counts as absent."""
    provider = BlindFilters({"/Users/7": on_wire("7"), "/Users/8": EIGHT}, {"POST /Users": [LOST]})
    assert confirmed_id(await carry_out(CREATE, provider)) == "7"
    assert provider.listed == 1


async def test_a_filter_that_works_is_believed() -> None:
    """Where a filter finds a witness, nobody else need be listed."""
    provider = ScriptedProvider({"/Users/8": EIGHT}, {"POST /Users": [LOST]})
    assert isinstance(await carry_out(CREATE, provider), InDoubt)
    assert "GET /Users" not in provider.asked


async def test_two_resources_with_one_external_id_are_left_to_a_person() -> None:
    """Which of two is ours cannot be told: neither is touched."""
    twins = {"/Users/7": on_wire("7"), "/Users/9": on_wire("9", userName="other")}
    provider = ScriptedProvider(twins, {"POST /Users": [UniquenessConflict("409", "", 409)]})
    done = await carry_out(CREATE, provider)
    assert isinstance(done, Failed)
    assert "7, 9" in done.error.message
    assert provider.writes == ["POST /Users"]


async def test_what_belongs_to_another_entry_is_not_taken() -> None:
    """A conflict with somebody of ours is none to adopt."""
    provider = ScriptedProvider({"/Users/7": on_wire("7")}, {"POST /Users": [UniquenessConflict("409", "", 409)]})
    done = await carry_out(CREATE, provider, Memory(ids={Key("corp:2"): "7"}))
    assert isinstance(done, Failed)


async def test_a_conflict_with_somebody_who_cannot_be_looked_for_is_one() -> None:
    """A service that ignores filters and shows no externalId is not away: eight of those in a row end a load."""
    conflict = UniquenessConflict("409", "", 409)
    provider = ScriptedProvider(script={"POST /Users": [conflict], "LIST /Users": [PAGE]})
    done = await carry_out(CREATE, provider)
    assert isinstance(done, Failed)
    assert done.error is conflict


async def test_an_answer_without_id_is_asked_for_at_once() -> None:
    """Neither a body nor a Location: the id is found by externalId."""
    provider = ScriptedProvider({"/Users/7": on_wire("7")}, {"POST /Users": [ScimResponse(201, None)]})
    assert confirmed_id(await carry_out(CREATE, provider)) == "7"


@pytest.mark.parametrize("location", ["/scim/v2/Users/7", "Users/7", "https://scim.example.com/Users/7/?x=1"])
async def test_a_location_may_be_relative(location: str) -> None:
    """The id is its last part, whatever stands before and after (RFC 9110 §10.2.2)."""
    provider = ScriptedProvider(script={"POST /Users": [ScimResponse(201, None, location=location)]})
    assert confirmed_id(await carry_out(CREATE, provider)) == "7"


async def test_an_answer_about_somebody_else_is_none() -> None:
    """A cache or proxy that answers a read with another resource tells nothing about ours."""
    provider = ScriptedProvider({"/Users/1": on_wire("2")}, {"PATCH /Users/1": [LOST]})
    assert isinstance(await carry_out(UPDATE, provider), InDoubt)


async def test_a_moved_version_with_what_we_knew_goes_on() -> None:
    """After a 412 the resource is read; as we knew it, but for its version, the same change is sent again."""
    current = on_wire(title="clerk", nickName="Neko", meta={"version": 'W/"9"'})
    script: Script = {"PATCH /Users/1": [STALE, ScimResponse(204, None, etag='W/"10"')]}
    provider = ScriptedProvider({"/Users/1": current}, script)
    assert isinstance(await carry_out(UPDATE, provider), Applied)
    assert [request.if_match for request in provider.sent] == ['W/"1"', None, 'W/"9"']


@pytest.mark.parametrize("operation", [DEACTIVATE, DELETE], ids=lambda one: one.verb)
async def test_a_removal_goes_on_over_a_moved_version_alone(operation: Operation) -> None:
    """Who was changed in what we do not manage is removed; who was changed otherwise is looked at afresh."""
    asked = "PATCH /Users/1" if operation is DEACTIVATE else "DELETE /Users/1"
    for title, kind in (("engineer", Applied), ("boss", Failed)):
        current = on_wire(title=title, meta={"version": 'W/"9"'})
        done = await carry_out(operation, ScriptedProvider({"/Users/1": current}, {asked: [STALE, OK]}))
        assert isinstance(done, kind)


async def test_a_deletion_answered_500_is_done_when_nobody_is_there() -> None:
    """Some services answer 500 to the deletion of what is gone; the rule of the 404 says whether it is."""
    provider = ScriptedProvider({"/Users/8": EIGHT}, {"DELETE /Users/1": [LOST]})
    done = await carry_out(DELETE, provider)
    assert isinstance(done, Applied)
    assert done.change == Gone(KEY)
    there = ScriptedProvider({"/Users/1": on_wire(), "/Users/8": EIGHT}, {"DELETE /Users/1": [LOST]})
    assert isinstance(await carry_out(DELETE, there), InDoubt)


@pytest.mark.parametrize("read_back", [ReadBack.NONE, ReadBack.ALL])
async def test_a_deactivation_that_changes_nothing_has_failed(read_back: ReadBack) -> None:
    """Success with an account that is still active is none, whether the answer shows it or a read-back does."""
    answer = OK if read_back is ReadBack.ALL else ScimResponse(200, on_wire())
    provider = ScriptedProvider({"/Users/1": on_wire()}, {"PATCH /Users/1": [answer]})
    done = await carry_out(DEACTIVATE, provider, read_back=read_back)
    assert isinstance(done, Failed)
    assert "still active" in done.error.message or "active all the same" in done.error.message
    assert done.change is None


async def test_a_change_that_is_not_there_when_read_again_is_sent_once_more() -> None:
    """A passing fault is mended at once; what stays ignored is told."""
    stays = ScriptedProvider({"/Users/1": on_wire(title="clerk")}, {"PATCH /Users/1": [OK, OK]})
    done = await carry_out(UPDATE, stays, read_back=ReadBack.ALL)
    assert isinstance(done, Applied)
    assert done.ignored == ("title",)
    shown = [ScimResponse(200, on_wire(title=title)) for title in ("clerk", "engineer")]
    passes = ScriptedProvider(script={"PATCH /Users/1": [OK, OK], "GET /Users/1": [*shown]})
    done = await carry_out(UPDATE, passes, read_back=ReadBack.ALL)
    assert isinstance(done, Applied)
    assert done.ignored == ()


@pytest.mark.parametrize(
    ("answer", "held", "read_back", "proof"),
    [
        (ScimResponse(200, on_wire()), "engineer", ReadBack.NONE, Proof.ANSWER),
        (OK, "engineer", ReadBack.NONE, None),
        (OK, "engineer", ReadBack.ALL, Proof.READ),
        (ScimResponse(200, on_wire()), "clerk", ReadBack.ALL, None),
        (ScimResponse(200, on_wire(title="clerk")), "clerk", ReadBack.NONE, None),
        (LOST, "engineer", ReadBack.NONE, Proof.READ),
    ],
    ids=["shown", "a status alone", "read again", "read again and not so", "shown and not so", "lost and asked for"],
)
async def test_how_a_change_was_confirmed(
    answer: ScimResponse | OutcomeUnknown, held: str, read_back: ReadBack, proof: Proof | None
) -> None:
    """By the answer, by reading again, or by a status alone, which proves nothing of the values."""
    provider = ScriptedProvider({"/Users/1": on_wire(title=held)}, {"PATCH /Users/1": [answer, answer]})
    done = await carry_out(UPDATE, provider, read_back=read_back)
    assert isinstance(done, Applied)
    assert done.proof is proof
    assert settlement_of(1, done).proof is proof


@pytest.mark.parametrize(
    ("answer", "active", "read_back", "proof"),
    [
        (OK, False, ReadBack.ALL, Proof.READ),
        (OK, False, ReadBack.NONE, None),
        (ScimResponse(200, on_wire(active=False)), False, ReadBack.NONE, Proof.ANSWER),
        (LOST, False, ReadBack.NONE, Proof.READ),
    ],
)
async def test_how_a_deactivation_was_confirmed(
    answer: ScimResponse | OutcomeUnknown, active: bool, read_back: ReadBack, proof: Proof | None
) -> None:
    """Where the account was shown as disabled, and by what."""
    provider = ScriptedProvider({"/Users/1": on_wire(active=active)}, {"PATCH /Users/1": [answer]})
    done = await carry_out(DEACTIVATE, provider, read_back=read_back)
    assert isinstance(done, Applied)
    assert done.proof is proof


async def test_put_where_patch_is_refused() -> None:
    """A 501 to the first PATCH is enough: the rest of the run goes by PUT."""
    provider = ScriptedProvider(
        {"/Users/1": on_wire(title="clerk")}, {"PATCH /Users/1": [NO_PATCH], "PUT /Users/1": [OK, OK]}
    )
    executor = Executor(view(provider), Memory())
    assert isinstance(await executor.carry_out(UPDATE), Applied)
    assert isinstance(await executor.carry_out(UPDATE), Applied)
    assert provider.writes == ["PATCH /Users/1", "PUT /Users/1", "PUT /Users/1"]


async def test_an_id_that_changes_with_the_name_is_followed() -> None:
    """After a rename the id of the answer counts, and without one the resource is found by its externalId."""
    renamed = replace(
        UPDATE, essence=to_essence(user(user_name="aiko2")), changes=(AttributeChange("user_name", "aiko", "aiko2"),)
    )
    told = ScriptedProvider(script={"PATCH /Users/1": [ScimResponse(200, on_wire("2", userName="aiko2"))]})
    assert confirmed_id(await carry_out(renamed, told)) == "2"
    silent = ScriptedProvider({"/Users/2": on_wire("2", userName="aiko2")}, {"PATCH /Users/1": [OK]})
    assert confirmed_id(await carry_out(renamed, silent)) == "2"


async def test_somebody_who_moved_to_another_id_is_not_forgotten() -> None:
    """A proven 404 of somebody whose externalId is at another id: that one is brought in step."""
    script: Script = {"PATCH /Users/1": [ResourceNotFound("404", "", 404)], "PATCH /Users/2": [OK]}
    provider = ScriptedProvider({"/Users/2": on_wire("2", title="clerk"), "/Users/8": EIGHT}, script)
    assert confirmed_id(await carry_out(UPDATE, provider)) == "2"


async def test_a_sample_is_read_back() -> None:
    """The first three of a kind of write are read back, then every hundredth."""
    learned = Learned(ReadBack.SAMPLE)
    read = [number for number in range(1, 301) if learned.is_read_back(USER, "create")]
    assert read == [1, 2, 3, 100, 200, 300]
    assert learned.is_read_back(USER, "update")
