"""Requests of ours → requests on the wire: address, headers, bytes. No I/O."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

import httpx
import orjson

from ldap2scim.errors import RequestRejected, SettingsError
from ldap2scim.scim.profiles import Profile
from ldap2scim.scim.provider import ScimRequest
from ldap2scim.scim.settings import ServiceSettings
from ldap2scim.scim.transport import Prepared

_SHOWN: Final = 80
"""Characters of an address in a message."""
_TELLING: Final = 8
"""Characters of a token that is looked for in answers; a shorter one may be any word."""


class Outgoing:
    """Makes what is sent to one service; what all requests share is made once.

    Raises:
        SettingsError: base URL or token cannot be used.
    """

    def __init__(self, settings: ServiceSettings, profile: Profile) -> None:
        base = _base_url(settings, profile)
        self._address = _Address(base)
        self._headers = _headers(settings, profile, base)
        self._extensions = {"timeout": _timeout(settings)}
        token = settings.token.reveal().encode() if settings.token is not None else b""
        self._token = {token, token.replace(b"/", rb"\/")} if len(token) >= _TELLING else set()

    def without_token(self, content: bytes) -> bytes:
        """Return an answer without our token, which some services repeat where they refuse it."""
        for written in self._token:
            content = content.replace(written, b"[token]")
        return content

    def of(self, request: ScimRequest) -> Prepared:
        """Return a request as it is sent.

        Raises:
            RequestRejected: it cannot be: the service gave an id, a cursor or a resource that nobody can send back.
        """
        try:
            return self._of(request)
        except (httpx.InvalidURL, orjson.JSONEncodeError) as error:
            raise RequestRejected(
                f"{request.method} {request.path[:_SHOWN]} was not sent: its address is too long, or its body nested "
                "too deep.",
                "Look at this resource in the service's console: its id, or what other programs keep in it.",
            ) from error

    def _of(self, request: ScimRequest) -> Prepared:
        content = None if request.body is None else orjson.dumps(request.body)
        headers = self._headers if content is None else self._headers_of(content)
        if request.if_match is not None:
            headers = [*headers, (b"If-Match", request.if_match.encode("latin-1", "replace"))]
        stream = httpx.ByteStream(content or b"")
        return httpx.Request(
            request.method, self._address.of(request), headers=headers, stream=stream, extensions=self._extensions
        )

    def _headers_of(self, content: bytes) -> list[tuple[bytes, bytes]]:
        return [
            *self._headers,
            (b"Content-Type", b"application/scim+json"),
            (b"Content-Length", str(len(content)).encode()),
        ]


def size_of(prepared: Prepared) -> int:
    """Return the bytes of the body of a request."""
    return int(prepared.headers.get("content-length", 0))


class _Address:
    """URLs below the base; those of the end points are parsed once."""

    def __init__(self, base: httpx.URL) -> None:
        self._base = str(base).rstrip("/")
        self._endpoints: dict[str, httpx.URL] = {}

    def of(self, request: ScimRequest) -> httpx.URL:
        if request.query:
            return httpx.URL(f"{self._base}{request.path}?{urlencode(request.query, quote_via=quote)}")
        if request.method != "POST":
            return httpx.URL(self._base + request.path)
        url = self._endpoints.get(request.path)
        if url is None:
            url = self._endpoints[request.path] = httpx.URL(self._base + request.path)
        return url


def _base_url(settings: ServiceSettings, profile: Profile) -> httpx.URL:
    text = settings.base_url or profile.base_url or ""
    shown = "what is given" if "@" in text else f"`{text}`"  # a password may stand before the @
    problem = f"service.base_url: {shown} is not a base URL such as https://scim.example.com/v2."
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError) as error:
        raise SettingsError((problem,)) from error
    if url.scheme not in {"http", "https"} or not url.host or url.query or url.userinfo:
        raise SettingsError((problem,))
    return url


def _headers(settings: ServiceSettings, profile: Profile, base: httpx.URL) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"Host", base.netloc),
        (b"Accept", b"application/scim+json, application/json"),
        (b"Accept-Encoding", b"gzip, deflate"),
        (b"User-Agent", profile.user_agent.encode()),
    ]
    if settings.token is not None:
        token = settings.token.reveal()
        if not token.isascii() or not token.isprintable() or " " in token or not token:
            raise SettingsError(("service.token: a token is one word of ASCII characters (RFC 6750 §2.1).",))
        headers.append((b"Authorization", b"Bearer " + token.encode()))
    return headers


def _timeout(settings: ServiceSettings) -> Mapping[str, float | None]:
    # Nobody should ever wait for a connection of the pool, since our own slots are as many; but not without end.
    most = settings.timeout
    return {"connect": min(most, 20.0), "read": most, "write": most, "pool": most}
