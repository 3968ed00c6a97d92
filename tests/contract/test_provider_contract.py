"""Our client against real services: the embedded one, with and without faults, and scim2-server."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest

from ldap2scim.errors import (
    AccessRefused,
    NotScim,
    OutcomeUnknown,
    RequestRejected,
    ResourceNotFound,
    ServiceUnavailable,
    UniquenessConflict,
    VersionConflict,
)
from ldap2scim.model import ResourceType
from ldap2scim.sandbox.service import EmbeddedService, Fault, FaultKind, Moment
from ldap2scim.scim.client import ScimConnection, connect
from ldap2scim.scim.provider import Json, ScimRequest
from ldap2scim.scim.rate import Clock
from ldap2scim.scim.settings import Leavers, ServiceSettings
from ldap2scim.secret import Secret
from tests.servers.scim import ScimServer

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

_numbers = itertools.count(1)


@dataclass(slots=True)
class FastClock:
    """A clock whose sleep takes no time and is remembered."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        """Let the time go by at once."""
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    def clock(self) -> Clock:
        """Return it in the form that the client takes; chance always gives the shortest wait."""
        return Clock(monotonic=lambda: self.now, sleep=self.sleep, chance=lambda: 0.0)


@pytest.fixture
async def provider(server: ScimServer) -> AsyncIterator[ScimConnection]:
    """Our connection to each service in turn."""
    async with connect(settings_of(server)) as connection:
        yield connection


@pytest.fixture
def time() -> FastClock:
    """Time for `faulty`."""
    return FastClock()


@pytest.fixture
async def faulty(scim_service: EmbeddedService, time: FastClock) -> AsyncIterator[ScimConnection]:
    """Our connection to an embedded service of its own, for faults."""
    async with connect(settings_of(scim_service), clock=time.clock()) as connection:
        yield connection


def settings_of(server: ScimServer) -> ServiceSettings:
    """Settings that reach a service."""
    return ServiceSettings("generic", server.base_url, Secret(server.token), Leavers.DELETE, "", "", timeout=20)


def user(**attributes: object) -> Json:
    """A user whose names nobody else has."""
    number = next(_numbers)
    return {"schemas": [USER], "userName": f"u{number}@example.test", "externalId": f"e{number}", **attributes}


async def created(provider: ScimConnection, body: Json) -> Json:
    """Create a resource that is expected to be taken."""
    endpoint = "/Users" if USER in body["schemas"] else "/Groups"
    answer = await provider.send(ScimRequest("POST", endpoint, body))
    assert answer.status == 201
    assert answer.body is not None
    assert answer.location == answer.body["meta"]["location"]
    assert answer.etag == answer.body["meta"]["version"]
    return answer.body


def patch(path: str, *operations: Json, if_match: str | None = None) -> ScimRequest:
    """A PATCH request."""
    return ScimRequest("PATCH", path, {"schemas": [PATCH_OP], "Operations": list(operations)}, if_match=if_match)


async def listed(provider: ScimConnection, scim_filter: str | None = None, *excluded: str) -> list[Json]:
    """Everything that `list_all` yields of the users."""
    return [each async for each in provider.list_all(ResourceType.USER, scim_filter, excluded)]


async def test_capabilities_are_what_the_service_says(provider: ScimConnection, server: ScimServer) -> None:
    """They are fetched once, however often they are asked."""
    server.clear_requests()
    first = await provider.capabilities()
    assert (first.patch, first.filter, first.etag, first.sort) == (True, True, True, True)
    assert first.max_results in (200, 1000)
    assert await provider.capabilities() == first
    assert [each.path for each in server.requests] == ["/ServiceProviderConfig"]


async def test_a_resource_is_created_changed_replaced_and_deleted(provider: ScimConnection) -> None:
    """Every verb arrives, and what it did can be read."""
    body = user(title="old", name={"familyName": "田中"})
    path = f"/Users/{(await created(provider, body))['id']}"
    changed = await provider.send(patch(path, {"op": "replace", "path": "title", "value": "new"}))
    assert changed.status in (200, 204)
    read = (await provider.send(ScimRequest("GET", path))).body
    assert read is not None
    assert (read["title"], read["name"]) == ("new", {"familyName": "田中"})
    replaced = await provider.send(ScimRequest("PUT", path, {**body, "title": "third"}))
    assert replaced.body is not None
    assert replaced.body["title"] == "third"
    assert (await provider.send(ScimRequest("DELETE", path))).status == 204
    with pytest.raises(ResourceNotFound):
        await provider.send(ScimRequest("GET", path))


async def test_refusals_are_told_apart(provider: ScimConnection) -> None:
    """409, 412 and 400 each are an error of their own, with the service's scimType."""
    body = user()
    resource = await created(provider, body)
    with pytest.raises(UniquenessConflict) as conflict:
        await provider.send(ScimRequest("POST", "/Users", {**user(), "userName": body["userName"].upper()}))
    assert (conflict.value.status, conflict.value.scim_type) == (409, "uniqueness")
    path = f"/Users/{resource['id']}"
    operation = {"op": "replace", "path": "title", "value": "x"}
    await provider.send(patch(path, operation))
    with pytest.raises(VersionConflict):
        await provider.send(patch(path, operation, if_match=resource["meta"]["version"]))
    with pytest.raises(RequestRejected) as rejected:
        await provider.send(ScimRequest("GET", "/Users", query=(("filter", "userName eq"),)))
    assert rejected.value.scim_type == "invalidFilter"


