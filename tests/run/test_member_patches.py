"""Member requests that fail for their size, and services that answer with success and keep some of the members."""

from collections.abc import Callable
from typing import Any

import pytest

from ldap2scim.errors import OutcomeUnknown, RequestRejected, ResourceNotFound, ServiceUnavailable
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.operations import ChangeMembers
from ldap2scim.run.done import Applied, Done, Failed, InDoubt
from ldap2scim.run.executor import Executor
from ldap2scim.run.learned import Learned
from ldap2scim.run.service_view import ServiceView
from ldap2scim.scim.provider import ScimRequest, ScimResponse
from ldap2scim.scim.settings import ReadBack
from ldap2scim.state.snapshot_rows import Gone, MembersChanged
from tests.run.scripted import GROUP, INPUTS, Memory, ScriptedProvider, view

MEMORY = Memory(ids={Key(f"corp:{number}"): f"u{number}" for number in range(1000)} | {GROUP: "g"})
TOO_LARGE = RequestRejected("413", "", 413)
REFUSED = RequestRejected("400", "", 400)
MISSING = ResourceNotFound("404", "", 404)
LOST = OutcomeUnknown("sent, no answer")
AWAY = ServiceUnavailable("503", "", 503)


class Group:
    """A service with one group, which takes what `takes` says of the ids that a request names."""

    def __init__(self, takes: Callable[[list[str]], Exception | int | None] = lambda _: None) -> None:
        self.members: list[str] = []
        self.asked: list[list[str]] = []
        self.takes = takes
        self.shows = True
        self.provider = ScriptedProvider(
            script={"PATCH /Groups/g": [self.patch] * 500, "GET /Groups/g": [self.get] * 99}
        )

    def patch(self, request: ScimRequest) -> ScimResponse:
        """Add or remove members, as far as they are taken."""
        for operation in (request.body or {})["Operations"]:
            named = (
                [one["value"] for one in operation["value"]]
                if operation["op"] == "add"
                else [operation["path"].split('"')[1]]
            )
            self.asked.append(named)
            said = self.takes(named)
            if isinstance(said, Exception):
                raise said
            kept = named if said is None else named[:said]
            others = [one for one in self.members if one not in kept]
            self.members = others + (kept if operation["op"] == "add" else [])
        return ScimResponse(204, None)

    def get(self, request: ScimRequest) -> ScimResponse:
        """Show the group."""
        body: dict[str, Any] = {"id": "g", "displayName": "staff"}
        if self.shows and not request.query:
            body["members"] = [{"value": one} for one in self.members]
        return ScimResponse(200, body)

    def view(self, read_back: ReadBack = ReadBack.NONE) -> ServiceView:
        """Return the view of it."""
        plain = view(self.provider)
        return ServiceView(
            plain.service, plain.profile, plain.capabilities, plain.managed, plain.witnesses, Learned(read_back)
        )


async def add(group: Group, count: int, seen: ServiceView | None = None) -> Done:
    """Add members."""
    keys = tuple(Key(f"corp:{number}") for number in range(count))
    operation = ChangeMembers(GROUP, ResourceType.GROUP, "cn=staff", INPUTS, "g", keys, ())
    return await Executor(seen or group.view(), MEMORY).carry_out(operation)


def above(most: int, error: Exception) -> Callable[[list[str]], Exception | None]:
    """Refuse requests that name more members."""
    return lambda named: error if len(named) > most else None


@pytest.mark.parametrize("error", [TOO_LARGE, REFUSED, LOST], ids=["413", "400", "time-out"])
async def test_pieces_are_halved_until_they_pass_and_stay_so(error: Exception) -> None:
    """The size that passed is kept: the next group of the run does not ask for more."""
    group = Group(above(30, error))
    seen = group.view()
    assert isinstance(await add(group, 250, seen), Applied)
    assert len(group.members) == 250
    refused = [len(named) for named in group.asked if len(named) > 30]
    assert 2 <= len(refused) <= 3
    group.asked.clear()
    await add(group, 250, seen)
    assert max(map(len, group.asked)) <= 30


