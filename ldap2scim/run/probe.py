"""Probe: a service is asked, or tried out, so that its habits can be written into the settings."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ldap2scim.errors import ServiceError
from ldap2scim.run.probe_reads import Reader
from ldap2scim.run.probe_writes import Writer
from ldap2scim.run.probed import Fact, Findings, Tree, overlay
from ldap2scim.scim.client import connect
from ldap2scim.scim.layout import member_of
from ldap2scim.scim.provider import Json
from ldap2scim.settings import Settings

NO_DOMAIN: Final = "ldap2scim-probe.invalid"


class Depth(StrEnum):
    """How far a probe goes."""

    READ = "read"
    WRITE = "write"
    """On a user and a group of its own, which it removes."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What a probe came to."""

    facts: tuple[Fact, ...]
    assume: Tree
    """The block `service.assume` that says what the profile does not; empty: the profile is right."""
    left: tuple[str, ...]
    """What the probe made and could not remove."""


def probe(settings: Settings, depth: Depth = Depth.READ, domain: str | None = None) -> Probe:
    """Ask the service, and with `Depth.WRITE` try it out.

    An interruption (Ctrl-C) still removes what was made. `domain` is that of the throw-away user's login; None: the
    one of the first user.

    Raises:
        ServiceError: the service does not answer, or refuses the token.
        SettingsError: it cannot be connected to.
    """
    found = Findings()
    try:
        with asyncio.Runner() as runner:
            return runner.run(_probe(settings, depth, domain, found))
    except (KeyboardInterrupt, ServiceError) as stopped:
        if not found.left:
            raise
        raise ServiceError(
            f"The probe was stopped, and could not remove what it had made: {', '.join(found.left)}.",
            "Remove it in the service's console.",
        ) from stopped


async def _probe(settings: Settings, depth: Depth, domain: str | None, found: Findings) -> Probe:
    async with connect(settings.service) as connection:
        reader = Reader(connection, connection.profile, found)
        await reader.ask()
        if depth is Depth.WRITE:
            await Writer(connection, reader.profile, found, domain or _domain(reader.users)).try_out()
    return Probe(tuple(found.facts), overlay(found, connection.profile), tuple(found.left))


def _domain(users: Sequence[Json]) -> str:
    """Return the domain of somebody's login: some services take none that is not registered."""
    domains = (str(member_of(user, "userName") or "").partition("@")[2] for user in users)
    return next((domain for domain in domains if domain), NO_DOMAIN)
