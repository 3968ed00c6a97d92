"""The resources of the embedded service, in memory; every change is one step under a lock.

Tests and the demo reach in as an administrator does at the service's own console: `edit`, `remove`, `purge`.
"""

import threading
import uuid
from dataclasses import replace
from datetime import datetime

from scim2_models.path import FilterNode

from ldap2scim.sandbox.service.names import Names
from ldap2scim.sandbox.service.personality import (
    Leaving,
    PendingReads,
    Personality,
    Restoring,
    UnknownMembers,
)
from ldap2scim.sandbox.service.records import Kept, Record, UserState
from ldap2scim.sandbox.service.refusal import Refused
from ldap2scim.sandbox.service.schemas import ENDPOINTS, KINDS
from ldap2scim.sandbox.service.wire import Object, Value


class Store:
    """Users and groups, with indexes on the names that filters ask for."""

    def __init__(self, personality: Personality, base_url: str) -> None:
        self.personality = personality
        self.base_url = base_url
        self._lock = threading.RLock()
        self._records: dict[str, dict[str, Record]] = {kind: {} for kind in KINDS}
        self._names = Names()

    def keep(self) -> Kept:
        """Return everything that is there, to be put back later."""
        with self._lock:
            return Kept({kind: dict(records) for kind, records in self._records.items()})

    def put_back(self, kept: Kept) -> None:
        """Be as `keep` found it."""
        with self._lock:
            self._records = {kind: dict(records) for kind, records in kept.records.items()}
            self._names = Names()
            for records in self._records.values():
                for record in records.values():
                    self._names.enter(record)

    @property
    def users(self) -> tuple[Object, ...]:
        """The users that a client sees."""
        return tuple(self.visible("User"))

    @property
    def groups(self) -> tuple[Object, ...]:
        """The groups that a client sees."""
        return tuple(self.visible("Group"))

    @property
    def pending(self) -> tuple[Object, ...]:
        """The users in pending deletion."""
        with self._lock:
            return tuple(record.resource for record in self._records["User"].values() if record.pending)

    def visible(self, kind: str) -> list[Object]:
        """Return the resources of a kind that a client sees, in the order of their creation."""
        with self._lock:
            return [self._seen(record) for record in self._records[kind].values() if self._is_shown(record)]

    def state(self, login: str) -> UserState | None:
        """Return how the user of a userName stands; None where there is none."""
        with self._lock:
            for found in self._names.having("User", "userName", login):
                record = self._records["User"][found]
                if record.pending:
                    return UserState.PENDING
                return UserState.DISABLED if record.resource.get("active") is False else UserState.ACTIVE
        return None

    def find(self, kind: str, name: str) -> Object:
        """Return the visible user of a userName, or group of a displayName.

        Raises:
            KeyError: there is none.
        """
        attribute = "userName" if kind == "User" else "displayName"
        with self._lock:
            for found in self._names.having(kind, attribute, name):
                if not self._records[kind][found].pending:
                    return self._records[kind][found].resource
        raise KeyError(name)

    def get(self, kind: str, identifier: str) -> Record:
        """Return a visible record.

        Raises:
            Refused: 404.
        """
        record = self._records[kind].get(identifier)
        if record is None or not self._is_shown(record):
            raise Refused(404, f"There is no {kind} {identifier}.")
        return replace(record, resource=self._seen(record))

    def target(self, kind: str, identifier: str) -> Record:
        """Return the record that a write is about: a visible one, or one that a write could take out of its state.

        Raises:
            Refused: 404.
        """
        record = self._records[kind].get(identifier)
        if record is not None and record.pending and self.personality.restoring is Restoring.BY_ACTIVATION:
            return replace(record, resource=self._seen(record))
        return self.get(kind, identifier)

    def _is_shown(self, record: Record) -> bool:
        return not record.pending or self.personality.pending_reads is PendingReads.SHOWN

    @staticmethod
    def _seen(record: Record) -> Object:
        return {**record.resource, "active": False} if record.pending else record.resource

    def create(self, kind: str, attributes: Object) -> Record:
        """Add a resource; at a service with pending deletion, take its like out of that state instead.

        Raises:
            Refused: 409 uniqueness; 400 for a member that is not known; what the tenant refuses.
        """
        attributes = self._accepted(kind, attributes, {})
        with self._lock:
            waiting = self._restorable(kind, attributes)
            if waiting is not None:
                return self._put(kind, waiting.id, attributes, waiting)
            self._check(kind, attributes, None)
            return self._put(kind, str(uuid.uuid4()), attributes, None)

    def write(self, record: Record, attributes: Object) -> Record:
        """Replace what a client wrote of a resource; the same attributes keep the version.

        Raises:
            Refused: 409 uniqueness; 400 for a member that is not known; 404 for a user that stays pending deletion;
                what the tenant refuses.
        """
        attributes = self._accepted(record.kind, attributes, record.attributes)
        with self._lock:
            if record.pending and not self._activates(attributes):
                raise Refused(404, f"There is no {record.kind} {record.id}.")
            if attributes == record.attributes:
                return record
            self._check(record.kind, attributes, record)
            return self._put(record.kind, record.id, attributes, record)

    def _activates(self, attributes: Object) -> bool:
        return self.personality.restoring is Restoring.BY_ACTIVATION and attributes.get("active") is True

    def _accepted(self, kind: str, attributes: Object, old: Object) -> Object:
        tenant = self.personality.tenant
        return attributes if tenant is None else tenant.accepted(kind, attributes, old)

    def delete(self, record: Record) -> None:
        """Delete as a client's DELETE does: for good, or into pending deletion. Memberships end with it.

        Raises:
            Refused: 404 for a user that is pending deletion already.
        """
        with self._lock:
            if record.pending:
                raise Refused(404, f"There is no {record.kind} {record.id}.")
            if record.kind == "User" and self.personality.user_leaving is Leaving.PENDING:
                self._records["User"][record.id] = replace(record, pending=True)
            else:
                self._forget(record)
            self._leave_groups(record.id)

    def edit(self, kind: str, identifier: str, **changes: Value) -> Object:
        """Change attributes by their wire names, as an administrator does at the console; None removes one."""
        with self._lock:
            record = self.get(kind, identifier)
            merged = {name: value for name, value in {**record.attributes, **changes}.items() if value is not None}
            return self.write(record, merged).resource

    def remove(self, kind: str, identifier: str) -> None:
        """Remove a resource for good, whatever DELETE would do; pending ones too."""
        with self._lock:
            self._forget(self._records[kind][identifier])
            self._leave_groups(identifier)

    def purge(self, *logins: str) -> int:
        """Remove for good what is pending deletion, all or the users of these userNames; return how many."""
        wanted = {login.casefold() for login in logins}
        with self._lock:
            waiting = [
                record
                for record in self._records["User"].values()
                if record.pending and (not wanted or str(record.resource["userName"]).casefold() in wanted)
            ]
            for record in waiting:
                self._forget(record)
            return len(waiting)

    def clear(self) -> None:
        """Empty the store."""
        with self._lock:
            self._names = Names()
            for records in self._records.values():
                records.clear()

    def candidates(self, kind: str, node: FilterNode | None) -> list[Object]:
        """Return the visible resources among which all matches of a filter are, fewer where an index knows."""
        with self._lock:
            found = self._names.matching(kind, node)
            if found is None:
                return self.visible(kind)
            records = [self._records[kind][identifier] for identifier in found if identifier in self._records[kind]]
            return [self._seen(record) for record in records if self._is_shown(record)]

    def _restorable(self, kind: str, attributes: Object) -> Record | None:
        if kind != "User" or self.personality.restoring is not Restoring.BY_POST:
            return None
        same_name = self._names.having("User", "userName", attributes["userName"])
        same_external_id = self._names.having("User", "externalId", attributes.get("externalId", ""))
        for identifier in same_name & same_external_id:
            if self._records["User"][identifier].pending:
                return self._records["User"][identifier]
        return None

    def _check(self, kind: str, attributes: Object, record: Record | None) -> None:
        for unique in sorted(self.personality.unique):
            owner, _, attribute = unique.partition(".")
            value = attributes.get(attribute)
            if owner != kind or not value:
                continue
            others = self._names.having(kind, attribute, value) - ({record.id} if record else set())
            if others:
                raise Refused(409, f"{attribute} has already been taken", "uniqueness")
        if self.personality.unknown_members is UnknownMembers.REFUSED and kind == "Group":
            known = {item["value"] for item in record.resource.get("members", ())} if record else set()
            for item in attributes.get("members", ()):
                if item["value"] not in known and not self._is_visible(item["value"]):
                    raise Refused(400, f"There is no member {item['value']}.", "invalidValue")

    def _is_visible(self, identifier: str) -> bool:
        return any(identifier in records and not records[identifier].pending for records in self._records.values())

    def _put(self, kind: str, identifier: str, attributes: Object, old: Record | None) -> Record:
        now = datetime.now(self.personality.zone).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        version = old.version + 1 if old else 1
        endpoint = next(each for each, named in ENDPOINTS.items() if named == kind)
        resource = {
            "schemas": [KINDS[kind], *(name for name in attributes if ":" in name)],
            "id": identifier,
            **attributes,
            "meta": {
                "resourceType": kind,
                "created": old.resource["meta"]["created"] if old else now,
                "lastModified": now,
                "location": f"{self.base_url}/{endpoint}/{identifier}",
                **({"version": f'W/"{version}"'} if self.personality.etag_supported else {}),
            },
        }
        if old is not None:
            self._names.leave(old)
        record = Record(kind, resource, version, pending=False)
        self._records[kind][identifier] = record
        self._names.enter(record)
        return record

    def _forget(self, record: Record) -> None:
        self._names.leave(record)
        del self._records[record.kind][record.id]

    def _leave_groups(self, identifier: str) -> None:
        for group in list(self._records["Group"].values()):
            members = group.resource.get("members", ())
            rest = [item for item in members if item.get("value") != identifier]
            if len(rest) < len(members):
                attributes = {**group.attributes, "members": rest}
                self._put("Group", group.id, {k: v for k, v in attributes.items() if v != []}, group)
