"""The connection: what is sent, what is tried again, and what is never repeated."""

import asyncio
import json
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ldap2scim.errors import (
    AccessRefused,
    NotScim,
    OutcomeUnknown,
    RequestRejected,
    ServiceError,
    ServiceUnavailable,
    SettingsError,
)
from ldap2scim.model import ResourceType
from ldap2scim.scim import requests
from ldap2scim.scim.client import ScimConnection, connect
from ldap2scim.scim.profiles import by_name
from ldap2scim.scim.provider import Json, ScimRequest
from ldap2scim.scim.rate import Clock
from ldap2scim.scim.requests import Target
from ldap2scim.scim.settings import Leavers, ProxySettings, ServiceSettings
from ldap2scim.secret import Secret

USER, GROUP = ResourceType.USER, ResourceType.GROUP
GENERIC = by_name("generic")
BOB = Target(USER, "bob", 'W/"1"')
CREATE = requests.create(USER, {"user_name": "bob", "title": "secret title"}, GENERIC)
SCIM = {"content-type": "application/scim+json"}
TOKEN = "t0ken"

Answer = Callable[[httpx.Request], httpx.Response] | httpx.Response | Exception


class Service:
    """Answers in the order given, the last one for ever; remembers what was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        await request.aread()
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return (
            answer(request)
            if callable(answer)
            else httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        )


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 5000.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Pass the time."""
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


def settings(**changes: Any) -> ServiceSettings:
    """Return settings of a generic service."""
    given: dict[str, Any] = {
        "profile": "generic",
        "base_url": "https://scim.example.jp/v2/",
        "token": Secret(TOKEN),
        "leavers": Leavers.DELETE,
        "user_filter": "",
        "group_filter": "",
    }
    return ServiceSettings(**(given | changes))


def connection(service: Service, time: Time | None = None, **changes: Any) -> ScimConnection:
    """Return a connection to `service`."""
    time = time or Time()
    clock = Clock(lambda: time.now, lambda: time.now, time.sleep, lambda: 0.0)
    return connect(settings(**changes), transport=httpx.MockTransport(service), clock=clock)


def scim(status: int, body: Json | None = None, **headers: str) -> httpx.Response:
    """Return an answer in SCIM."""
    content = b"" if body is None else json.dumps(body).encode()
    return httpx.Response(status, headers=SCIM | {k.replace("_", "-"): v for k, v in headers.items()}, content=content)


def scim_error(status: int, scim_type: str = "", **headers: str) -> httpx.Response:
    """Return an error of RFC 7644 §3.12."""
    schemas = ["urn:ietf:params:scim:api:messages:2.0:Error"]
    return scim(status, {"schemas": schemas, "status": str(status), "scimType": scim_type}, **headers)


async def test_a_request_carries_what_it_needs() -> None:
    """Address, token, agent, media types, body; and comes back as an answer."""
    service = Service(scim(201, {"id": "1"}, etag="x"))
    async with connection(service) as provider:
        answer = await provider.send(CREATE)

    (asked,) = service.asked
    assert str(asked.url) == "https://scim.example.jp/v2/Users"
    assert json.loads(asked.content) == CREATE.body
    assert asked.headers["host"] == "scim.example.jp"
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["user-agent"].startswith("ldap2scim/")
    assert asked.headers["content-type"] == "application/scim+json"
    assert asked.headers["content-length"] == str(len(asked.content))
    assert "application/scim+json" in asked.headers["accept"]
    assert (answer.body, answer.etag) == ({"id": "1"}, "x")


async def test_queries_ids_and_versions_arrive_as_meant() -> None:
    """Filters are percent-encoded, encoded ids stay as they are, a version is sent as If-Match."""
    service = Service(scim(200, {"Resources": []}), scim(204))
    async with connection(service) as provider:
        await provider.send(requests.find_by(USER, "externalId", "a&b=c+d 営", GENERIC))
        await provider.send(requests.delete(Target(USER, "a/b@c", 'W/"1"')))

    assert service.asked[0].url.params["filter"] == 'externalId eq "a&b=c+d 営"'
    assert service.asked[1].url.raw_path == b"/v2/Users/a%2Fb%40c"
    assert service.asked[1].headers["if-match"] == 'W/"1"'


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
        scim_error(429),
        scim_error(503),
        httpx.Response(503, headers={"retry-after": "1"}),
    ],
)
async def test_a_create_is_sent_again_when_it_was_surely_not_carried_out(failure: Answer) -> None:
    """No connection, 429, and a 503 of the service itself."""
    service = Service(failure, failure, scim(201, {"id": "1"}))
    async with connection(service) as provider:
        assert (await provider.send(CREATE)).status == 201

    assert len(service.asked) == 3


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("gone"),
        httpx.WriteError("broken pipe"),
        scim_error(500),
        httpx.Response(502),
        httpx.Response(504),
        httpx.Response(503),
        httpx.Response(201, headers=SCIM, content=b'{"id": "1'),
    ],
)
async def test_a_create_that_may_have_been_carried_out_is_never_repeated(failure: Answer) -> None:
    """It is in doubt, and asked of the service later."""
    service = Service(failure, scim(201, {"id": "2"}))
    async with connection(service) as provider:
        with pytest.raises(OutcomeUnknown, match=r"POST /Users.*not known"):
            await provider.send(CREATE)

    assert len(service.asked) == 1


