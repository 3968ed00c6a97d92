"""A service provider that answers as a test says, and what an executor needs beside it. No network, no state."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ldap2scim.errors import ResourceNotFound, ServiceError
from ldap2scim.essence import fingerprint, to_essence
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.operations import Inputs
from ldap2scim.run.service_view import ServiceView
from ldap2scim.scim.filter_match import matches
from ldap2scim.scim.filter_parser import ParsedFilter, parse
from ldap2scim.scim.profiles import Profile, by_name
from ldap2scim.scim.provider import Capabilities, Json, ScimRequest, ScimResponse
from ldap2scim.scim.wire import managed_from
from ldap2scim.state.snapshot_rows import SnapshotRow

Answer: TypeAlias = ScimResponse | ServiceError | Callable[[ScimRequest], ScimResponse]
Script: TypeAlias = dict[str, list[Answer]]
KEY = Key("corp:1")
GROUP = Key("corp:g")
INPUTS = Inputs("new", "old")
MANAGED = {
    ResourceType.USER: managed_from({"external_id", "user_name", "title", "active"}),
    ResourceType.GROUP: managed_from({"external_id", "display_name"}),
}


def capabilities(*, patch: bool = True, etag: bool = True) -> Capabilities:
    """Return what a service says of itself."""
    return Capabilities(patch=patch, filter=True, etag=etag, bulk=False, sort=False, max_results=None)


@dataclass
class ScriptedProvider:
    """Answers requests from a script: by method and path in order, else GETs from `resources`."""

    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By path: `/Users/1`."""
    script: Script = field(default_factory=dict)
    """By `POST /Users`; each answer once."""
    sent: list[ScimRequest] = field(default_factory=list)
    able: Capabilities = field(default_factory=capabilities)
    lists_without: tuple[str, ...] = ()
    """Attributes that lists do not show."""
    before: Callable[[ScimRequest], None] = lambda _: None
    """Called with each request before it is answered."""

    async def capabilities(self) -> Capabilities:
        """Return what the service says of itself."""
        return self.able

    async def send(self, request: ScimRequest) -> ScimResponse:
        """Answer the next of the script, or a GET from the resources."""
        self.sent.append(request)
        self.before(request)
        answers = self.script.get(f"{request.method} {request.path}", [])
        if answers:
            answer = answers.pop(0)
            if isinstance(answer, ServiceError):
                raise answer
            return answer if isinstance(answer, ScimResponse) else answer(request)
        if request.method != "GET":
            raise AssertionError(f"unexpected {request.method} {request.path}")
        if request.path.count("/") == 1:
            return ScimResponse(200, {"totalResults": len(self.resources), "Resources": []})
        if request.path not in self.resources:
            raise ResourceNotFound(f"GET {request.path}: 404", "", 404)
        return ScimResponse(200, self.resources[request.path])

    async def list_all(
        self, resource_type: ResourceType, scim_filter: str | None = None, excluded: tuple[str, ...] = ()
    ) -> AsyncIterator[Json]:
        """Yield what a filter selects; the script may fail it as `LIST /Users`."""
        del excluded
        for answer in self.script.get(f"LIST /{resource_type.value}s", []):
            assert isinstance(answer, ServiceError)
            raise answer
        parsed = parse(scim_filter) if scim_filter else None
        for path, resource in self.resources.items():
            if not path.startswith(f"/{resource_type.value}s/"):
                continue
            if not isinstance(parsed, ParsedFilter) or matches(parsed.root, resource):
                yield {name: value for name, value in resource.items() if name not in self.lists_without}

    @property
    def asked(self) -> list[str]:
        """Method and path of every request."""
        return [f"{request.method} {request.path}" for request in self.sent]

    @property
    def writes(self) -> list[str]:
        """Method and path of every write."""
        return [one for one in self.asked if not one.startswith("GET")]


def view(
    provider: ScriptedProvider, profile: str | Profile = "generic", witnesses: Sequence[str] = ("8", "9")
) -> ServiceView:
    """Return the view of a scripted service."""
    return ServiceView(
        service=provider,
        profile=by_name(profile) if isinstance(profile, str) else profile,
        capabilities=provider.able,
        managed={("corp", kind): MANAGED[kind] for kind in ResourceType},
        witnesses=dict.fromkeys(ResourceType, tuple(witnesses)),
    )


@dataclass
class Memory:
    """What the snapshot would know."""

    ids: Mapping[Key, str] = field(default_factory=dict)
    rows: Mapping[Key, SnapshotRow] = field(default_factory=dict)
    members: Sequence[tuple[Key, str]] = ()
    groups: frozenset[Key] = frozenset()

    def id_of(self, key: Key) -> str | None:
        """Return an id."""
        return self.ids.get(key)

    def is_group(self, key: Key) -> bool:
        """Say whether it is a group."""
        return key in self.groups

    def members_of(self, group: Key) -> Sequence[tuple[Key, str]]:
        """Return members."""
        del group
        return self.members

    def member_count(self, group: Key) -> int:
        """Return how many members are known."""
        del group
        return len(self.members)

    def owner_of(self, resource_type: ResourceType, service_id: str) -> Key | None:
        """Return whose resource an id is."""
        del resource_type
        return next((key for key, found in self.ids.items() if found == service_id), None)

    def row_of(self, key: Key) -> SnapshotRow | None:
        """Return a row."""
        return self.rows.get(key)


def user(title: str = "engineer", **others: Any) -> dict[str, Any]:
    """Return the attributes of a user."""
    return {"external_id": "x-1", "user_name": "aiko", "title": title, "active": True, **others}


def on_wire(identifier: str = "1", title: str = "engineer", **others: Any) -> dict[str, Any]:
    """Return the same user as the service shows it."""
    shown = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": identifier,
        "externalId": "x-1",
        "userName": "aiko",
        "title": title,
        "active": True,
        "meta": {"version": 'W/"1"'},
    }
    return {name: value for name, value in {**shown, **others}.items() if value is not None and value != ""}


def row(title: str = "engineer", key: Key = KEY, service_id: str = "1") -> SnapshotRow:
    """Return the row of a user."""
    essence = to_essence(user(title))
    return SnapshotRow(key, ResourceType.USER, service_id, "x-1", "aiko", fingerprint(essence), essence, 'W/"1"')
