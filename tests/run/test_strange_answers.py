"""Answers that are about somebody else, or an error in a success: nothing is concluded from them."""

from typing import Any

import pytest

from ldap2scim.errors import ResourceNotFound, ServiceUnavailable
from ldap2scim.model import Key
from ldap2scim.planning.operations import Operation
from ldap2scim.planning.proof import Proof
from ldap2scim.run.done import Applied, Failed, InDoubt
from ldap2scim.run.service_view import shown_members
from ldap2scim.scim.provider import ScimResponse
from ldap2scim.scim.settings import ReadBack
from ldap2scim.state.snapshot_rows import Confirmed, Gone
from tests.run.scripted import KEY, Memory, Script, ScriptedProvider, on_wire, row
from tests.run.test_doubtful_answers import CREATE, DEACTIVATE, DELETE, UPDATE, carry_out, confirmed_id


class TestAnsweredWithSomebodyElse:
    """A success that shows another resource says nothing of ours, and links nobody to it."""

    bob = on_wire("2", externalId="x-2", userName="bob")

    @pytest.mark.parametrize("read_back", [ReadBack.NONE, ReadBack.ALL])
    async def test_a_creation(self, read_back: ReadBack) -> None:
        """A service that gives out an account with the same e-mail: it is not taken for the one to be created."""
        provider = ScriptedProvider({"/Users/2": self.bob}, {"POST /Users": [ScimResponse(201, self.bob)]})
        done = await carry_out(CREATE, provider, read_back=read_back)
        assert isinstance(done, InDoubt)
        assert done.change is None
        assert provider.writes == ["POST /Users"]

    async def test_a_creation_that_is_found(self) -> None:
        """The one that was created is found by its externalId."""
        everybody = {"/Users/2": self.bob, "/Users/7": on_wire("7")}
        provider = ScriptedProvider(everybody, {"POST /Users": [ScimResponse(201, self.bob)]})
        assert confirmed_id(await carry_out(CREATE, provider)) == "7"

    @pytest.mark.parametrize("names", [{"externalId": ""}, {"userName": "AIKO@example.com"}, {"externalId": "X-1"}])
    async def test_a_creation_whose_names_are_spelled_otherwise(self, names: dict[str, str]) -> None:
        """A service that keeps no externalId, or writes a login in its own way, has created ours."""
        provider = ScriptedProvider(script={"POST /Users": [ScimResponse(201, on_wire("7", **names))]})
        assert confirmed_id(await carry_out(CREATE, provider)) == "7"

    @pytest.mark.parametrize("owner", [Key("corp:2"), Key("corp:9")])
    async def test_a_change(self, owner: Key) -> None:
        """Ours is read again, by its own id; whether the other is managed makes no difference."""
        everybody = {"/Users/1": on_wire(), "/Users/2": self.bob}
        answer = ScimResponse(200, self.bob, etag='W/"2"')
        provider = ScriptedProvider(everybody, {"PATCH /Users/1": [answer]})
        done = await carry_out(UPDATE, provider, Memory(ids={owner: "2" if owner == "corp:2" else "9"}))
        assert isinstance(done, Applied)
        assert confirmed_id(done) == "1"
        assert done.proof is Proof.READ
        assert done.ignored == ()
        assert isinstance(done.change, Confirmed)
        assert done.change.row.version is None
        assert provider.asked == ["PATCH /Users/1", "GET /Users/1"]

    @pytest.mark.parametrize(("active", "outcome"), [(False, Applied), (True, Failed)])
    async def test_a_deactivation(self, active: bool, outcome: type) -> None:
        """That somebody else is disabled, or active, proves nothing: ours is read."""
        answer = ScimResponse(200, self.bob | {"active": not active})
        provider = ScriptedProvider({"/Users/1": on_wire(active=active)}, {"PATCH /Users/1": [answer]})
        assert isinstance(await carry_out(DEACTIVATE, provider), outcome)
        assert provider.asked == ["PATCH /Users/1", "GET /Users/1"]

    async def test_a_change_with_the_id_of_somebody_of_ours(self) -> None:
        """A new id that another entry has is none of ours, whatever names stand beside it."""
        provider = ScriptedProvider({"/Users/1": on_wire()}, {"PATCH /Users/1": [ScimResponse(200, on_wire("2"))]})
        assert confirmed_id(await carry_out(UPDATE, provider, Memory(ids={Key("corp:2"): "2"}))) == "1"


