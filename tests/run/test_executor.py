"""What becomes of one operation, whatever the service answers (DESIGN §2, §6)."""

from dataclasses import replace

import pytest

from ldap2scim.errors import (
    AccessRefused,
    NotScim,
    ServiceError,
)
from ldap2scim.essence import to_essence
from ldap2scim.planning.operations import (
    Operation,
)
from ldap2scim.run.done import Applied, Failed, InDoubt
from ldap2scim.scim.provider import ScimResponse
from tests.run.executing import (
    ADOPT,
    AWAY,
    CONFLICT,
    CREATE,
    DEACTIVATE,
    DELETE,
    LOST,
    MISSING,
    OK,
    REFUSED,
    RESTORE,
    STALE,
    UPDATE,
    carry_out,
    confirmed,
)
from tests.run.scripted import (
    Script,
    ScriptedProvider,
    on_wire,
    user,
)


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
