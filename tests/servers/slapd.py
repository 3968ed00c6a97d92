"""OpenLDAP's slapd with a configuration and a database of its own in a folder, without systemd.

Besides the world of the test there is a database `o=accounts` with two ordinary binds, so that their entries are
not among those that a test counts: `reader`, who is held to the options below, and `stranger`, who may read nothing.
The administrator (`rootdn`) is above limits and access rules, as in any slapd.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.available import program
from tests.servers.certificates import Certificates, make_certificates
from tests.servers.process import LOOPBACK, Daemon, ServerDidNotStart, free_port

_SCHEMAS = ("core", "cosine", "inetorgperson", "nis", "dyngroup")
_ACCOUNTS_SUFFIX = "o=accounts"
_ACCOUNTS = """\
dn: o=accounts
objectClass: organization
o: accounts

dn: cn=reader,o=accounts
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: reader-secret

dn: cn=stranger,o=accounts
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: stranger
userPassword: stranger-secret
"""


@dataclass(frozen=True, slots=True)
class SlapdOptions:
    """How this slapd differs from one that lets `reader` read everything."""

    suffix: str = "dc=example,dc=com"
    size_limit: int | None = None
    """Most entries that an ordinary bind gets from one search, pages together (slapd.conf(5) `sizelimit`)."""
    readable_subtrees: tuple[str, ...] | None = None
    """Subtrees that `reader` may read; None: all. The rest is invisible to it, as a missing access rule makes it."""
    hidden_subtrees: tuple[str, ...] = ()
    """Subtrees that `reader` may not see, as after a broken access rule."""
    overlays: tuple[str, ...] = ()
    """Overlays of the world's database by module name, e.g. `memberof`, `refint`, `syncprov`, `ppolicy`."""
    database_lines: tuple[str, ...] = ()
    """More lines of slapd.conf at the end of the world's database."""


