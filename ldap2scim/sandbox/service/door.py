"""What stands before the endpoints: the token, the faults, the log. An ASGI application around another."""

import asyncio
from collections.abc import Callable

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ldap2scim.sandbox.service.distortion import (
    Answer,
    first_page,
    is_beyond_the_end,
    named_members,
    rewritten,
    spoilt,
)
from ldap2scim.sandbox.service.faults import Fault, FaultKind, Faults, Moment
from ldap2scim.sandbox.service.ignoring import IGNORED
from ldap2scim.sandbox.service.refusal import error_body
from ldap2scim.sandbox.service.requests import RecordedRequest, RequestLog
from ldap2scim.sandbox.service.tokens import Tokens

ABORT = "ldap2scim.sandbox.abort"
"""Key of a request's scope under which the server leaves the function that breaks the connection."""
_SCIM = b"application/scim+json"
_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Please sign in</h1></body></html>"


class Door:
    """Checks the token, lets faults strike, records every request."""

    def __init__(self, app: ASGIApp, tokens: Tokens, base_path: str, faults: Faults, log: RequestLog) -> None:
        self._app = app
        self._tokens = tokens
        self._base_path = base_path
        self._faults = faults
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        body = await _body(receive)
        path = scope["path"].removeprefix(self._base_path) or "/"
        answer = await self._answer(scope, body, path)
        self._log.add(
            RecordedRequest(
                scope["method"], path, scope["query_string"].decode(), body, answer.status if answer else None
            )
        )
        if answer is None:
            await _drop(scope, receive)
            return
        headers = [*answer.headers, (b"content-length", str(len(answer.body)).encode())]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Scope, body: bytes, path: str) -> Answer | None:
        given = dict(scope["headers"]).get(b"authorization", b"")
        refused = self._tokens.refusal(given, scope["method"], path)
        if refused is not None:
            return _error(refused.status, refused.detail, [(b"www-authenticate", b"Bearer")])
        fault = self._faults.strike(scope["method"], path, named_members(body))
        if fault is None:
            return await self._carried_out(scope, body)
        if fault.kind in _INSTEAD:
            if fault.moment is Moment.AFTER:
                await self._carried_out(scope, body)
            return _INSTEAD[fault.kind](fault)
        if fault.kind is FaultKind.SLOW:
            await asyncio.sleep(fault.seconds)
        if fault.kind is FaultKind.IGNORE_ATTRIBUTE:
            scope = {**scope, IGNORED: fault.attribute}
        asked = rewritten(fault, scope, body)
        answer = await self._carried_out(*asked)
        if fault.kind is FaultKind.PAGE_ONE_AGAIN and is_beyond_the_end(answer):
            answer = await self._carried_out(*first_page(*asked))
        filtered = b"filter" in scope["query_string"] or b'"filter"' in body
        return spoilt(fault, scope["method"], filtered, answer)

    async def _carried_out(self, scope: Scope, body: bytes) -> Answer:
        answer = Answer(500, b"", [])

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = [pair for pair in message["headers"] if pair[0] != b"content-length"]
            else:
                answer.body += message.get("body", b"")

        inner = {**scope, "path": scope["path"].removeprefix(self._base_path) or "/"}
        await self._app(inner, receive, send)
        return answer


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _drop(scope: Scope, receive: Receive) -> None:
    """Break the connection without a byte, and wait until the server has noticed."""
    scope[ABORT]()
    while (await receive())["type"] != "http.disconnect":
        pass


def _error(status: int, detail: str, headers: list[tuple[bytes, bytes]] | None = None) -> Answer:
    return Answer(status, orjson.dumps(error_body(status, detail)), [(b"content-type", _SCIM), *(headers or [])])


def _status(fault: Fault) -> Answer:
    waiting = [(b"retry-after", fault.retry_after.encode())] if fault.retry_after is not None else []
    return _error(fault.status, "A fault of the sandbox.", waiting)


_INSTEAD: dict[FaultKind, Callable[[Fault], Answer | None]] = {
    FaultKind.STATUS: _status,
    FaultKind.DROP: lambda _: None,
    FaultKind.IGNORE_WRITE: lambda _: Answer(204, b"", []),
    FaultKind.GARBAGE: lambda _: Answer(200, b"\x00\xff\xfe no JSON", [(b"content-type", _SCIM)]),
    FaultKind.HTML: lambda fault: Answer(fault.status, _PAGE, [(b"content-type", b"text/html; charset=utf-8")]),
    FaultKind.REDIRECT: lambda _: Answer(302, _PAGE, [(b"location", b"/sign-in"), (b"content-type", b"text/html")]),
}
"""Kinds that answer in the place of the service."""
