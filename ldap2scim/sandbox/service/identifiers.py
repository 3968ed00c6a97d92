"""Ids in other forms than the store's own: numbers, or names that change with a rename.

An ASGI application around another. Outside, nobody sees the store's ids; inside, nobody sees the others.
"""

from typing import Any
from urllib.parse import quote, unquote

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ldap2scim.sandbox.service.personality import Ids
from ldap2scim.sandbox.service.refusal import Refused
from ldap2scim.sandbox.service.schemas import ENDPOINTS
from ldap2scim.sandbox.service.store import Store

_MEMBER_PATH = 'members[value eq "'


class Identifiers:
    """Translates ids on the way in and out."""

    def __init__(self, app: ASGIApp, store: Store) -> None:
        self._app = app
        self._store = store
        self._names = store.personality.ids is Ids.NAMES
        self._numbers: dict[str, int] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        parts = scope["path"].split("/")
        if len(parts) == 3 and parts[1] in ENDPOINTS and not parts[2].startswith("."):
            scope = {**scope, "path": f"/{parts[1]}/{self._inside(unquote(parts[2]), ENDPOINTS[parts[1]])}"}
        sent = self._receiving(await _body(receive))
        started: Message = {}

        async def body() -> Message:
            return {"type": "http.request", "body": sent, "more_body": False}

        async def outgoing(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = message
                return
            shown = self._showing(message.get("body", b""))
            headers = [self._header(pair) for pair in started["headers"] if pair[0] != b"content-length"]
            await send({**started, "headers": [*headers, (b"content-length", str(len(shown)).encode())]})
            await send({**message, "body": shown})

        await self._app(scope, body, outgoing)

    def _outside(self, identifier: str) -> str | int:
        if not self._names:
            return self._numbers.setdefault(identifier, 1000 + len(self._numbers))
        for kind, name in (("User", "userName"), ("Group", "displayName")):
            try:
                return str(self._store.get(kind, identifier).resource[name])
            except Refused:
                continue
        return identifier

    def _inside(self, shown: str, *kinds: str) -> str:
        if not self._names:
            return next((real for real, number in self._numbers.items() if str(number) == shown), shown)
        for kind in kinds:
            try:
                return str(self._store.find(kind, shown)["id"])
            except KeyError:
                continue
        return shown

    def _receiving(self, body: bytes) -> bytes:
        asked = orjson.loads(body) if body.startswith(b"{") else None
        for operation in asked.get("Operations", ()) if asked else ():
            path = operation.get("path", "")
            if path.startswith(_MEMBER_PATH):
                name = orjson.loads(path[len(_MEMBER_PATH) - 1 : -1])
                operation["path"] = f'{_MEMBER_PATH}{self._inside(name, "User", "Group")}"]'
            if path == "members":
                self._take(operation["value"])
        if asked:
            self._take(asked.get("members", ()))
        return orjson.dumps(asked) if asked else body

    def _take(self, members: Any) -> None:  # noqa: ANN401 - JSON
        for member in members:
            member["value"] = self._inside(str(member["value"]), "User", "Group")

    def _showing(self, body: bytes) -> bytes:
        return orjson.dumps(self._shown(orjson.loads(body))) if body.startswith(b"{") else body

    def _shown(self, resource: Any) -> Any:  # noqa: ANN401 - JSON
        if "Resources" in resource:
            return {**resource, "Resources": [self._shown(one) for one in resource["Resources"]]}
        shown = dict(resource)
        if resource.get("meta", {}).get("resourceType") in ENDPOINTS.values():
            shown["id"] = self._outside(shown["id"])
            shown["meta"] = {**shown["meta"], "location": self._location(shown["meta"].get("location", ""))}
        if "members" in shown:
            shown["members"] = [{"value": self._outside(one["value"])} for one in shown["members"]]
        return shown

    def _location(self, location: str) -> str:
        before, _, identifier = location.rpartition("/")
        return f"{before}/{quote(str(self._outside(identifier)), safe='')}"

    def _header(self, pair: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
        return (pair[0], self._location(pair[1].decode()).encode()) if pair[0] == b"location" else pair


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)
