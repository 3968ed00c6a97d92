"""A SCIM service that keeps nothing: it checks that a body is JSON, answers with an id, and is never the limit.

Several processes share one socket. Run as `python -m benchmarks.sink WORKERS`; the first line printed is the URL.
"""

import json
import multiprocessing
import signal
import socket
import sys
import uuid
from typing import Any

import uvicorn

CONFIG = json.dumps(
    {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": 1000},
        "etag": {"supported": False},
    }
).encode()
EMPTY = b'{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"Resources":[]}'


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
    """Answer one request."""
    if scope["type"] != "http":
        return
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    status, content = _answer(scope["method"], scope["path"], body)
    headers = [(b"content-type", b"application/scim+json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def _answer(method: str, path: str, body: bytes) -> tuple[int, bytes]:
    if method == "POST":
        resource = json.loads(body)
        return 201, json.dumps({**resource, "id": str(uuid.uuid4())}).encode()
    if method in {"PATCH", "DELETE", "PUT"}:
        if body:
            json.loads(body)
        return 204, b""
    return (200, CONFIG) if path.endswith("/ServiceProviderConfig") else (200, EMPTY)


def _serve(listener: socket.socket) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    config = uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off", http="h11")
    uvicorn.Server(config).run(sockets=[listener])


def main() -> None:
    """Serve until killed."""
    # The protocol is named: asyncio switches Nagle's delay off only for sockets that say they are TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(256)
    context = multiprocessing.get_context("fork")
    # Ended by SIGTERM: leave by the ordinary way, which ends the workers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    workers = [context.Process(target=_serve, args=(listener,), daemon=True) for _ in range(int(sys.argv[1]))]
    for worker in workers:
        worker.start()
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main()
