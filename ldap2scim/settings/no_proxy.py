"""Which hosts are reached without the proxy: `service.proxy.except`, else the environment's `NO_PROXY`. Pure.

`NO_PROXY` has no standard; this is what curl, Go and Python agree on. A name covers itself and every host below it,
with or without a dot before it; an address may be a network (`10.0.0.0/8`); a port limits it; `*` covers everything.
"""

from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from ldap2scim.settings.values import split_address

VARIABLES = ("no_proxy", "NO_PROXY")
"""In the order in which curl asks for them."""


def exceptions(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the hosts that the environment names."""
    written = next((environ[name] for name in VARIABLES if environ.get(name)), "")
    return tuple(item for item in (part.strip() for part in written.split(",")) if item)


def goes_direct(url: str, hosts: Iterable[str]) -> str | None:
    """Return the first of `hosts` that covers the host of `url`; None where the proxy is to be used."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".").casefold()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return next((written for written in hosts if _covers(written.strip().casefold(), host, port)), None)


def _covers(written: str, host: str, port: int) -> bool:
    if written == "*":
        return True
    if "/" in written:
        return _in_network(written, host)
    name, only = split_address(written)
    if only is not None and only != port:
        return False
    name = name.strip("[]").removeprefix("*").strip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _in_network(written: str, host: str) -> bool:
    try:
        return ip_address(host) in ip_network(written, strict=False)
    except ValueError:
        return False
