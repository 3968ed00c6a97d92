"""The connection to the service while a run lasts: opened when it is first needed, closed with the run."""

import asyncio
import contextvars
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from ldap2scim.model import ResourceType
from ldap2scim.run.learned import Learned
from ldap2scim.run.service_view import ServiceView
from ldap2scim.scim.client import ScimConnection, connect
from ldap2scim.scim.wire import Managed, managed_from
from ldap2scim.settings import Settings
from ldap2scim.state import remembered
from ldap2scim.state.store import Store

T = TypeVar("T")


class Session:
    """One connection with an event loop of its own, so that the phases stay plain functions."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._runner = asyncio.Runner()
        self.connection: ScimConnection = connect(settings.service)
        self._runner.run(self.connection.__aenter__())
        try:
            capabilities = self._runner.run(self.connection.capabilities())
        except BaseException:
            self.close()
            raise
        self.view = ServiceView(
            service=self.connection,
            profile=self.connection.profile,
            capabilities=capabilities,
            managed=managed_by_directory(settings),
            witnesses=remembered.witnesses(store),
            learned=Learned(settings.service.read_back),
        )

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end, in the context of the caller: a log line belongs to the task that made it."""
        return self._runner.run(work, context=contextvars.copy_context())

    def close(self) -> None:
        """Close the connection."""
        self._runner.run(self.connection.__aexit__(None, None, None))
        self._runner.close()


def managed_by_directory(settings: Settings) -> Mapping[tuple[str, ResourceType], Managed]:
    """Return what the mapping of each directory writes."""
    managed: dict[tuple[str, ResourceType], Managed] = {}
    for directory in settings.directories:
        for kind, mapping in (
            (ResourceType.USER, directory.mappings.user),
            (ResourceType.GROUP, directory.mappings.group),
        ):
            paths = {*mapping.single, "external_id"}
            for attribute, items in mapping.multi.items():
                paths |= {f"{attribute}.{name}" for item in items for name in item.sub_attributes}
            if kind is ResourceType.USER:
                paths.add("active")
            managed[directory.settings.name, kind] = managed_from(paths)
    return managed
