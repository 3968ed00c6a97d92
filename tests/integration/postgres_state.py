"""An installation whose state is in PostgreSQL."""

from ldap2scim.state.location import StateDatabase
from tests.integration.installation import Installation
from tests.servers.postgres import Postgres


def keep_in(program: Installation, postgres: Postgres, location: StateDatabase) -> None:
    """Let the settings name a database, and the file that holds its password."""
    file = program.folder / "state_password"
    file.touch(mode=0o600)
    file.write_text(postgres.password)
    program.others["state"] = {"url": location.url, "password": {"file": str(file)}}
    program.write()
