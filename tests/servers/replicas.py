"""Two slapds with one world: a provider, and a consumer that follows it by syncrepl (slapd.conf(5), RFC 4533)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import ldap3

from tests.servers.certificates import Certificates
from tests.servers.process import ServerDidNotStart
from tests.servers.slapd import Slapd, SlapdOptions, running_slapd

_PATIENCE = 20.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Replicas:
    """A provider and its consumer."""

    provider: Slapd
    consumer: Slapd
    followed: SlapdOptions
    """Options of the consumer while it follows."""

    def wait(self) -> None:
        """Wait until the consumer has every change of the provider.

        Raises:
            ServerDidNotStart: it does not come to that.
        """
        deadline = time.monotonic() + _PATIENCE
        while (wanted := _context_csn(self.provider)) != (found := _context_csn(self.consumer)):
            if time.monotonic() > deadline:
                raise ServerDidNotStart(f"the consumer stays at {found}, the provider is at {wanted}")
            time.sleep(0.05)

    def cut_off(self) -> None:
        """Let the consumer serve what it has, and hear of no change any more.

        Stopping the process for a while would not do: what the provider sent meanwhile waits in its socket.
        """
        self._restart(replace(self.followed, database_lines=()))

    def follow_again(self) -> None:
        """Let the consumer follow the provider, which must run."""
        self._restart(self.followed)
        self.wait()

    def _restart(self, options: SlapdOptions) -> None:
        self.consumer.stop()
        self.consumer.configure(options)
        self.consumer.start()


@contextmanager
def running_replicas(
    folder: Path, ldif: str, options: SlapdOptions, certificates: Certificates | None = None
) -> Iterator[Replicas]:
    """Run a provider filled with LDIF, and a consumer that has copied it.

    Raises:
        ServerDidNotStart: with slapd's own words, or when the consumer does not copy.
    """
    source = replace(options, overlays=(*options.overlays, "syncprov"))
    with running_slapd(folder / "provider", ldif, source, certificates) as provider:
        followed = replace(source, database_lines=_syncrepl(provider))
        # Empty: entries that slapadd makes have change stamps of their own.
        with running_slapd(folder / "consumer", "", followed, certificates) as consumer:
            replicas = Replicas(provider, consumer, followed)
            replicas.wait()
            yield replicas


def _syncrepl(provider: Slapd) -> tuple[str, ...]:
    source = f'provider={provider.url} type=refreshAndPersist retry="1 +" searchbase="{provider.base_dn}"'
    bind = f'bindmethod=simple binddn="{provider.admin_dn}" credentials={provider.admin_password}'
    return (f"syncrepl rid=001 {source} {bind}", f"updateref {provider.url}")


def _context_csn(server: Slapd) -> list[bytes]:
    """Return up to where a server knows the changes; nothing while it has no entries."""
    connection = ldap3.Connection(
        ldap3.Server(server.host, server.port, get_info=ldap3.NONE),
        server.admin_dn,
        server.admin_password,
        auto_bind=True,
        check_names=False,
    )
    try:
        connection.search(server.base_dn, "(objectClass=*)", ldap3.BASE, attributes=["contextCSN"])
        return [value for entry in connection.response or () for value in entry["raw_attributes"].get("contextCSN", ())]
    finally:
        connection.unbind()
