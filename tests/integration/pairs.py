"""A directory and a service side by side, with the hands of their administrators on both."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from ldap2scim.sandbox.world import BASE_DN, Size, company_ldif
from tests.contract.directories import Addressed
from tests.integration.installation import Installation, openldap, scim
from tests.integration.ldap import Administrator
from tests.servers.scim import ScimServer, scim_client

SMALL = Size(people=120, groups=12, largest_group=60)
"""Where size is not the point."""


def world(size: Size = SMALL, seed: int = 1) -> str:
    """Return a company as LDIF."""
    return "".join(company_ldif(size, seed))


class Console:
    """The service's own console: what is there, and changes made by hand, past our program."""

    def __init__(self, server: ScimServer) -> None:
        self.server = server
        self._http = scim_client(server)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def all(self, endpoint: str) -> list[dict[str, Any]]:
        """Return every resource of `Users` or `Groups`."""
        found: list[dict[str, Any]] = []
        while True:
            page = self._ask("GET", f"/{endpoint}", params={"startIndex": len(found) + 1, "count": 1000})
            found += page.get("Resources", [])
            if len(found) >= page["totalResults"]:
                return found

    def users(self) -> dict[str, dict[str, Any]]:
        """Return the users by userName."""
        found = self.all("Users")
        users = {user["userName"]: user for user in found}
        assert len(users) == len(found), "a userName came twice"
        return users

    def groups(self) -> dict[str, dict[str, Any]]:
        """Return the groups by displayName."""
        found = self.all("Groups")
        groups = {group["displayName"]: group for group in found}
        assert len(groups) == len(found), "a group name came twice"
        return groups

    def create(self, endpoint: str, **attributes: Any) -> dict[str, Any]:
        """Create a resource that our program knows nothing of."""
        kind = {"Users": "User", "Groups": "Group"}[endpoint]
        schema = f"urn:ietf:params:scim:schemas:core:2.0:{kind}"
        created: dict[str, Any] = self._ask("POST", f"/{endpoint}", json={"schemas": [schema], **attributes})
        return created

    def edit(self, endpoint: str, resource: Mapping[str, Any], **attributes: Any) -> None:
        """Replace a resource with another state of it, by PUT, which every service has."""
        self._ask("PUT", f"/{endpoint}/{resource['id']}", json={**resource, **attributes})

    def delete(self, endpoint: str, resource: Mapping[str, Any]) -> None:
        """Delete a resource."""
        self._ask("DELETE", f"/{endpoint}/{resource['id']}")

    def dismiss(self, user: Mapping[str, Any]) -> None:
        """Delete a user and its memberships, which not every service does by itself."""
        for group in self.all("Groups"):
            members = group.get("members", [])
            rest = [member for member in members if member["value"] != user["id"]]
            if len(rest) < len(members):
                self.edit("Groups", group, members=rest)
        self.delete("Users", user)

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        answer: httpx.Response = self._http.request(method, path, **more)
        answer.raise_for_status()
        return answer.json() if answer.content else None


@dataclass
class Pair:
    """One directory, one service, and the program between them."""

    directory: Addressed
    service: ScimServer
    console: Console
    administrator: Administrator
    program: Installation
    base: str = BASE_DN

    def writes(self) -> int:
        """Return how many requests asked the service for a change since they were last counted."""
        count = len(self.service.writes())
        self.service.clear_requests()
        return count


@contextmanager
def paired(
    folder: Path,
    directory: Addressed,
    service: ScimServer,
    base: str = BASE_DN,
    connection: Mapping[str, Any] | None = None,
    **service_settings: Any,
) -> Iterator[Pair]:
    """Install the program between a directory and a service."""
    console = Console(service)
    program = Installation(folder, connection or openldap(directory, base), scim(service, **service_settings))
    try:
        with Administrator.of(directory, base) as administrator:
            yield Pair(directory, service, console, administrator, program, base)
    finally:
        console.close()
