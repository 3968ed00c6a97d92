"""A directory and a service of their own for one test, with the settings that bring them together."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ldap2scim.sandbox.directory import EmbeddedDirectory, embedded_directory
from ldap2scim.sandbox.service import EmbeddedService, embedded_service
from ldap2scim.sandbox.world import PEOPLE_DN, Size, company_ldif
from tests.contract.directories import Subject, administering
from tests.contract.directory_world import Dialect

SIZE = Size(people=100, groups=3, largest_group=40)
ENTRIES = SIZE.people + SIZE.groups
TOKEN = "t0ken-of-this-test-that-nobody-may-see"
_SETTINGS = """
directories:
{directories}
service:
  base_url: {base_url}
  token: {token}
state: state.db
"""
_DIRECTORY = """
  {name}:
    kind: openldap
    addresses: [{host}]
    port: {port}
    encryption: none
    base_dn: {base_dn}
    bind_dn: {bind_dn}
    bind_password: {password}
"""


@dataclass(frozen=True, slots=True)
class Pair:
    """Both sides, and the folder where settings and state are."""

    directory: EmbeddedDirectory
    service: EmbeddedService
    folder: Path

    @property
    def secrets(self) -> dict[str, str]:
        """What nobody may see, by the name of the environment variable or file that holds it."""
        return {"LDAP_PASSWORD": self.directory.reader_password, "SCIM_TOKEN": self.service.token}

    def settings(self, name: str = "ldap2scim", *, bind_password: str | None = None) -> str:
        """Write settings with a state of their own, secrets in files; return the path of the file."""
        secrets = self.secrets if bind_password is None else {**self.secrets, "LDAP_PASSWORD": bind_password}
        self._folder(name)
        for secret, text in secrets.items():
            path = self._folder(name) / secret
            path.touch(mode=0o600)
            path.write_text(text)
        return self._write(name, self._directory("{file: LDAP_PASSWORD}"), "{file: SCIM_TOKEN}")

    def settings_of_environment(self, name: str = "ldap2scim") -> str:
        """Write settings that take their secrets from the environment."""
        return self._write(name, self._directory('"${LDAP_PASSWORD}"'), '"${SCIM_TOKEN}"')

    def settings_with_second(self, port: int) -> str:
        """Write settings with a second directory at another port."""
        path = Path(self.settings())
        path.write_text(path.read_text().replace("service:", self._directory("x", "second", port) + "service:"))
        return str(path)

    def people(self) -> list[str]:
        """Return the DNs of all people, in the order of their numbers."""
        with administering(self._subject) as connection:
            connection.search(PEOPLE_DN, "(objectClass=inetOrgPerson)", attributes=["employeeNumber"])
            found = [(each["attributes"]["employeeNumber"], each["dn"]) for each in connection.response]
        return [dn for _, dn in sorted(found, key=str)]

    def remove(self, *dns: str) -> None:
        """Delete entries of the directory."""
        with administering(self._subject) as connection:
            for dn in dns:
                assert connection.delete(dn), connection.result

    def promote(self, dn: str, title: str) -> None:
        """Give a person another title."""
        with administering(self._subject) as connection:
            assert connection.modify(dn, {"title": [("MODIFY_REPLACE", [title])]}), connection.result

    @property
    def _subject(self) -> Subject:
        return Subject(self.directory, self.directory.base_dn, Dialect.OPENLDAP)

    def _directory(self, password: str, name: str = "main", port: int | None = None) -> str:
        directory = self.directory
        return _DIRECTORY.format(
            name=name,
            host=directory.host,
            port=port or directory.port,
            base_dn=directory.base_dn,
            bind_dn=directory.reader_dn,
            password=password,
        )

    def _write(self, name: str, directories: str, token: str) -> str:
        path = self._folder(name) / "ldap2scim.yml"
        path.write_text(_SETTINGS.format(directories=directories, base_url=self.service.base_url, token=token))
        return str(path)

    def _folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder


@contextmanager
def running_pair(folder: Path, size: Size = SIZE) -> Iterator[Pair]:
    """Run both sides while the block lasts."""
    with embedded_directory("".join(company_ldif(size))) as directory, embedded_service(token=TOKEN) as service:
        yield Pair(directory, service, folder)
