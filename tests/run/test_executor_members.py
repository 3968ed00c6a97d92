"""What becomes of a change of members."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ldap2scim.errors import (
    ServiceError,
)
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.operations import (
    ChangeMembers,
)
from ldap2scim.run.done import Applied, Failed, InDoubt
from ldap2scim.run.service_view import foreign_key
from ldap2scim.state.snapshot_rows import Gone, MembersChanged
from tests.run.executing import AWAY, LOST, MISSING, OK, REFUSED, carry_out
from tests.run.scripted import (
    GROUP,
    INPUTS,
    Memory,
    ScriptedProvider,
    capabilities,
)


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

    async def test_group_that_was_created_just_now_and_is_not_found_yet(self) -> None:
        """It is not forgotten: a service that takes a moment would get it a second time from the next run."""
        provider = ScriptedProvider({"/Groups/8": {"id": "8"}}, {"PATCH /Groups/g": [MISSING]})
        done = await carry_out(members([1], service_id=None), provider, self.memory)
        assert isinstance(done, Failed)
        assert done.change is None

    async def test_whole_where_there_is_no_patch(self) -> None:
        """Without PATCH the members that are there now are put back with the change, those of others included."""
        group = {"id": "g", "displayName": "staff", "members": [{"value": "u3"}, {"value": "u4"}, {"value": "other"}]}
        provider = ScriptedProvider({"/Groups/g": group}, {"PUT /Groups/g": [OK]}, able=capabilities(patch=False))
        done = await carry_out(members([1], [3]), provider, self.memory)
        assert isinstance(done, Applied)
        body = provider.sent[-1].body
        assert body is not None
        assert [member["value"] for member in body["members"]] == ["u4", "other", "u1"]