@dataclass(slots=True)
class Slapd:
    """A slapd that runs."""

    folder: Path
    options: SlapdOptions
    certificates: Certificates
    port: int = field(default_factory=free_port)
    tls_port: int = field(default_factory=free_port)
    host: str = LOOPBACK
    reader_dn: str = f"cn=reader,{_ACCOUNTS_SUFFIX}"
    reader_password: str = "reader-secret"
    stranger_dn: str = f"cn=stranger,{_ACCOUNTS_SUFFIX}"
    stranger_password: str = "stranger-secret"
    admin_password: str = "admin-secret"
    daemon: Daemon = field(init=False)

    def __post_init__(self) -> None:
        urls = f"{self.url} {self.tls_url}"
        command = (_program("slapd"), "-f", str(self._configuration), "-h", urls, "-d", "none")
        self.daemon = Daemon(command, (self.port, self.tls_port), self.folder / "slapd.log")

    @property
    def base_dn(self) -> str:
        """Suffix of the world."""
        return self.options.suffix

    @property
    def admin_dn(self) -> str:
        """Name of the administrator, who is above limits and access rules."""
        return f"cn=admin,{self.options.suffix}"

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

    def start(self) -> None:
        """Start, again after `stop` or `kill` as well: the database stays."""
        self.daemon.start()

    def stop(self) -> None:
        """End it in order."""
        self.daemon.stop()

    def kill(self) -> None:
        """End it at once, in the middle of an answer."""
        self.daemon.kill()

    def configure(self, options: SlapdOptions) -> None:
        """Write another configuration, which the next start takes up: the database stays."""
        self.options = options
        self._configuration.write_text(_configuration(self))

    def fill(self, ldif: str | Path) -> None:
        """Write the configuration and load the world; only before the first start."""
        self.configure(self.options)
        self._add(_ACCOUNTS_SUFFIX, _ACCOUNTS)
        self._add(self.base_dn, ldif)

    def _add(self, suffix: str, ldif: str | Path) -> None:
        source = ldif if isinstance(ldif, Path) else self.folder / "world.ldif"
        if isinstance(ldif, str):
            source.write_text(ldif, encoding="utf-8")
        command = [_program("slapadd"), "-q", "-w", "-f", str(self._configuration), "-b", suffix, "-l", str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ServerDidNotStart(f"slapadd {source}: {done.stderr[-4000:]}")

    @property
    def _configuration(self) -> Path:
        return self.folder / "slapd.conf"


@contextmanager
def running_slapd(
    folder: Path,
    ldif: str | Path,
    options: SlapdOptions | None = None,
    certificates: Certificates | None = None,
) -> Iterator[Slapd]:
    """Run a slapd in `folder`, filled with LDIF (text or a file) that begins with the suffix entry.

    Raises:
        ServerDidNotStart: with slapadd's or slapd's own words.
    """
    folder.mkdir(parents=True, exist_ok=True)
    server = Slapd(folder, options or SlapdOptions(), certificates or make_certificates(folder / "tls"))
    server.fill(ldif)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _configuration(server: Slapd) -> str:
    schemas = "".join(f"include {_schema_folder()}/{name}.schema\n" for name in _SCHEMAS)
    options = server.options
    # memberof is always loaded: its module defines the attribute, which worlds may bring in their LDIF.
    modules = "".join(f"moduleload {name}\n" for name in dict.fromkeys(("back_mdb", "memberof", *options.overlays)))
    tls = server.certificates
    return (
        f"{schemas}modulepath {_module_folder()}\n{modules}"
        f"TLSCACertificateFile {tls.ca_file}\nTLSCertificateFile {tls.certificate_file}\n"
        f"TLSCertificateKeyFile {tls.key_file}\n"
        f"pidfile {server.folder}/slapd.pid\nargsfile {server.folder}/slapd.args\nloglevel none\n"
        f"sizelimit {options.size_limit or 'unlimited'}\n"
        f"{_database(server, _ACCOUNTS_SUFFIX, 'accounts')}access to * by * auth\n"
        f"{_database(server, server.base_dn, 'world')}"
        f'rootdn "{server.admin_dn}"\nrootpw {server.admin_password}\n{_access(server)}'
        f"index objectClass,entryUUID,entryCSN,uid,cn,member,memberUid eq\n"
        + "".join(f"overlay {name}\n" for name in options.overlays)
        + "".join(f"{line}\n" for line in options.database_lines)
    )


def _database(server: Slapd, suffix: str, name: str) -> str:
    folder = server.folder / name
    folder.mkdir(exist_ok=True)
    return f'database mdb\nmaxsize 8589934592\ndbnosync\ndirectory {folder}\nsuffix "{suffix}"\n'


def _access(server: Slapd) -> str:
    reader = f'by dn.exact="{server.reader_dn}" read by * none\n'
    hidden = "".join(f'access to dn.subtree="{dn}" by * none\n' for dn in server.options.hidden_subtrees)
    passwords = "access to attrs=userPassword by anonymous auth by * none\n"
    match server.options.readable_subtrees:
        case None:
            allowed = f"access to * {reader}"
        case subtrees:
            allowed = "".join(f'access to dn.subtree="{dn}" {reader}' for dn in subtrees)
    return f"{hidden}{passwords}{allowed}access to * by * none\n"


def _program(name: str) -> str:
    found = program(name)
    assert found is not None, f"{name} is not installed; call require('slapd') first"
    return found


def _schema_folder() -> Path:
    return _first_folder("/etc/ldap/schema", "/etc/openldap/schema", "/usr/share/openldap/schema")


def _module_folder() -> Path:
    return _first_folder("/usr/lib/ldap", "/usr/lib64/openldap", "/usr/lib/openldap")


def _first_folder(*candidates: str) -> Path:
    for candidate in map(Path, candidates):
        if candidate.is_dir():
            return candidate
    raise ServerDidNotStart(f"OpenLDAP's files are in none of {candidates}")