@pytest.mark.parametrize("failure", [httpx.ReadTimeout("slow"), scim_error(500), httpx.Response(502)])
@pytest.mark.parametrize("request_", [requests.read(BOB), requests.deactivate(BOB, GENERIC), requests.delete(BOB)])
async def test_what_may_be_repeated_is(failure: Answer, request_: ScimRequest) -> None:
    """Reads, and writes that leave the same state."""
    service = Service(failure, scim(200, {"id": "bob"}))
    async with connection(service) as provider:
        assert (await provider.send(request_)).status == 200

    assert len(service.asked) == 2


@pytest.mark.parametrize("refusal", [scim_error(412), scim_error(400, "noTarget")])
async def test_a_refusal_that_our_own_lost_attempt_may_have_caused_is_in_doubt(refusal: httpx.Response) -> None:
    """The first attempt may have moved the version, or removed what the second one looks for."""
    lost = Service(httpx.ReadError("reset"), refusal)
    async with connection(lost) as provider:
        with pytest.raises(OutcomeUnknown):
            await provider.send(requests.deactivate(BOB, GENERIC))
    refused = Service(refusal)
    async with connection(refused) as provider:
        with pytest.raises(ServiceError) as caught:
            await provider.send(requests.deactivate(BOB, GENERIC))

    assert not isinstance(caught.value, OutcomeUnknown)


async def test_a_write_in_doubt_stays_in_doubt_when_the_service_is_gone_afterwards() -> None:
    """Answer lost, then no connection until the budget is used up."""
    service = Service(httpx.ReadError("reset"), httpx.ConnectError("refused"))
    async with connection(service) as provider:
        with pytest.raises(OutcomeUnknown):
            await provider.send(requests.delete(BOB))


async def test_trying_ends_with_the_budget() -> None:
    """A service that is gone is unavailable after the seconds that the settings allow."""
    time = Time()
    service = Service(httpx.ConnectError("refused"))
    async with connection(service, time, retry_budget=20.0) as provider:
        with pytest.raises(ServiceUnavailable, match="ConnectError"):
            await provider.send(CREATE)

    assert 10 <= sum(time.slept) <= 20


async def test_a_request_that_breaks_the_service_is_not_sent_for_ever() -> None:
    """Three times 500 is enough."""
    service = Service(scim_error(500))
    async with connection(service) as provider:
        with pytest.raises(ServiceUnavailable):
            await provider.send(requests.read(BOB))

    assert len(service.asked) == 3


async def test_a_wait_longer_than_the_budget_is_said_at_once() -> None:
    """Nobody sleeps for an hour inside one request."""
    time = Time()
    async with connection(Service(scim_error(429, retry_after="3600")), time) as provider:
        with pytest.raises(ServiceUnavailable) as caught:
            await provider.send(CREATE)

    assert caught.value.retry_after == 3600
    assert time.slept == []


async def test_one_429_holds_all_workers() -> None:
    """Those who were not refused wait as well, rather than each finding out."""
    now, over = 5000.0, asyncio.Event()

    async def sleep(seconds: float) -> None:
        nonlocal now
        await over.wait()
        now = 5031.0

    service = Service(scim_error(429, retry_after="30"), scim(201, {"id": "1"}))
    clock = Clock(lambda: now, lambda: now, sleep, lambda: 0.0)
    async with connect(settings(concurrency=2), transport=httpx.MockTransport(service), clock=clock) as provider:
        refused = asyncio.create_task(provider.send(CREATE))
        for _ in range(50):
            await asyncio.sleep(0)
        others = [asyncio.create_task(provider.send(CREATE)) for _ in range(5)]
        for _ in range(50):
            await asyncio.sleep(0)
        asked_meanwhile = len(service.asked)
        over.set()
        answers = await asyncio.gather(refused, *others)

    assert asked_meanwhile == 1
    assert [answer.status for answer in answers] == [201] * 6


