"""Which hosts and ports a firewall must allow from here, and whether each can be reached. Opens connections."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from ldap2scim.directory.addresses import addresses
from ldap2scim.errors import Ldap2ScimError
from ldap2scim.settings import Settings

PATIENCE: Final = 5.0
"""Seconds for one connection: a firewall that drops packets answers never."""


@dataclass(frozen=True, slots=True)
class Way:
    """One connection that has to be possible."""

    host: str
    port: int
    purpose: str

    def __str__(self) -> str:
        return f"{self.host}, port {self.port}/TCP"


def ways(settings: Settings) -> Iterator[Way]:
    """Yield every way that a run may take from this machine, each host and port once."""
    seen: set[tuple[str, int]] = set()
    for way in _all_ways(settings):
        if (way.host, way.port) not in seen:
            seen.add((way.host, way.port))
            yield way


def beyond_the_proxy(settings: Settings) -> Way | None:
    """Return the way that the proxy has to take for us; None without a proxy."""
    return None if settings.service.proxy is None else _of_url(settings.service.base_url, "the service")


def try_way(way: Way) -> str:
    """Open a connection and close it; say that a firewall lets it through.

    Raises:
        Ldap2ScimError: the name is not known, nobody listens, or no answer came.
    """
    where = f"{way} ({way.purpose})"
    try:
        with socket.create_connection((way.host, way.port), timeout=PATIENCE):
            return f"must allow {where}, from here: it does"
    except socket.gaierror as error:
        raise Ldap2ScimError(
            f"{where}: there is no host of that name ({error.strerror}).", "Correct the name, or the name server here."
        ) from error
    except TimeoutError as error:
        raise Ldap2ScimError(
            f"{where}: no answer in {PATIENCE:g} seconds.", "A firewall on the way must allow it, from here."
        ) from error
    except OSError as error:
        raise Ldap2ScimError(
            f"{where}: {error.strerror or type(error).__name__}.",
            "See that the server runs there and that every firewall on the way allows it, from here.",
        ) from error


def _all_ways(settings: Settings) -> Iterator[Way]:
    for directory in settings.directories:
        for address in addresses(directory.settings):
            yield Way(address.host, address.port, f"directory {directory.settings.name}")
    proxy = settings.service.proxy
    if proxy is not None:
        yield _of_url(proxy.url, "the proxy")
    else:
        yield _of_url(settings.service.base_url, "the service")
    if settings.mail is not None:
        yield Way(settings.mail.server, settings.mail.port, "the mail server")


def _of_url(url: str, purpose: str) -> Way:
    parts = urlsplit(url)
    return Way(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80), purpose)
