"""Small worlds for the planning tests: a directory's wishes, a service in memory, and the way from one to the other."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from hypothesis import settings
from hypothesis import strategies as st

from ldap2scim.essence import fingerprint, from_essence, to_essence
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.attribute_changes import apply_changes
from ldap2scim.planning.diff import diff
from ldap2scim.planning.frames import Status, desired_frame, known_frame
from ldap2scim.planning.operations import (
    Adopt,
    ChangeMembers,
    Create,
    Deactivate,
    Delete,
    Operation,
    Restore,
    Update,
)
from ldap2scim.planning.plan import Plan, make_plan
from ldap2scim.planning.proposals import Difference
from ldap2scim.planning.states import DesiredState, Edges, Holds, KnownState, Leaving, LoginMatch, ReadState, Scope

law = settings(max_examples=1000 if os.environ.get("LDAP2SCIM_LONG") else 50, deadline=None)
"""How hard a law is tried; more under `make test-long`."""
USER, GROUP = ResourceType.USER, ResourceType.GROUP
LOGIN = {USER: "user_name", GROUP: "display_name"}
PROVEN: Mapping[Scope, ReadState] = {Scope(d, kind): ReadState.PROVEN for d in ("ad", "hr") for kind in ResourceType}


@dataclass(frozen=True, eq=False)
class World:
    """What the directories want: attributes by key, and (group, member). Equal as JSON is: `True` is not `1`."""

    users: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    groups: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    edges: frozenset[tuple[str, str]] = frozenset()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, World) and self._canonical() == other._canonical()

    __hash__ = None  # type: ignore[assignment]

    def _canonical(self) -> object:
        return {k: essences_of(self.of(k)) for k in ResourceType}, self.edges

    def of(self, kind: ResourceType) -> Mapping[str, Mapping[str, Any]]:
        """Return the entries of one kind."""
        return self.users if kind is USER else self.groups

    def desired(self, reads: Mapping[Scope, ReadState] = PROVEN, order: int = 1) -> DesiredState:
        """Return it as frames; `order` -1 turns every row order around."""
        return DesiredState(
            self._frame(USER, order), self._frame(GROUP, order), Edges.of(sorted(self.edges)[::order]), reads
        )

    def _frame(self, kind: ResourceType, order: int) -> pd.DataFrame:
        rows = sorted(self.of(kind).items())[::order]
        return desired_frame(
            key=[key for key, _ in rows],
            fingerprint=[fingerprint(to_essence(attributes)) for _, attributes in rows],
            external_id=[attributes.get("external_id") for _, attributes in rows],
            login=[attributes[LOGIN[kind]] for _, attributes in rows],
            dn=[dn_of(key) for key, _ in rows],
        )


def essences_of(resources: Mapping[str, Mapping[str, Any]]) -> Mapping[str, str]:
    """Return the essence of each resource."""
    return {key: to_essence(attributes) for key, attributes in resources.items()}


def dn_of(key: str) -> str:
    """Return the DN of a key's entry."""
    return f"cn={key.partition(':')[2]},dc=example"


@dataclass
class Row:
    """A resource in the service."""

    attributes: Mapping[str, Any]
    status: Status = Status.MANAGED


@dataclass
class Service:
    """A service in memory together with what our state says of it."""

    users: dict[str, Row] = field(default_factory=dict)
    groups: dict[str, Row] = field(default_factory=dict)
    edges: set[tuple[str, str]] = field(default_factory=set)
    login_matches: dict[Key, LoginMatch] = field(default_factory=dict)
    strangers: frozenset[Key] = frozenset()

    def of(self, kind: ResourceType) -> dict[str, Row]:
        """Return the resources of one kind."""
        return self.users if kind is USER else self.groups

    def known(self) -> KnownState:
        """Return it as frames."""
        edges = Edges.of(sorted(self.edges))
        return KnownState(self._frame(USER), self._frame(GROUP), edges, self.login_matches, self.strangers)

    def _frame(self, kind: ResourceType) -> pd.DataFrame:
        rows = sorted(self.of(kind).items())
        return known_frame(
            key=[key for key, _ in rows],
            fingerprint=[fingerprint(to_essence(row.attributes)) for _, row in rows],
            external_id=[row.attributes.get("external_id") for _, row in rows],
            login=[row.attributes[LOGIN[kind]] for _, row in rows],
            service_id=[f"id-{key}" for key, _ in rows],
            version=[None for _ in rows],
            status=[row.status for _, row in rows],
        )

    def managed(self) -> World:
        """Return the managed part as a world."""
        return World(
            {key: row.attributes for key, row in self.users.items() if row.status is Status.MANAGED},
            {key: row.attributes for key, row in self.groups.items() if row.status is Status.MANAGED},
            frozenset(self.edges),
        )

    def apply(self, operations: Iterable[Operation]) -> None:
        """Do what a service would do; a wrong order or an unknown resource raises KeyError or AssertionError."""
        for operation in operations:
            rows = self.of(operation.resource_type)
            match operation:
                case Create():
                    assert operation.key not in rows
                    rows[operation.key] = Row(from_essence(operation.essence))
                case Adopt() | Restore() | Update():
                    row = rows.pop(getattr(operation, "replaces", None) or operation.key)
                    changed = apply_changes(row.attributes, operation.changes)
                    assert to_essence(changed) == operation.essence
                    rows[operation.key] = Row(changed)
                    self._renamed(getattr(operation, "replaces", None), operation.key)
                case ChangeMembers():
                    self._members(operation)
                case Deactivate():
                    row = rows[operation.key]
                    rows[operation.key] = Row({**row.attributes, "active": False}, Status.LEFT)
                case Delete():
                    del rows[operation.key]
                    self.edges = {edge for edge in self.edges if operation.key not in edge}

    def _members(self, operation: ChangeMembers) -> None:
        assert operation.key in self.groups
        assert all(key in self.users or key in self.groups for key in operation.added)
        removed = {(operation.key, key) for key in operation.removed}
        assert removed <= self.edges
        self.edges = (self.edges - removed) | {(operation.key, key) for key in operation.added}

    def _renamed(self, old: str | None, new: str) -> None:
        if old is not None:
            self.edges = {(new if g == old else g, new if m == old else m) for g, m in self.edges}


