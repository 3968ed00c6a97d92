"""The service's own console: what is there by identity, and what somebody does there past our program."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from ldap2scim.sandbox.service import EmbeddedService

User = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Held:
    """What the service holds at one moment."""

    users: Mapping[str, User]
    """By service id."""
    groups: Mapping[str, User]

    @property
    def resources(self) -> Mapping[str, User]:
        """Return both kinds."""
        return {**self.users, **self.groups}

    @property
    def memberships(self) -> frozenset[tuple[str, str]]:
        """Return group and member by service id."""
        return frozenset(
            (identifier, member["value"])
            for identifier, group in self.groups.items()
            for member in group.get("members", ())
        )


@dataclass
class Console:
    """Somebody at the console; numbers choose among what is there."""

    service: EmbeddedService
    ours: Callable[[], AbstractSet[str]]
    """Asked for the externalIds that are ours."""
    foreign: dict[str, User] = field(default_factory=dict)
    """What is no business of ours, as it must stay."""
    edited: bool = False
    """Whether something of ours was changed since both sides agreed."""
    _count: int = 0

    def held(self) -> Held:
        """Return what is there."""
        store = self.service.store
        return Held({one["id"]: one for one in store.users}, {one["id"]: one for one in store.groups})

    def edit_user(self, number: int) -> None:
        """Somebody writes another title and name."""
        if (user := self._ours("users", number)) is not None:
            self.service.store.edit("User", user["id"], title=self._new("Emperor"), displayName="Somebody Else")

    def deactivate(self, number: int) -> None:
        """Somebody switches an account off."""
        if (user := self._ours("users", number)) is not None:
            self.service.store.edit("User", user["id"], active=False)

    def activate(self, number: int) -> None:
        """Somebody switches an account on again, whether it was switched off by hand or by us."""
        off = {key: user for key, user in self.held().users.items() if user.get("active") is False}
        known = self.ours()
        ours = sorted((one["externalId"], key) for key, one in off.items() if one.get("externalId") in known)
        if ours:
            self.service.store.edit("User", ours[number % len(ours)][1], active=True)

    def delete_user(self, number: int) -> None:
        """Somebody deletes an account."""
        if (user := self._ours("users", number)) is not None:
            self.service.store.remove("User", user["id"])

    def delete_group(self, number: int) -> None:
        """Somebody deletes a group."""
        if (group := self._ours("groups", number)) is not None:
            self.service.store.remove("Group", group["id"])

    def rename_group(self, number: int) -> None:
        """Somebody gives a group another name."""
        if (group := self._ours("groups", number)) is not None:
            self.service.store.edit("Group", group["id"], displayName=self._new("by hand"))

    def put_in(self, number: int) -> None:
        """Somebody puts a user, ours or not, into a group of ours."""
        group, users = self._ours("groups", number), sorted(self.held().users)
        if group is not None and users:
            members, user = group.get("members", []), users[number % len(users)]
            if user not in {one["value"] for one in members}:
                self.service.store.edit("Group", group["id"], members=[*members, {"value": user}])

    def take_out(self, number: int) -> None:
        """Somebody takes the first members out of a group."""
        if (group := self._ours("groups", number)) is not None:
            self.service.store.edit("Group", group["id"], members=group.get("members", [])[1 + number % 2 :])

    def create_stranger(self, number: int) -> None:
        """Somebody creates a user and a group that have nothing to do with the directory."""
        store, name = self.service.store, self._new("stranger")
        external = {"externalId": name} if number % 2 else {}
        user = store.create("User", {"userName": name, "active": bool(number % 3), "title": "Guest", **external})
        group = store.create("Group", {"displayName": f"{name}s", "members": [{"value": user.id}], **external})
        self.foreign |= {one.id: one.resource for one in (user, group)}

    def edit_stranger(self, number: int) -> None:
        """Somebody edits one of those."""
        users = sorted(self.foreign.keys() & self.held().users.keys())
        if users:
            user = users[number % len(users)]
            self.foreign[user] = self.service.store.edit("User", user, title=self._new("Guest"))

    def change(self, what: str, number: int) -> None:
        """Do one of these by its name."""
        getattr(self, what)(number)
        self.edited = True

    def _ours(self, of_kind: str, number: int) -> User | None:
        found: Mapping[str, User] = getattr(self.held(), of_kind)
        known = self.ours()
        ours = sorted((one["externalId"], one["id"]) for one in found.values() if one.get("externalId") in known)
        return found[ours[number % len(ours)][1]] if ours else None

    def _new(self, what: str) -> str:
        self._count += 1
        return f"{what} {self._count}"


EDITS = (
    *("edit_user", "deactivate", "activate", "delete_user", "delete_group", "rename_group", "put_in", "take_out"),
    *("create_stranger", "edit_stranger"),
)
"""Names of what somebody may do."""
