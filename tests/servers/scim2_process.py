"""scim2-server as a program of its own, so that it runs beside the tests and can be killed: `--port --variant --token`.

A SCIM service that we did not write. Around it stands an ASGI layer of ours that records what was asked, at
`/_sandbox/requests`, in the form that the embedded service uses for the same, and empties it: `DELETE /_sandbox/all`.
"""

import argparse
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

import uvicorn
from scim2_models import Patch, ScimProvider, UnauthorizedException
from scim2_server.applications.asgi import ASGIApplication
from scim2_server.memory import AsyncInMemoryStorage
from scim2_server.requests import ScimRequest
from scim2_server.service import ScimService
from scim2_server.testserver.application import BEARER_TOKEN_SCHEME
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)
from starlette.responses import JSONResponse, Response

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

BASE_PATH = "/v2"
VARIANTS = ("standard", "without-patch")
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class BearerApplication(ASGIApplication):  # type: ignore[misc] # scim2-server's types are not followed
    """Takes one bearer token, as its own command does with `--bearer-token`."""

    def __init__(self, provider: ScimProvider, token: str) -> None:
        super().__init__(AsyncInMemoryStorage(), provider, ScimService(provider))
        self._authorization = f"Bearer {token}"

    def check_auth(self, request: ScimRequest) -> None:
        """Refuse another token, or none."""
        if request.header("Authorization") != self._authorization:
            raise UnauthorizedException


class Recorder:
    """Passes requests on and remembers them."""

    def __init__(self, make: Callable[[], BearerApplication]) -> None:
        self._make = make
        self._app = make()
        self._recorded: list[dict[str, Any]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["path"].startswith("/_sandbox/"):
            await self._control(scope, receive, send)
            return
        body = bytearray()
        entry: dict[str, Any] = {
            "method": scope["method"],
            "path": scope["path"].removeprefix(BASE_PATH),
            "query": scope["query_string"].decode(),
            "status": None,
            "is_write": scope["method"] in _WRITES and not scope["path"].endswith("/.search"),
        }

        async def recording_receive() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def recording_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry["status"] = message["status"]
                self._recorded.append({**entry, "raw_body": body.decode("utf-8", "replace")})
            await send(message)

        await self._app(scope, recording_receive, recording_send)

    async def _control(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "DELETE":
            self._recorded.clear()
            if scope["path"] == "/_sandbox/all":
                self._app = self._make()
            await Response(status_code=204)(scope, receive, send)
            return
        await JSONResponse(self._recorded)(scope, receive, send)


def provider_of(variant: str) -> ScimProvider:
    """Describe the service of a variant: one server, several sets of capabilities."""
    config = load_default_service_provider_config()
    config.authentication_schemes = [BEARER_TOKEN_SCHEME]
    if variant == "without-patch":
        config.patch = Patch(supported=False)
    return ScimProvider.from_discovery(
        load_default_schemas().values(), load_default_resource_types().values(), config=config
    )


def main() -> None:
    """Serve until ended by a signal."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--variant", choices=VARIANTS, default="standard")
    parser.add_argument("--token", required=True)
    arguments = parser.parse_args()
    app = Recorder(lambda: BearerApplication(provider_of(arguments.variant), arguments.token))
    uvicorn.run(app, host="127.0.0.1", port=arguments.port, lifespan="off", log_level="error", access_log=False)


if __name__ == "__main__":
    main()