@pytest.mark.parametrize("error", [REFUSED, MISSING], ids=["400", "404"])
async def test_a_member_that_is_refused_does_not_stop_the_others(error: Exception) -> None:
    """Of 250 members one is refused: the others are in, the error names it, and the size was not the reason."""
    group = Group(lambda named: error if "u77" in named else None)
    seen = group.view()
    done = await add(group, 250, seen)
    assert isinstance(done, Failed)
    assert "u77" in done.error.message
    assert isinstance(done.change, MembersChanged)
    assert len(done.change.added) == 249
    assert set(group.members) == {f"u{number}" for number in range(250)} - {"u77"}
    assert seen.learned.limits(seen.profile) is seen.profile


async def test_a_group_that_is_refused_is_given_up_soon() -> None:
    """Where no member is taken even alone, a few requests are enough."""
    group = Group(lambda _: REFUSED)
    done = await add(group, 250)
    assert isinstance(done, Failed)
    assert len(group.asked) < 12


async def test_members_that_entered_before_others_were_not_found_are_remembered() -> None:
    """Where the last ones are given up, the first ones are in."""
    group = Group(lambda named: MISSING if any(int(one[1:]) >= 100 for one in named) else None)
    done = await add(group, 150)
    assert isinstance(done, Failed)
    assert isinstance(done.change, MembersChanged)
    assert len(done.change.added) == len(group.members) == 100


async def test_a_group_that_is_gone_is_not_asked_for_less() -> None:
    """A 404 is about the members only where the group itself is found."""
    group = Group(lambda _: MISSING)
    group.provider.script["GET /Groups/g"] = [MISSING] * 9
    group.provider.resources["/Groups/8"] = {"id": "8"}
    done = await add(group, 250)
    assert isinstance(done, Failed)
    assert done.change == Gone(GROUP)
    assert len(group.asked) == 1


async def test_a_service_that_is_away_is_not_asked_for_less() -> None:
    """A 503 says nothing about size; nor does a lost answer where the group cannot be read either."""
    for error, kind in ((AWAY, Failed), (LOST, InDoubt)):
        group = Group(lambda _, error=error: error)  # type: ignore[misc]
        group.provider.script["GET /Groups/g"] = [AWAY]
        assert isinstance(await add(group, 250), kind)
        assert len(group.asked) == 1


async def test_members_that_were_lost_are_sent_again_in_smaller_pieces() -> None:
    """A read-back shows that a service keeps 60 of each 100: the rest follows in pieces that it keeps."""
    group = Group(lambda _: 60)
    done = await add(group, 250, group.view(ReadBack.ALL))
    assert isinstance(done, Applied)
    assert len(group.members) == 250


async def test_what_is_not_there_in_the_end_is_not_remembered() -> None:
    """Where members stay lost, the run says so, and the next one sends them again."""
    group = Group(lambda named: 0 if named[0] == "u0" else None)
    done = await add(group, 150, group.view(ReadBack.ALL))
    assert isinstance(done, Failed)
    assert isinstance(done.change, MembersChanged)
    assert set(done.change.added) == {Key(f"corp:{one[1:]}") for one in group.members}
    assert Key("corp:0") not in done.change.added


async def test_a_service_that_never_shows_members_is_not_doubted() -> None:
    """An answer without members says nothing about them, and after the first is not asked for any more."""
    group = Group()
    group.shows = False
    seen = group.view(ReadBack.ALL)
    assert isinstance(await add(group, 50, seen), Applied)
    asked = len(group.provider.sent)
    assert isinstance(await add(group, 50, seen), Applied)
    assert len(group.provider.sent) == asked + 1


async def test_a_large_group_is_not_read_back_for_a_small_change() -> None:
    """One member of thousands is not worth the reading of all."""
    group = Group()
    memory = Memory(ids=MEMORY.ids, members=[(Key(f"corp:{number}"), f"u{number}") for number in range(900)])
    operation = ChangeMembers(GROUP, ResourceType.GROUP, "cn=staff", INPUTS, "g", (Key("corp:1"),), ())
    assert isinstance(await Executor(group.view(ReadBack.ALL), memory).carry_out(operation), Applied)
    assert group.provider.asked == ["PATCH /Groups/g"]


async def test_members_go_by_put_where_patch_is_refused() -> None:
    """A 501 to the first PATCH of members is enough for the run."""
    group = Group(lambda _: RequestRejected("501", "", 501))
    group.provider.script["PUT /Groups/g"] = [ScimResponse(204, None)] * 2
    seen = group.view()
    for _ in range(2):
        assert isinstance(await add(group, 3, seen), Applied)
    assert group.provider.writes == ["PATCH /Groups/g", "PUT /Groups/g", "PUT /Groups/g"]
