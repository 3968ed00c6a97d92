"""Where a directory is reached and how the connection is protected, out of its settings. Pure."""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from ldap2scim.directory.settings import DirectorySettings, Encryption

_TLS_PORTS = frozenset({636, 3269})
"""LDAPS of a directory and of a global catalogue: TLS from the first octet, whatever is written (DESIGN P7)."""


@dataclass(frozen=True, slots=True)
class Address:
    """One server that may answer."""

    host: str
    port: int
    ip: str | None = None
    """Which of several addresses that the name resolves to; None: it is the only one, or not yet looked up."""

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def place(self) -> str:
        """For messages: which machine it is."""
        return str(self) if self.ip is None else f"{self} ({self.ip})"


def addresses(settings: DirectorySettings) -> tuple[Address, ...]:
    """Return the servers in the order in which they are tried."""
    return tuple(_read_address(text.strip(), settings.port) for text in settings.addresses)


def protection(encryption: Encryption, port: int) -> Encryption:
    """Return how a connection to `port` is protected: StartTLS makes no sense where TLS comes first."""
    if port in _TLS_PORTS and encryption in {Encryption.START_TLS, Encryption.UNWRITTEN}:
        return Encryption.LDAPS
    return encryption


def is_loopback(host: str) -> bool:
    """Say whether an IP address never leaves this machine. A name is none: it may point anywhere."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback


def _read_address(text: str, port: int) -> Address:
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return Address(host, _read_port(rest.removeprefix(":"), port))
    if text.count(":") == 1:
        host, _, rest = text.partition(":")
        return Address(host, _read_port(rest, port))
    return Address(text, port)


def _read_port(text: str, default: int) -> int:
    return int(text) if text.isascii() and text.isdigit() else default