async def test_a_wrong_token_is_refused(server: ScimServer) -> None:
    """A token that the service does not know is an error of its own, not one of the request."""
    settings = replace(settings_of(server), token=Secret("wrong"))
    async with connect(settings) as provider:
        with pytest.raises(AccessRefused):
            await provider.send(ScimRequest("GET", "/Users"))


async def test_1100_users_are_listed_to_the_end_and_filters_hold(provider: ScimConnection, server: ScimServer) -> None:
    """Several pages make one listing, each resource comes once, and an excluded attribute stays away."""
    mark = f"listed{next(_numbers)}"
    for _ in range(110):
        await asyncio.gather(*(created(provider, user(title=mark, nickName="n")) for _ in range(10)))
    everybody = await listed(provider, f'title eq "{mark}"', "nickName")
    assert len({each["id"] for each in everybody}) == len(everybody) == 1100
    assert not any("nickName" in each for each in everybody)
    one = everybody[7]
    assert [each["id"] for each in await listed(provider, f'externalId eq "{one["externalId"]}"')] == [one["id"]]
    assert [each["id"] for each in await listed(provider, f'userName eq "{one["userName"].upper()}"')] == [one["id"]]


async def test_members_of_a_group_of_1500_change_by_patch(provider: ScimConnection) -> None:
    """One enters and one leaves by small requests; the others stay."""
    members = [{"value": f"m{number}"} for number in range(1500)]
    body = {"schemas": [GROUP], "displayName": f"group {next(_numbers)}", "members": members}
    path = f"/Groups/{(await created(provider, body))['id']}"
    await provider.send(
        patch(
            path,
            {"op": "add", "path": "members", "value": [{"value": "new"}]},
            {"op": "remove", "path": 'members[value eq "m3"]'},
        )
    )
    read = (await provider.send(ScimRequest("GET", path))).body
    assert read is not None
    assert {each["value"] for each in read["members"]} == {each["value"] for each in members} - {"m3"} | {"new"}


async def test_a_rate_limit_is_waited_out(
    faulty: ScimConnection, scim_service: EmbeddedService, time: FastClock
) -> None:
    """After 429 with Retry-After the same request goes out again, not sooner than asked, and is carried out once."""
    scim_service.faults.add(Fault(FaultKind.STATUS, status=429, retry_after="7", method="POST", times=2))
    await created(faulty, user())
    assert [each.status for each in scim_service.writes()] == [429, 429, 201]
    assert time.now >= 14
    assert len(scim_service.store.users) == 1


async def test_a_rate_limit_without_retry_after_is_waited_out_too(
    faulty: ScimConnection, scim_service: EmbeddedService, time: FastClock
) -> None:
    """The waits grow by themselves."""
    scim_service.faults.add(Fault(FaultKind.STATUS, status=429, times=3))
    await created(faulty, user())
    assert len(time.slept) == 3
    assert time.slept == sorted(time.slept)


async def test_a_service_that_stays_busy_is_unavailable(faulty: ScimConnection, scim_service: EmbeddedService) -> None:
    """The budget of waiting ends, and the error says that nothing was carried out."""
    scim_service.faults.add(Fault(FaultKind.STATUS, status=503, retry_after="50"))
    with pytest.raises(ServiceUnavailable):
        await faulty.send(ScimRequest("POST", "/Users", user()))
    assert scim_service.store.users == ()


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("kind", [FaultKind.STATUS, FaultKind.DROP])
async def test_what_may_be_repeated_is_repeated(
    faulty: ScimConnection, scim_service: EmbeddedService, method: str, moment: Moment, kind: FaultKind
) -> None:
    """A 500 or a lost answer to a GET, PUT, PATCH or DELETE is followed by the same request again."""
    body = user()
    path = f"/Users/{(await created(faulty, body))['id']}"
    requests = {
        "GET": ScimRequest("GET", path),
        "PUT": ScimRequest("PUT", path, {**body, "title": "x"}),
        "PATCH": patch(path, {"op": "replace", "path": "title", "value": "x"}),
        "DELETE": ScimRequest("DELETE", path),
    }
    scim_service.clear_requests()
    scim_service.faults.add(Fault(kind, status=500, moment=moment, times=1))
    if method == "DELETE" and moment is Moment.AFTER:
        with pytest.raises(ResourceNotFound):  # the first was carried out; a 404 on delete is done
            await faulty.send(requests[method])
    else:
        await faulty.send(requests[method])
    assert [each.method for each in scim_service.requests] == [method, method]
    visible = scim_service.store.users
    assert visible == () if method == "DELETE" else len(visible) == 1
    assert method in ("GET", "DELETE") or visible[0]["title"] == "x"


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("kind", [FaultKind.DROP, FaultKind.STATUS, FaultKind.GARBAGE])
async def test_a_post_whose_answer_is_lost_is_in_doubt_and_is_not_repeated(
    faulty: ScimConnection, scim_service: EmbeddedService, moment: Moment, kind: FaultKind
) -> None:
    """Whether it was carried out or not, the caller is told the same: nobody knows. It went out once."""
    scim_service.faults.add(Fault(kind, status=500, method="POST", moment=moment))
    with pytest.raises(OutcomeUnknown):
        await faulty.send(ScimRequest("POST", "/Users", user()))
    assert len(scim_service.writes()) == 1
    assert len(scim_service.store.users) == (1 if moment is Moment.AFTER else 0)


