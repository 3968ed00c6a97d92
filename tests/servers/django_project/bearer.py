"""Who asks: one bearer token, which stands for a user that is signed in."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from django.conf import settings


def bearer(answer: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a middleware of Django's that knows the token."""
    expected = f"Bearer {settings.SCIM_TOKEN}"

    def middleware(request: Any) -> Any:
        known = request.headers.get("Authorization") == expected
        request.user = SimpleNamespace(is_authenticated=known)
        return answer(request)

    return middleware