async def test_a_worker_in_the_queue_for_a_connection_is_held_too() -> None:
    """All were on their way already when the first was refused."""
    now, over = 5000.0, asyncio.Event()

    async def sleep(seconds: float) -> None:
        nonlocal now
        await over.wait()
        now = 5031.0

    service = Service(scim_error(429, retry_after="30"), scim(201, {"id": "1"}))
    clock = Clock(lambda: now, lambda: now, sleep, lambda: 0.0)
    async with connect(settings(concurrency=1), transport=httpx.MockTransport(service), clock=clock) as provider:
        tasks = [asyncio.create_task(provider.send(CREATE)) for _ in range(6)]
        for _ in range(50):
            await asyncio.sleep(0)
        asked_meanwhile = len(service.asked)
        over.set()
        await asyncio.gather(*tasks)

    assert asked_meanwhile == 1


async def test_a_wrong_certificate_or_host_is_not_tried_again() -> None:
    """It will not get better by itself; the message says what is wrong."""
    for cause, words in (
        (ssl.SSLCertVerificationError(1, "certificate verify failed"), "certificate is not trusted"),
        (ssl.SSLError("wrong version"), "does not speak TLS"),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "no host of that name"),
    ):
        failure = httpx.ConnectError("x")
        failure.__cause__ = cause
        service = Service(failure)
        async with connection(service) as provider:
            with pytest.raises(ServiceError, match=words):
                await provider.send(CREATE)
        assert len(service.asked) == 1


async def test_redirects_are_not_followed() -> None:
    """The token goes nowhere else."""
    service = Service(httpx.Response(302, headers={"location": "https://evil.example/"}))
    async with connection(service) as provider:
        with pytest.raises(NotScim, match="redirect"):
            await provider.send(CREATE)

    assert len(service.asked) == 1


async def test_never_more_requests_at_once_than_the_settings_allow() -> None:
    """Bounded concurrency."""
    running = most = 0

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        running -= 1
        return scim(201, {"id": "1"})

    async with connect(settings(concurrency=3), transport=httpx.MockTransport(answer)) as provider:
        await asyncio.gather(*(provider.send(CREATE) for _ in range(20)))

    assert most == 3


async def test_nothing_secret_is_logged_or_shown(caplog: pytest.LogCaptureFixture) -> None:
    """Neither token, nor body, nor the values of a query; at DEBUG method, path, status and time."""
    caplog.set_level(logging.DEBUG)
    service = Service(scim(201, {"id": "1"}), scim(200, {"Resources": []}), httpx.ReadError("reset"))
    async with connection(service) as provider:
        await provider.send(CREATE)
        await provider.send(requests.find_by(USER, "userName", "secret login", GENERIC))
        with pytest.raises(OutcomeUnknown) as caught:
            await provider.send(CREATE)
        shown = caplog.text + repr(provider) + str(caught.value) + repr(caught.value)

    assert "POST /Users 201 0 ms" in caplog.text
    assert TOKEN not in shown
    assert "secret" not in shown


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"base_url": "scim.example.jp"}, "service.base_url"),
        ({"base_url": "ldap://scim.example.jp"}, "service.base_url"),
        ({"base_url": "https://"}, "service.base_url"),
        ({"base_url": "https://bob:pw@scim.example.jp/"}, "service.base_url: what is given"),
        ({"base_url": ""}, "service.base_url"),
        ({"token": Secret("zwei Worte")}, "service.token"),
        ({"token": Secret("töken")}, "service.token"),
        ({"token": Secret("to\nken")}, "service.token"),
        ({"token": Secret("")}, "service.token"),
        ({"profile": "oktopus"}, "service.profile"),
    ],
)
def test_settings_that_cannot_work_are_said_before_anything_is_sent(changes: dict[str, Any], words: str) -> None:
    """One message that names the setting, without the secret."""
    with pytest.raises(SettingsError, match=words) as caught:
        connect(settings(**changes), transport=httpx.MockTransport(Service(scim(200))))

    assert not any(secret in str(caught.value) for secret in ("zwei", "töken", "to\nken", "pw"))


def test_the_network_is_set_up_from_the_settings(tmp_path: Any) -> None:
    """A proxy with credentials is taken; a wrong proxy or CA file is a settings problem."""
    connect(settings(proxy=ProxySettings("http://proxy:8080", "u", Secret("p")), verify_certificate=False))
    empty = tmp_path / "ca.pem"
    empty.write_text("nothing")

    for changes, words in (
        ({"proxy": ProxySettings("proxy:8080", None, None)}, "service.proxy"),
        ({"ca_file": empty}, "no certificate in PEM"),
        ({"ca_file": tmp_path / "missing.pem"}, "No such file"),
    ):
        with pytest.raises(SettingsError, match=words):
            connect(settings(**changes))


async def test_the_base_url_of_the_iij_id_service_is_known() -> None:
    """It need not be written in the settings."""
    service = Service(scim(204))
    async with connection(service, profile="iij-id", base_url="") as provider:
        await provider.send(requests.delete(BOB))

    assert str(service.asked[0].url) == "https://scim.auth.iij.jp/scim/v2/Users/bob"


