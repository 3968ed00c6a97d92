"""An installation as an administrator has it: a settings file, its state, a directory and a service."""

import copy
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from ldap2scim.cli import main
from ldap2scim.sandbox.directory import EmbeddedDirectory
from ldap2scim.sandbox.service import EmbeddedService

PEOPLE = ("aiko", "bunta", "chika", "daichi", "emi")
BASE_DN = "dc=example,dc=com"
COMMAND = Path(sys.executable).with_name("ldap2scim")
ABSENT = object()
"""In a change of the settings: the key is left out."""


def person(uid: str, number: int, dn: str | None = None) -> str:
    """Return a person as LDIF; `dn` is what follows the first colon."""
    return (
        f"dn:{dn or f' uid={uid},ou=people,{BASE_DN}'}\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {uid}\n"
        f"sn: {uid}\nmail: {uid}@example.com\nentryUUID: 00000000-0000-4000-8000-{number:012d}\n"
    )


def world(extra: str = "") -> str:
    """Return five people and a group of two of them as LDIF."""
    top = f"dn: {BASE_DN}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n"
    units = [f"dn: ou={name},{BASE_DN}\nobjectClass: organizationalUnit\nou: {name}\n" for name in ("people", "groups")]
    group = (
        f"dn: cn=staff,ou=groups,{BASE_DN}\nobjectClass: groupOfNames\ncn: staff\n"
        f"member: uid=aiko,ou=people,{BASE_DN}\nmember: uid=bunta,ou=people,{BASE_DN}\n"
        "entryUUID: 00000000-0000-4000-8000-000000000900\n"
    )
    people = [person(uid, number) for number, uid in enumerate(PEOPLE)]
    return "\n".join([top, *units, *people, group, *([extra] if extra else [])])


@dataclass(frozen=True)
class Said:
    """What the command printed and returned."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        """Both streams."""
        return self.out + self.err

    @property
    def document(self) -> Any:
        """The JSON document on standard output."""
        return json.loads(self.out)


@dataclass
class Installation:
    """A folder with `ldap2scim.yml`, whose settings tests change by path."""

    folder: Path
    directory: EmbeddedDirectory
    service: EmbeddedService
    capture: pytest.CaptureFixture[str]
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.settings = {
            "directories": {
                "main": {
                    "kind": "openldap",
                    "addresses": [self.directory.host],
                    "port": self.directory.port,
                    "encryption": "none",
                    "bind_dn": self.directory.reader_dn,
                    "bind_password": self.directory.reader_password,
                    "base_dn": BASE_DN,
                    "timeouts": {"connect": 2, "answer": 10},
                }
            },
            "service": {"profile": "generic", "base_url": self.service.base_url, "token": self.service.token},
            "state": str(self.state),
        }
        self.write()

    @property
    def file(self) -> Path:
        """The settings file."""
        return self.folder / "ldap2scim.yml"

    @property
    def state(self) -> Path:
        """The state file."""
        return self.folder / "state" / "ldap2scim.db"

    def write(self, changes: Mapping[str, Any] | None = None) -> None:
        """Write the settings with some of them changed, each named as `directories.main.port`."""
        settings = copy.deepcopy(self.settings)
        for path, value in (changes or {}).items():
            *above, name = path.split(".")
            section = settings
            for part in above:
                section = section.setdefault(part, {})
            if value is ABSENT:
                section.pop(name, None)
            else:
                section[name] = value
        self.file.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
        self.file.chmod(0o600)

    def run(self, *arguments: str) -> Said:
        """Run the command in this process; `--config` is added behind its first word."""
        word, *others = arguments
        return self.run_as_written(word, "--config", str(self.file), *others)

    def run_as_written(self, *arguments: str) -> Said:
        """Run the command in this process with these arguments and no other."""
        self.capture.readouterr()
        try:
            code = main(list(arguments))
        except SystemExit as end:
            code = int(end.code or 0)
        printed = self.capture.readouterr()
        return Said(code, printed.out, printed.err)

    def process(self, word: str, *others: str, **environment: str) -> Said:
        """Run the command as a process of its own, its output in pipes."""
        done = subprocess.run(
            [COMMAND, word, "--config", self.file, *others],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={**os.environ, **environment},
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def contents(self) -> Mapping[str, bytes]:
        """Return the bytes of every file beside the settings."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path != self.file
        }
