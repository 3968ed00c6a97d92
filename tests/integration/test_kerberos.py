"""Kerberos and NTLM binds at a real domain controller (Samba), made by a program of its own, `kerberos_read`."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ldap3
import pytest

from tests.servers.available import program, require
from tests.servers.process import answers
from tests.servers.samba import Samba, running_samba
from tests.waiting import until

pytestmark = pytest.mark.samba
HOST, READER = "dc1.lab.test", "reader@LAB.TEST"
REPOSITORY = Path(__file__).parents[2]
CONFIGURATION = """\
[libdefaults]
default_realm = LAB.TEST
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
udp_preference_limit = 1
[realms]
LAB.TEST = {{
  kdc = {host}:{port}
}}
"""
Said = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Realm:
    """A domain and a folder with its Kerberos configuration and a ticket of the reader."""

    samba: Samba
    folder: Path

    def configure(self, port: int = 88, name: str = "krb5.conf") -> Path:
        """Write where the key distribution centre is."""
        file = self.folder / name
        file.write_text(CONFIGURATION.format(host=self.samba.host, port=port))
        return file

    @property
    def environment(self) -> dict[str, str]:
        """For programs that use the ticket."""
        return {
            **os.environ,
            "KRB5_CONFIG": str(self.folder / "krb5.conf"),
            "KRB5CCNAME": f"FILE:{self.folder / 'ticket'}",
        }

    def read(self, environment: dict[str, str] | None = None, **changes: Any) -> Said:
        """Read the reader's entry with the ticket."""
        asked = {
            "host": HOST,
            "ip": self.samba.host,
            "port": self.samba.port,
            "encryption": "none",
            "ca_file": str(self.samba.ca_file),
            "authentication": "kerberos",
            "bind_dn": None,
            "password": None,
            "base_dn": self.samba.base_dn,
        }
        reader = Path(__file__).with_name("kerberos_read.py")
        packages = Path(ldap3.__file__).parents[1]
        command = ("/usr/bin/python3", "-I", str(reader), str(REPOSITORY), str(packages), json.dumps(asked | changes))
        done = run(command, {**self.environment, **(environment or {})})
        said: Said = json.loads(done)
        return said


def run(command: tuple[str, ...], environment: dict[str, str], text: str = "") -> str:
    """Run a program and return what it printed."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    """A domain controller with a service principal for LDAP, as Windows gives itself, and a ticket of the reader."""
    require("samba")
    require("kerberos")
    folder = tmp_path_factory.mktemp("kerberos")
    with running_samba(folder / "samba") as samba:
        made = Realm(samba, folder)
        made.configure()
        tool(samba, "spn", "add", f"ldap/{HOST}", "DC1$")
        run((found("kinit"), READER), made.environment, f"{samba.reader_password}\n")
        yield made


def found(name: str) -> str:
    """Return the path of a program."""
    path = program(name)
    assert path is not None
    return path


def tool(samba: Samba, *command: str) -> None:
    """Run samba-tool on the domain's database."""
    database = ("-H", str(samba.database)) if command[0] == "spn" else ()
    run((found("samba-tool"), *command, *database, "-s", str(samba.configuration)), dict(os.environ))


@contextmanager
def strong_authentication(samba: Samba, value: str) -> Iterator[None]:
    """Run the domain controller with another `ldap server require strong auth`."""
    before = samba.configuration.read_text()
    for text in (before.replace("strong auth = no", f"strong auth = {value}"), before):
        samba.stop()
        # Its children are killed and still hold their ports for a moment.
        until(lambda: not any(answers(port, samba.host) for port in samba.daemon.ports), "no port answers")
        samba.configuration.write_text(text)
        samba.start()
        if text != before:
            yield


@pytest.mark.parametrize(("encryption", "port"), [("none", 389), ("start_tls", 389), ("ldaps", 636)])
def test_a_ticket_is_enough(realm: Realm, encryption: str, port: int) -> None:
    """With a ticket and no password, bound and read, over TLS as well."""
    assert realm.read(encryption=encryption, port=port) == {"found": [realm.samba.reader_dn]}


def test_a_service_has_a_key_table(realm: Realm) -> None:
    """Without a ticket the key table of KRB5_CLIENT_KTNAME is used, and a bind DN says which key."""
    table = realm.folder / "client.keytab"
    tool(realm.samba, "domain", "exportkeytab", str(table), f"--principal={READER}")
    environment = {"KRB5CCNAME": f"FILE:{realm.folder / 'none'}", "KRB5_CLIENT_KTNAME": f"FILE:{table}"}
    assert realm.read(environment, bind_dn=READER) == {"found": [realm.samba.reader_dn]}


@pytest.mark.parametrize(
    ("environment", "changes"),
    [({"KRB5CCNAME": "FILE:/nonexistent/ticket"}, {}), ({}, {"bind_dn": "somebody@LAB.TEST"})],
)
def test_without_a_ticket_it_is_said_how_to_get_one(
    realm: Realm, environment: dict[str, str], changes: dict[str, str]
) -> None:
    """No ticket, or none of the name that is set: the error says where one comes from."""
    said = realm.read(environment, **changes)
    assert said["error"] == "BindRefused"
    assert "needs a ticket" in said["message"]
    assert "kinit" in said["remedy"]
    assert "KRB5_CLIENT_KTNAME" in said["remedy"]


def test_a_server_that_the_domain_does_not_know_by_that_name(realm: Realm) -> None:
    """The address must be the name in the service principal; an IP address is none."""
    said = realm.read(host=realm.samba.host)
    assert said["error"] == "DirectoryError"
    assert f"ldap/{realm.samba.host}" in said["remedy"]


def test_no_key_distribution_centre_answers(realm: Realm) -> None:
    """A centre that cannot be reached is temporary, and the remedy names krb5.conf."""
    run((found("kinit"), READER), realm.environment, f"{realm.samba.reader_password}\n")  # without service tickets
    elsewhere = realm.configure(port=1, name="elsewhere.conf")
    said = realm.read({"KRB5_CONFIG": str(elsewhere)})
    assert said["error"] == "DirectoryUnavailable", said
    assert "krb5.conf" in said["remedy"]


@pytest.mark.parametrize("encryption", ["none", "start_tls"])
def test_ntlm_is_refused_by_samba_with_words(realm: Realm, encryption: str) -> None:
    """Samba has not the NTLM bind that Windows has, and hangs up; the error says so and what to use instead."""
    said = realm.read(
        authentication="ntlm", bind_dn="LAB\\reader", password=realm.samba.reader_password, encryption=encryption
    )
    assert said["error"] == "DirectoryUnavailable", said
    assert "ended the connection instead of answering the NTLM bind as LAB\\reader" in said["message"], said
    assert "Samba has it not" in said["remedy"]
    assert "authentication: kerberos" in said["remedy"]
    assert realm.samba.reader_password not in str(said)


def test_a_server_that_wants_signing_is_told_apart(realm: Realm) -> None:
    """Where the server refuses unsigned Kerberos in clear, the remedy is TLS, and over TLS it works."""
    with strong_authentication(realm.samba, "allow_sasl_over_tls"):
        said = realm.read()
        assert said["error"] == "BindRefused", said
        assert "strongerAuthRequired" in said["message"]
        assert "start_tls" in said["remedy"]
        assert realm.read(encryption="start_tls") == {"found": [realm.samba.reader_dn]}