@pytest.mark.parametrize("answer", [scim_error(404), httpx.Response(404), scim_error(403), scim_error(501)])
async def test_a_service_without_discovery_is_as_its_profile_assumes(answer: httpx.Response) -> None:
    """Asked once only."""
    service = Service(answer)
    async with connection(service) as provider:
        first, second = await asyncio.gather(provider.capabilities(), provider.capabilities())

    assert first == second == GENERIC.assumed
    assert len(service.asked) == 1


async def test_a_wrong_token_is_not_taken_for_missing_discovery() -> None:
    """401 is said at once."""
    async with connection(Service(scim_error(401))) as provider:
        with pytest.raises(AccessRefused):
            await provider.capabilities()


def everybody(count: int, size: int = 1000, config: Json | None = None) -> Service:
    """Return a service that ignores filters and has `count` groups."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/ServiceProviderConfig"):
            return scim(200, config or {"filter": {"supported": True, "maxResults": size}})
        start = int(request.url.params.get("startIndex", 1))
        asked = int(request.url.params.get("count", 10_000))
        held = [{"id": str(n), "displayName": f"G{n % 3}"} for n in range(count)][start - 1 :][: min(asked, size)]
        return scim(200, {"totalResults": count, "Resources": held})

    return Service(answer)


async def ids(provider: ScimConnection, scim_filter: str | None = None) -> list[str]:
    """Return the ids of a listing of groups."""
    return [resource["id"] async for resource in provider.list_all(GROUP, scim_filter, ("members",))]


async def test_a_listing_is_read_page_after_page() -> None:
    """In pages as large as the service gives, without the attributes that are not wanted."""
    service = everybody(450, 200)
    async with connection(service) as provider:
        assert await ids(provider) == [str(n) for n in range(450)]

    pages = [dict(asked.url.params) for asked in service.asked[1:]]
    assert [page["startIndex"] for page in pages] == ["1", "201", "401", "451"]
    assert {page["count"] for page in pages} == {"200"}
    assert {page["excludedAttributes"] for page in pages} == {"members"}


async def test_a_service_that_ignores_the_filter_is_noticed_and_mended() -> None:
    """Everybody comes back; only those asked for are given, and it is noted once."""
    async with connection(everybody(30)) as provider:
        chosen = await ids(provider, 'displayName eq "g1"')
        await ids(provider, 'displayName eq "g1"')

        assert chosen == [str(n) for n in range(30) if n % 3 == 1]
        assert [note.rule for note in provider.notes] == ["service-ignores-filter"]


async def test_the_pair_that_owns_no_group_gets_none_even_from_a_service_that_ignores_filters() -> None:
    """`displayName eq ""` must never come to mean everybody."""
    async with connection(everybody(30)) as provider:
        assert await ids(provider, 'displayName eq ""') == []


async def test_a_filter_on_what_the_service_does_not_show_cannot_be_mended() -> None:
    """Whether nobody was selected, or the filter ignored, is not known: the listing fails."""
    async with connection(everybody(30)) as provider:
        with pytest.raises(NotScim, match="cannot be told"):
            await ids(provider, 'externalId eq "x"')


async def test_a_service_without_filters_is_filtered_here() -> None:
    """It is not even asked to."""
    service = everybody(9, config={"filter": {"supported": False}})
    async with connection(service) as provider:
        assert len(await ids(provider, 'displayName eq "G0"')) == 3

    assert "filter" not in service.asked[1].url.params


async def test_a_filter_that_cannot_be_read_is_refused_with_its_column() -> None:
    """Nothing is asked of the service."""
    service = everybody(9)
    async with connection(service) as provider:
        with pytest.raises(RequestRejected, match="column 13"):
            await ids(provider, "displayName = 1")

    assert service.asked == []


async def test_a_service_that_breaks_on_count_is_asked_without() -> None:
    """Any `count` answered with 500 is a known habit."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/ServiceProviderConfig"):
            return scim_error(404)
        if "count" in request.url.params:
            return scim_error(500)
        held = [{"id": "1"}] if request.url.params["startIndex"] == "1" else []
        return scim(200, {"totalResults": 1, "Resources": held})

    async with connection(Service(answer)) as provider:
        assert await ids(provider) == ["1"]


async def test_a_listing_that_is_cut_short_is_an_error() -> None:
    """Never an end."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/ServiceProviderConfig"):
            return scim_error(404)
        return scim(
            200, {"totalResults": 9, "Resources": [{"id": "1"}] if request.url.params["startIndex"] == "1" else []}
        )

    async with connection(Service(answer)) as provider:
        with pytest.raises(NotScim, match="not complete"):
            await ids(provider)
