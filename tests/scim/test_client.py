"""The connection: what is sent, where to, how much at once, and what is never shown."""

import asyncio
import json
import logging
import socket
import ssl
from typing import Any

import httpx
import pytest

from ldap2scim.errors import (
    NotScim,
    OutcomeUnknown,
    RequestRejected,
    ServiceError,
    SettingsError,
)
from ldap2scim.scim import requests
from ldap2scim.scim.client import connect
from ldap2scim.scim.provider import ScimRequest
from ldap2scim.scim.requests import Page, Target
from ldap2scim.scim.schemas import ERROR
from ldap2scim.scim.settings import ProxySettings
from ldap2scim.secret import Secret
from tests.scim.answering import BOB, CREATE, GENERIC, TOKEN, USER, Service, connection, scim, settings


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


def _nested(depth: int) -> Any:
    return {"x": _nested(depth - 1)} if depth else 1


@pytest.mark.parametrize(
    "request_",
    [
        requests.read(Target(USER, "x" * 70_000)),
        requests.list_page(USER, Page(cursor="x" * 70_000), GENERIC),
        requests.replace(BOB, _nested(300)),
    ],
    ids=["id", "cursor", "resource"],
)
async def test_what_cannot_be_sent_back_is_refused(request_: ScimRequest) -> None:
    """What a service gave may be longer than an address, or deeper than JSON is written: it concerns that one alone."""
    service = Service(scim(200, {"id": "1"}))
    async with connection(service) as provider:
        with pytest.raises(RequestRejected, match="was not sent") as caught:
            await provider.send(request_)
    assert not service.asked
    assert len(caught.value.message) < 300


@pytest.mark.parametrize("status", [200, 401, 403, 400, 500])
@pytest.mark.parametrize("written", ["abc/0123456789", r"abc\/0123456789"])
@pytest.mark.parametrize("urn", [ERROR, ERROR.lower()])
async def test_a_token_that_the_service_repeats_is_not_passed_on(status: int, written: str, urn: str) -> None:
    """*The token … is unknown*, some say: neither in whole, nor cut where a long detail ends, as JSON may escape it."""
    error = f'{{"schemas": ["{urn}"], "status": "400", "detail": "The token {written} is {"x" * 150}{written}"}}'
    refusal = httpx.Response(status, headers={"content-type": "application/scim+json"}, content=error)
    async with connection(Service(refusal), token=Secret("abc/0123456789")) as provider:
        with pytest.raises(ServiceError, match=r"The token \[token\] is x+") as caught:
            await provider.send(requests.delete(BOB))
    assert "abc" not in str(caught.value)


async def test_data_that_looks_like_the_token_stays_as_it_is() -> None:
    """A word that somebody took for a token may be a name as well."""
    async with connection(
        Service(scim(200, {"id": "1", "userName": "administrator"})), token=Secret("administrator")
    ) as seen:
        answer = await seen.send(requests.read(BOB))
    assert (answer.body or {})["userName"] == "administrator"


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
