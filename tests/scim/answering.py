"""A service that answers as a test says, and a client of it. No network."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx

from ldap2scim.model import ResourceType
from ldap2scim.scim import requests
from ldap2scim.scim.client import ScimConnection, connect
from ldap2scim.scim.profiles import by_name
from ldap2scim.scim.provider import Json
from ldap2scim.scim.rate import Clock
from ldap2scim.scim.requests import Target
from ldap2scim.scim.settings import Leavers, ServiceSettings
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
