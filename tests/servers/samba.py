"""Samba as a domain controller of its own small domain, without systemd.

Its ports are fixed (389, 636, 3268, 3269, 88, 464, 135), so each one gets an address of its own in 127.0.0.0/8.
Provisioning and filling are slow and are kept as tar files (`cache`).
"""

import random
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.servers.available import program
from tests.servers.cache import unpack_cached
from tests.servers.certificates import Certificates, make_certificates
from tests.servers.process import Daemon, ServerDidNotStart

_REALM, _DOMAIN = "LAB.TEST", "LAB"
BASE_DN = "DC=lab,DC=test"
_PORTS = (389, 636, 3268, 3269)
_READER = "reader"
_CONFIGURATION = """\
[global]
netbios name = DC1
realm = {realm}
workgroup = {domain}
server role = active directory domain controller
server services = ldap, cldap, kdc, rpc, drepl
interfaces = {host}/8
bind interfaces only = yes
private dir = {domain_folder}/private
state directory = {domain_folder}/state
cache directory = {domain_folder}/cache
lock directory = {domain_folder}/lock
pid directory = {domain_folder}/run
ncalrpc dir = {domain_folder}/ncalrpc
winbindd socket directory = {domain_folder}/winbindd
ntp signd socket directory = {domain_folder}/ntp
binddns dir = {domain_folder}/bind-dns
log file = {folder}/samba.log
idmap_ldb:use rfc2307 = yes
posix:eadb = {domain_folder}/private/eadb.tdb
# Simple binds without TLS are wanted by the tests.
ldap server require strong auth = no
tls enabled = yes
tls certfile = {tls.certificate_file}
tls keyfile = {tls.key_file}
tls cafile = {tls.ca_file}
"""


@dataclass(slots=True)
class Samba:
    """A domain controller that runs."""

    folder: Path
    certificates: Certificates
    host: str
    port: int = 389
    tls_port: int = 636
    global_catalogue_port: int = 3268
    base_dn: str = BASE_DN
    admin_dn: str = f"CN=Administrator,CN=Users,{BASE_DN}"
    admin_password: str = "Admin-Secret-1"
    reader_dn: str = f"CN={_READER},CN=Users,{BASE_DN}"
    reader_password: str = "Reader-Secret-1"
    daemon: Daemon = field(init=False)

    def __post_init__(self) -> None:
        command = (_program("samba"), "-F", "--no-process-group", "-M", "standard", "-s", str(self.configuration))
        self.daemon = Daemon(command, _PORTS, self.folder / "output.log", host=self.host)

    @property
    def url(self) -> str:
        """Address without TLS; StartTLS is offered."""
        return f"ldap://{self.host}:{self.port}"

    @property
    def tls_url(self) -> str:
        """Address with TLS from the first byte."""
        return f"ldaps://{self.host}:{self.tls_port}"

    @property
    def ca_file(self) -> Path:
        """PEM file of the authority that vouches for this server."""
        return self.certificates.ca_file

    @property
    def configuration(self) -> Path:
        """The smb.conf, for samba-tool as well."""
        return self.folder / "smb.conf"

    @property
    def database(self) -> Path:
        """The directory's database, for samba-tool's `-H`."""
        return self.domain_folder / "private" / "sam.ldb"

    @property
    def domain_folder(self) -> Path:
        """What provisioning made, and nothing of this run: it can be moved."""
        return self.folder / "domain"

    def start(self) -> None:
        """Start, again after `stop` or `kill` as well: the database stays."""
        self.daemon.start(60)

    def stop(self) -> None:
        """End it in order."""
        self.daemon.stop()

    def kill(self) -> None:
        """End it at once, in the middle of an answer."""
        self.daemon.kill()

    def prepare(self, ldif: str) -> None:
        """Provision the domain, add the two accounts and the world, from the cache where possible."""
        for name in ("lock", "run", "cache"):
            (self.domain_folder / name).mkdir(parents=True, exist_ok=True)
        text = _CONFIGURATION.format(
            realm=_REALM,
            domain=_DOMAIN,
            host=self.host,
            folder=self.folder,
            domain_folder=self.domain_folder,
            tls=self.certificates,
        )
        self.configuration.write_text(text)
        inputs = (_version(), self.admin_password, self.reader_password, ldif)
        unpack_cached("samba", inputs, self.domain_folder, lambda folder: self._make(folder, ldif))

    def _make(self, folder: Path, ldif: str) -> None:
        unpack_cached("samba-empty", (_version(), self.admin_password, self.reader_password), folder, self._provision)
        if ldif:
            fill = str(Path(__file__).with_name("samba_fill.py"))
            _run("/usr/bin/python3", "-I", fill, str(self.configuration), str(self.database), input_text=ldif)

    def _provision(self, folder: Path) -> None:
        _run(
            *(_program("samba-tool"), "domain", "provision", "--configfile=/dev/null", f"--targetdir={folder}"),
            *(f"--realm={_REALM}", f"--domain={_DOMAIN}", "--host-name=dc1", f"--host-ip={self.host}"),
            *(f"--adminpass={self.admin_password}", "--server-role=dc", "--dns-backend=NONE", "--use-rfc2307"),
            *(f"--option=interfaces={self.host}/8", "--option=bind interfaces only=yes"),
            f"--option=posix:eadb={folder}/private/eadb.tdb",
        )
        database = ("-H", str(self.database), "-s", str(self.configuration))
        tool = _program("samba-tool")
        # The minimum password age of a day would refuse the password changes of tests.
        _run(tool, "domain", "passwordsettings", "set", "--min-pwd-age=0", *database)
        _run(tool, "user", "create", _READER, self.reader_password, *database)


@contextmanager
def running_samba(folder: Path, ldif: str = "") -> Iterator[Samba]:
    """Run a domain controller in `folder`, with the LDIF's entries added below `BASE_DN`.

    Raises:
        ServerDidNotStart: with Samba's own words.
    """
    folder.mkdir(parents=True, exist_ok=True)
    host = _free_address()
    server = Samba(folder, make_certificates(folder / "tls", f"IP:{host},DNS:dc1.lab.test"), host)
    server.prepare(ldif)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _free_address() -> str:
    # Not the shared generator: two processes that seeded it alike would choose the same address at the same time.
    chance = random.SystemRandom()
    while True:
        host = f"127.{chance.randint(64, 250)}.{chance.randint(0, 250)}.{chance.randint(1, 250)}"
        with socket.socket() as probe:
            if probe.connect_ex((host, _PORTS[0])) != 0:
                return host


@cache
def _version() -> str:
    return _run(_program("samba"), "--version")


def _run(*command: str, input_text: str | None = None) -> str:
    done = subprocess.run(command, input=input_text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServerDidNotStart(f"{' '.join(command[:3])}: {done.stderr[-4000:]}")
    return done.stdout


def _program(name: str) -> str:
    found = program(name)
    assert found is not None, f"{name} is not installed; call require('samba') first"
    return found
