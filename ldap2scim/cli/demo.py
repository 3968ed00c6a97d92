"""`ldap2scim demo`: the real flow on an embedded directory and service, and a short story with it."""

import argparse
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ldap2scim.errors import Ldap2ScimError

if TYPE_CHECKING:
    from ldap2scim.sandbox.directory import EmbeddedDirectory
    from ldap2scim.sandbox.service import EmbeddedService

_ENVIRONMENT = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    # The story is told in sentences; `python -m flows.sync` shows Prefect's own log.
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_ROOT_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
}
SETTINGS = """\
directories:
  hoshizora:
    kind: openldap
    addresses: ["{host}"]
    port: {ldap_port}
    bind_dn: "{reader_dn}"
    bind_password: "${{DEMO_LDAP_PASSWORD}}"
    base_dn: "{base_dn}"
    full_read_every: 0
service:
  profile: generic
  base_url: {base_url}
  token: "${{DEMO_SCIM_TOKEN}}"
log:
  level: error
"""


def demo(asked: argparse.Namespace) -> int:
    """Tell the story; exit code 0 when every part of it went as it should."""
    folder = Path(tempfile.mkdtemp(prefix="ldap2scim-demo-"))
    try:
        with _environment({**_ENVIRONMENT, "PREFECT_HOME": str(folder / "prefect")}):
            return _tell(folder, keep=asked.keep)
    finally:
        if not asked.keep:
            shutil.rmtree(folder, ignore_errors=True)


def _tell(folder: Path, *, keep: bool) -> int:
    try:
        from ldap2scim.sandbox.demo_world import demo_ldif
        from ldap2scim.sandbox.directory import embedded_directory
        from ldap2scim.sandbox.service import embedded_service
    except ImportError as error:
        raise Ldap2ScimError(
            f"The demo needs the package {error.name}, which is not installed.", "pip install 'ldap2scim[demo]'"
        ) from error
    from ldap2scim.cli.story import Stage, tell

    with embedded_directory(demo_ldif()) as directory, embedded_service() as service:
        settings = folder / "ldap2scim.yml"
        settings.write_text(
            SETTINGS.format(
                host=directory.host,
                ldap_port=directory.port,
                reader_dn=directory.reader_dn,
                base_dn=directory.base_dn,
                base_url=service.base_url,
            ),
            encoding="utf-8",
        )
        secrets = {"DEMO_LDAP_PASSWORD": directory.reader_password, "DEMO_SCIM_TOKEN": service.token}
        with _environment(secrets):
            surprises = tell(Stage(settings, directory, service))
        for surprise in surprises:
            print(f"NOT AS IT SHOULD BE: {surprise}", file=sys.stderr)
        if keep:
            _keep(settings, secrets, directory, service)
    return 1 if surprises else 0


def _keep(settings: Path, secrets: dict[str, str], directory: "EmbeddedDirectory", service: "EmbeddedService") -> None:
    """Wait, and say how to look at the servers. Their secrets are made up, and end with them."""
    exports = " ".join(f"{name}={value}" for name, value in secrets.items())
    print(f"""
The servers stay up. In another terminal:

  export {exports}
  ldap2scim plan --config {settings}
  ldapsearch -x -H {directory.url} -D '{directory.reader_dn}' -w $DEMO_LDAP_PASSWORD \\
    -b '{directory.base_dn}' '(title=*)' cn title
  curl -s -H "Authorization: Bearer $DEMO_SCIM_TOKEN" '{service.base_url}/Users?count=2'

Ctrl-C ends them; the folder {settings.parent} stays.""")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print()


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
