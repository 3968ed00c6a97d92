"""What the service itself says of somebody now: looked up by id, login and externalId, and nothing is written."""

from collections.abc import Iterator
from dataclasses import dataclass

from ldap2scim.errors import ResourceNotFound, ServiceError
from ldap2scim.model import ResourceType
from ldap2scim.run.context import Run
from ldap2scim.run.service_view import LOGIN, LOGIN_ON_WIRE, WITHOUT_MEMBERS
from ldap2scim.scim.filter_match import matches
from ldap2scim.scim.filter_parser import FilterProblem, parse
from ldap2scim.scim.layout import member_of
from ldap2scim.scim.provider import Json
from ldap2scim.scim.requests import Target
from ldap2scim.scim.wire import service_id


@dataclass(frozen=True, slots=True)
class AtService:
    """A resource as the service shows it now."""

    resource_type: ResourceType
    service_id: str
    login: str | None
    external_id: str | None
    active: bool | None
    """None: it does not say, or is a group."""
    in_filter: bool
    """Whether it is inside the SCIM filter of this instance."""


class AskingService:
    """Questions to the service, each asked once it is needed."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def with_id(self, kind: ResourceType, identifier: str) -> AtService | None:
        """Read one resource; None where the service says that it has none.

        Raises:
            ServiceError: the service cannot be asked.
        """
        session = self._run.session
        try:
            body = session.wait(session.view.read(Target(kind, identifier), WITHOUT_MEMBERS[kind]))
        except ResourceNotFound:
            return None
        return self._of(kind, body)

    def called(self, who: str) -> tuple[AtService, ...]:
        """Look for users and groups with this id, externalId, login or name.

        Raises:
            ServiceError: the service cannot be asked.
        """
        return tuple(self._called(who))

    def _called(self, who: str) -> Iterator[AtService]:
        session = self._run.session
        for kind in ResourceType:
            found = None
            if session.view.capabilities.filter:
                wanted = {"external_id": who, LOGIN[kind]: who}
                found = session.wait(session.view.look_up(kind, wanted))
            if found is not None:
                yield self._of(kind, found)
                continue
            try:
                one = self.with_id(kind, who)
            except ServiceError:
                one = None  # not every text may stand in a path as an id
            if one is not None:
                yield one

    def _of(self, kind: ResourceType, body: Json) -> AtService:
        active, login = member_of(body, "active"), member_of(body, LOGIN_ON_WIRE[kind])
        external_id = member_of(body, "externalId")
        return AtService(
            resource_type=kind,
            service_id=service_id(body) or "",
            login=None if login is None else str(login),
            external_id=None if external_id in (None, "") else str(external_id),
            active=active if isinstance(active, bool) else None,
            in_filter=self._in_filter(kind, body),
        )

    def _in_filter(self, kind: ResourceType, body: Json) -> bool:
        service = self._run.settings.service
        written = service.user_filter if kind is ResourceType.USER else service.group_filter
        if not written.strip():
            return True
        found = parse(written)
        return isinstance(found, FilterProblem) or matches(found.root, body)
