"""What the service was asked: a log that tests count and compare."""

import json
import threading
from collections import deque
from dataclasses import dataclass

from ldap2scim.sandbox.service.wire import Value

_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request as it came, and the status that it got."""

    method: str
    path: str
    """Below the base URL."""
    query: str
    raw_body: bytes
    status: int | None
    """None where the connection was dropped."""

    @property
    def body_size(self) -> int:
        """Length of the body in bytes."""
        return len(self.raw_body)

    @property
    def body(self) -> Value:
        """The body read as JSON; None where there is none.

        Raises:
            ValueError: it is no JSON.
        """
        return json.loads(self.raw_body) if self.raw_body else None

    @property
    def is_write(self) -> bool:
        """Whether the request asks for a change; a search by POST does not."""
        return self.method in _WRITES and not self.path.endswith("/.search")


class RequestLog:
    """The last requests, oldest first. Safe between threads."""

    def __init__(self, capacity: int | None = None) -> None:
        self._lock = threading.Lock()
        self._requests: deque[RecordedRequest] = deque(maxlen=capacity)

    def add(self, request: RecordedRequest) -> None:
        """Record a request."""
        with self._lock:
            self._requests.append(request)

    def clear(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._requests.clear()

    def all(self) -> tuple[RecordedRequest, ...]:
        """Return the requests, oldest first."""
        with self._lock:
            return tuple(self._requests)