async def test_a_post_whose_answer_is_cut_is_in_doubt(faulty: ScimConnection, scim_service: EmbeddedService) -> None:
    """Half of a JSON text is no answer to a write."""
    scim_service.faults.add(Fault(FaultKind.CUT, method="POST"))
    with pytest.raises(OutcomeUnknown):
        await faulty.send(ScimRequest("POST", "/Users", user()))
    assert len(scim_service.store.users) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault(FaultKind.CUT),
        Fault(FaultKind.GARBAGE),
        Fault(FaultKind.HTML, status=200),
        Fault(FaultKind.HTML, status=404),
        Fault(FaultKind.REDIRECT),
    ],
    ids=["cut", "garbage", "page", "page 404", "redirect"],
)
async def test_an_answer_that_is_not_scim_is_never_taken_for_one(
    faulty: ScimConnection, scim_service: EmbeddedService, fault: Fault
) -> None:
    """Cut JSON, garbage, a page for people and a redirect are no answer to a read, a 404 page neither."""
    path = f"/Users/{(await created(faulty, user()))['id']}"
    scim_service.faults.add(replace(fault, method="GET"))
    for request in (ScimRequest("GET", path), ScimRequest("GET", "/Users")):
        with pytest.raises(NotScim):
            await faulty.send(request)


@pytest.mark.parametrize("kind", [FaultKind.SHORT_PAGE, FaultKind.WRONG_TOTAL])
async def test_a_listing_that_contradicts_itself_is_not_believed(
    faulty: ScimConnection, scim_service: EmbeddedService, kind: FaultKind
) -> None:
    """Half pages are made up for, or the listing fails; a wrong total fails it. Nobody is ever silently missing."""
    expected = {(await created(faulty, user()))["id"] for _ in range(9)}
    scim_service.faults.add(Fault(kind, path="/Users", method="GET"))
    try:
        everybody = await listed(faulty)
    except NotScim:
        return
    assert kind is FaultKind.SHORT_PAGE
    assert {each["id"] for each in everybody} == expected


async def test_a_user_in_pending_deletion_comes_back_by_post(iij_like_service: EmbeddedService) -> None:
    """At a service like IIJ's, DELETE hides the user from listings, and the same POST again brings back the same id."""
    async with connect(replace(settings_of(iij_like_service), profile="iij-id")) as provider:
        body = user()
        resource = await created(provider, body)
        await provider.send(ScimRequest("DELETE", f"/Users/{resource['id']}"))
        assert await listed(provider) == []
        with pytest.raises(UniquenessConflict):
            await provider.send(ScimRequest("POST", "/Users", {**body, "externalId": "another"}))
        assert (await created(provider, {**body, "title": "back"}))["id"] == resource["id"]
        assert [each["title"] for each in await listed(provider, f'externalId eq "{body["externalId"]}"')] == ["back"]


async def test_a_slow_answer_is_waited_for_until_the_timeout(scim_service: EmbeddedService) -> None:
    """Within the timeout it is an answer; beyond it, a POST is in doubt."""
    async with connect(replace(settings_of(scim_service), timeout=0.5)) as provider:
        scim_service.faults.add(Fault(FaultKind.SLOW, seconds=0.1, times=1))
        await created(provider, user())
        scim_service.faults.add(Fault(FaultKind.SLOW, seconds=1.5, times=1))
        with pytest.raises(OutcomeUnknown):
            await provider.send(ScimRequest("POST", "/Users", user()))


async def test_a_service_that_is_not_there_is_unavailable(scim_service: EmbeddedService, time: FastClock) -> None:
    """A connection that is refused means that nothing was sent."""
    gone = replace(settings_of(scim_service), base_url="http://127.0.0.1:9/scim/v2")
    async with connect(gone, clock=time.clock()) as provider:
        with pytest.raises(ServiceUnavailable):
            await provider.send(ScimRequest("POST", "/Users", user()))