@pytest.mark.parametrize(
    ("members", "shown"),
    [
        (None, []),
        ([None], []),
        (True, []),
        ([[], {}], []),
        ({"value": "1"}, ["1"]),
        ("1", ["1"]),
        (["1", 2], ["1", "2"]),
        ([{"value": ""}, {"display": "Aiko"}], []),
        ([{"$ref": "https://scim.example.com/v2/Users/1"}, {"$ref": "../Groups/2"}], ["1", "2"]),
        ([{"value": "1", "$ref": "https://[::1/Users/7"}], ["1"]),
    ],
)
def test_members_in_any_shape(members: Any, shown: list[str]) -> None:
    """One value in the place of a list, plain ids, references alone (RFC 7643 §2.4, §4.2); nothing breaks a run."""
    assert [one.service_id for one in shown_members({"members": members})] == shown


class TestLeavingUnderAnotherId:
    """An id may be made of the login: who was renamed at the service by hand is not gone with the old one."""

    moved = on_wire("2", userName="aiko2")
    eight = on_wire("8", externalId="x-8", userName="eight")

    @pytest.mark.parametrize("operation", [DEACTIVATE, DELETE], ids=["deactivate", "delete"])
    async def test_the_next_run_removes_it_there(self, operation: Operation) -> None:
        """It is not forgotten, and remembered by its new id."""
        missing: Script = {f"{verb} /Users/1": [ResourceNotFound("404", "", 404)] for verb in ("PATCH", "DELETE")}
        provider = ScriptedProvider({"/Users/2": self.moved, "/Users/8": self.eight}, missing)
        done = await carry_out(operation, provider)
        assert isinstance(done, Failed)
        assert confirmed_id(done) == "2"
        assert provider.writes in (["PATCH /Users/1"], ["DELETE /Users/1"])

    @pytest.mark.parametrize("operation", [DEACTIVATE, DELETE], ids=["deactivate", "delete"])
    async def test_who_cannot_be_looked_for_now_has_not_gone(self, operation: Operation) -> None:
        """No answer to the question is no answer."""
        missing: Script = {f"{verb} /Users/1": [ResourceNotFound("404", "", 404)] for verb in ("PATCH", "DELETE")}
        missing["LIST /Users"] = [ServiceUnavailable("503", "", 503)]
        done = await carry_out(operation, ScriptedProvider({"/Users/2": self.moved, "/Users/8": self.eight}, missing))
        assert isinstance(done, Failed)
        assert done.change is None

    @pytest.mark.parametrize(
        ("listed", "ids"),
        [
            ({"/Users/2": moved | {"externalId": "x-2"}}, {}),
            ({"/Users/2": moved | {"externalId": None}}, {}),
            ({"/Users/2": moved}, {Key("corp:2"): "2"}),
            ({"/Users/9": on_wire("1")}, {}),
        ],
        ids=["another externalId", "none", "of another entry", "a list that is behind"],
    )
    async def test_who_is_somebody_else_is_let_alone(self, listed: dict[str, Any], ids: dict[Key, str]) -> None:
        """With another externalId, or as another entry's, it is not who leaves."""
        missing: Script = {"DELETE /Users/1": [ResourceNotFound("404", "", 404)]}
        provider = ScriptedProvider({**listed, "/Users/8": self.eight}, missing)
        done = await carry_out(DELETE, provider, Memory(ids=ids, rows={KEY: row()}))
        assert isinstance(done, Applied)
        assert done.change == Gone(KEY)