def service_of(world: World) -> Service:
    """Return a service that is in step with a world."""
    service = Service(edges=set(world.edges))
    for kind in ResourceType:
        service.of(kind).update({key: Row(attributes) for key, attributes in world.of(kind).items()})
    return service


@dataclass(frozen=True)
class Essences:
    """Essences from the worlds themselves; counts what was asked."""

    world: World
    service: Service
    asked: list[str] = field(default_factory=list)

    def desired(self, keys: Sequence[Key]) -> Mapping[Key, str]:
        """Return what is wanted."""
        return self._from({**self.world.users, **self.world.groups}, keys)

    def known(self, keys: Sequence[Key]) -> Mapping[Key, str]:
        """Return what the service has."""
        rows = {**self.service.users, **self.service.groups}
        return self._from({key: row.attributes for key, row in rows.items()}, keys)

    def _from(self, attributes: Mapping[str, Mapping[str, Any]], keys: Sequence[Key]) -> Mapping[Key, str]:
        self.asked.extend(keys)
        return {key: to_essence(attributes[key]) for key in keys}


def difference(
    world: World,
    service: Service,
    *,
    holds: Holds | None = None,
    reads: Mapping[Scope, ReadState] = PROVEN,
    leavers: Leaving = Leaving.DELETE,
    order: int = 1,
) -> Difference:
    """Return the diff of a world and a service."""
    essences = Essences(world, service)
    return diff(world.desired(reads, order), service.known(), holds or Holds(), essences, leavers)


def plan_of(found: Difference) -> Plan:
    """Return the plan of everything that was found, not judged."""
    return make_plan(
        found.operations,
        (*found.held, *found.blocked),
        evaluated_at=datetime(2024, 4, 1, tzinfo=UTC),
        settings_digest="s",
        program="1",
    )


def user(login: str, **attributes: Any) -> dict[str, Any]:
    """Return attributes of a user; externalId is derived from the login where none is given."""
    return {"user_name": login, "external_id": f"x-{login}", "active": True, **attributes}


def group(name: str, **attributes: Any) -> dict[str, Any]:
    """Return attributes of a group."""
    return {"display_name": name, "external_id": f"x-{name}", **attributes}


_WORDS = st.text("abcäß .,", min_size=1, max_size=4)
_MAIL = st.fixed_dictionaries({"value": _WORDS}, optional={"type": _WORDS, "primary": st.booleans()})
_SINGLE = {
    "title": _WORDS,
    "name": st.dictionaries(st.sampled_from(["family_name", "given_name"]), _WORDS, min_size=1),
    "phone_numbers": st.lists(_MAIL, min_size=1, max_size=2),
    "extensions": st.dictionaries(
        st.sampled_from(["urn:example:2.0:User", "urn:other"]),
        st.dictionaries(st.sampled_from(["rank", "flag"]), _WORDS | st.booleans() | st.integers(0, 1), min_size=1),
        min_size=1,
    ),
}
attributes_strategy = st.fixed_dictionaries({"active": st.booleans()}, optional=_SINGLE)


@st.composite
def worlds(draw: st.DrawFn, directories: tuple[str, ...] = ("ad", "hr")) -> World:
    """Draw a world of at most six people and four groups, nested ones included; an anchor never changes its login."""
    people = draw(st.dictionaries(st.integers(0, 5), attributes_strategy))
    names = draw(st.dictionaries(st.integers(0, 3), st.fixed_dictionaries({}, optional={"description": _WORDS})))
    users = {_key("u", n, directories): user(f"u{n}", **attributes) for n, attributes in people.items()}
    groups = {_key("g", n, directories): group(f"g{n}", **attributes) for n, attributes in names.items()}
    members = [*users, *groups]
    pairs = st.tuples(st.sampled_from(sorted(groups)), st.sampled_from(members)) if groups else st.nothing()
    edges = draw(st.frozensets(pairs)) if groups else frozenset()
    return World(users, groups, edges)


def _key(letter: str, number: int, directories: tuple[str, ...]) -> str:
    return f"{directories[number % len(directories)]}:{letter}{number}"
