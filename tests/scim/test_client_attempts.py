"""What the client sends again, what it never repeats, and how long it waits."""

import asyncio

import httpx
import pytest

from ldap2scim.errors import (
    OutcomeUnknown,
    ServiceError,
    ServiceUnavailable,
)
from ldap2scim.scim import requests
from ldap2scim.scim.client import connect
from ldap2scim.scim.provider import ScimRequest
from ldap2scim.scim.rate import Clock
from tests.scim.answering import (
    BOB,
    CREATE,
    GENERIC,
    SCIM,
    Answer,
    Service,
    Time,
    connection,
    scim,
    scim_error,
    settings,
)


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
