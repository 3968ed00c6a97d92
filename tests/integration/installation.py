"""An administrator's installation: a folder with settings and state, and the command run in it."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ldap2scim.cli.main import main
from tests.contract.directories import Addressed
from tests.servers.scim import ROOT, ScimServer


@dataclass(frozen=True, slots=True)
class Said:
    """What the command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON document of `--json`."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def text(self) -> str:
        """Everything that a person reads."""
        return self.out + self.err


class Installation:
    """Settings that join one directory to one service; every file is in `folder`."""

    def __init__(self, folder: Path, directory: Mapping[str, Any], service: Mapping[str, Any]) -> None:
        self.folder = folder
        self.settings = folder / "ldap2scim.yml"
        self.state = folder / "state.db"
        self.directory = dict(directory)
        self.service = dict(service)
        self.others: dict[str, Any] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self._keep(self.directory, "bind_password")
        self._keep(self.service, "token")
        self.write()

    def write(self) -> None:
        """Write the settings; JSON is YAML."""
        # JSON has no tabs and no unquoted text, so that the strict reader of settings takes it as it is.
        document = {
            "directories": {"main": self.directory},
            "service": self.service,
            "state": str(self.state),
            **self.others,
        }
        self.settings.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")

    def __call__(self, command: str, *arguments: str) -> Said:
        """Run the command in this process."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = main([command, "--config", str(self.settings), *arguments])
        return Said(code, out.getvalue(), err.getvalue())

    def start(self, command: str, *arguments: str) -> "subprocess.Popen[str]":
        """Start the command as a process."""
        return subprocess.Popen(
            [sys.executable, "-m", "ldap2scim", command, "--config", str(self.settings), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    def run(self, command: str, *arguments: str) -> Said:
        """Run the command as a process, to its end."""
        process = self.start(command, *arguments)
        out, err = process.communicate(timeout=300)
        return Said(process.returncode, out, err)

    def _keep(self, section: dict[str, Any], name: str) -> None:
        """Put a secret into a file of its own, as the settings advise."""
        file = self.folder / name
        file.touch(mode=0o600)
        file.write_text(section[name])
        section[name] = {"file": str(file)}

    def lose_state(self) -> None:
        """Delete the state file and what SQLite keeps beside it."""
        for file in self.folder.glob(f"{self.state.name}*"):
            file.unlink()


def openldap(server: Addressed, base: str, **more: Any) -> dict[str, Any]:
    """Return the settings of a directory with OpenLDAP's habits on this machine."""
    return {
        "kind": "openldap",
        "addresses": [server.host],
        "port": server.port,
        "encryption": "none",
        "bind_dn": server.reader_dn,
        "bind_password": server.reader_password,
        "base_dn": base,
        **more,
    }


def scim(server: ScimServer, **more: Any) -> dict[str, Any]:
    """Return the settings of a service on this machine; it may fail for two seconds before it is given up."""
    return {"base_url": server.base_url, "token": server.token, "retry_budget": 2, **more}
