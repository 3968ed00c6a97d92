"""What the service made of a write: whose resource it is, what it shows of what was sent, and what is remembered of it.

Services answer with success and change nothing, give a resource another id with its name, and know our externalId under
an id that we never had. What is written down is what was seen, or confirmed where it is not looked at.
"""

from contextlib import suppress
from dataclasses import replace
from typing import Final, TypeAlias

from ldap2scim.errors import ResourceNotFound, ServiceError
from ldap2scim.essence import fingerprint, from_essence
from ldap2scim.model import Attributes, Key
from ldap2scim.planning.operations import Adopt, AttributeChange, Create, Restore, Update
from ldap2scim.planning.proof import Proof, proof_of
from ldap2scim.planning.removals import is_removal, takes_access
from ldap2scim.run import leaving
from ldap2scim.run.done import Applied, Done, Failed, Remembered
from ldap2scim.run.sending import Sent, send_changes
from ldap2scim.run.service_view import (
    LOGIN,
    LOGIN_ON_WIRE,
    WITHOUT_MEMBERS,
    ServiceView,
    observed_row,
    same_external_id,
    would_disable,
)
from ldap2scim.scim import echo
from ldap2scim.scim.layout import member_of
from ldap2scim.scim.provider import Json
from ldap2scim.scim.requests import Target
from ldap2scim.scim.wire import service_id, version_of
from ldap2scim.state.snapshot_rows import Confirmed, SnapshotRow

Changing: TypeAlias = Adopt | Restore | Update

_NAMES: Final = 2
"""Login and externalId tell whose resource it is."""


class Checker:
    """Compares what was wanted with what one service has."""

    def __init__(self, view: ServiceView, remembered: Remembered) -> None:
        self._view = view
        self._remembered = remembered

    def is_ours(self, operation: Create | Changing, found: Json, attributes: Attributes) -> bool:
        """Say whether a found resource has the externalId that is wanted, and belongs to no other entry."""
        owner = self._remembered.owner_of(operation.resource_type, service_id(found) or "")
        return owner in {None, operation.key} and same_external_id(found, attributes)

    def _is_about(self, operation: Create | Changing, attributes: Attributes, identifier: str, shown: Json) -> bool:
        """Say whether an answer is about the resource that was written, whose id may have changed with its name."""
        found = _id_of(shown, identifier)
        if found.casefold() == identifier.casefold():
            return True
        told = _told(operation, attributes, shown)
        owner = self._remembered.owner_of(operation.resource_type, found)
        return owner in {None, operation.key} and (any(told) or not told)

    async def moved(self, operation: Create | Changing, attributes: Attributes) -> Json | None:
        """Return the resource under another id, where there is one that is ours."""
        if not attributes.get("external_id"):
            return None
        try:
            found = await self._view.look_up(operation.resource_type, attributes)
        except ServiceError:
            return None
        return found if found is not None and self.is_ours(operation, found, attributes) else None

    async def checked(self, operation: Create | Changing, attributes: Attributes, identifier: str, sent: Sent) -> Done:
        """Compare what was wanted with what the service shows: services do answer with success and change nothing."""
        kind = operation.resource_type
        shown, version, read = sent.body, sent.version, False
        strange = shown is not None and not self._is_about(operation, attributes, identifier, shown)
        if strange:
            shown = version = None
        identifier = _id_of(shown, identifier)
        is_sampled = self._view.learned.is_read_back(kind, operation.verb)
        if is_sampled or strange or (shown is None and _is_renamed(operation)):
            shown, read = await self._read_again(operation, attributes, identifier), True
            identifier = _id_of(shown, identifier)
            # What takes access away is sent again where that was planned alone: it may be another's resource by now.
            ignored = tuple(
                change
                for change in self._ignored(operation, attributes, shown)
                if is_removal(operation) or not takes_access(change)
            )
            if shown is not None and ignored:
                # Once more, in case that it was a passing fault.
                target = Target(kind, identifier, self._view.version(version_of(shown)))
                with suppress(ServiceError):
                    version = (
                        await send_changes(self._view, self._remembered, operation.key, target, ignored, attributes)
                    ).version
                    shown = await self._read_again(operation, attributes, identifier)
        self._view.learned.made(kind, identifier)
        if shown is not None and would_disable(shown, attributes):
            if is_removal(operation):
                return Failed(operation, leaving.still_active(operation.name))
            return self.as_it_is(operation, identifier, version, shown)
        paths = tuple(change.path for change in self._ignored(operation, attributes, shown))
        shows = shown is not None and echo.tells(shown) and not paths
        return self.applied(operation, identifier, version, paths, proof=proof_of(read=read, shows=shows))

    def as_it_is(
        self, operation: Create | Changing, identifier: str, version: str | None, shown: Json, *, is_new: bool = True
    ) -> Applied:
        """Return what is remembered of somebody who is active at the service, and not in the directory.

        No limit has counted that an operation which is no removal takes access away: the next run plans that.
        """
        like = from_essence(operation.essence)
        seen = observed_row(self._view, operation.key, operation.resource_type, shown, like)
        row = replace(seen, service_id=identifier, version=self._view.version(version))
        found = None if is_new else row.essence
        return Applied(operation, Confirmed(row, _replaced(operation), found), still_active=True)

    async def _read_again(self, operation: Create | Changing, attributes: Attributes, identifier: str) -> Json | None:
        """Return what the service holds now; None: it was confirmed, and only the second look failed."""
        kind = operation.resource_type
        try:
            return await self._view.read(Target(kind, identifier), WITHOUT_MEMBERS[kind])
        except ResourceNotFound:
            # An id may change with the name that it is made of.
            return await self.moved(operation, attributes)
        except ServiceError:
            return None

    def _ignored(
        self, operation: Create | Changing, attributes: Attributes, shown: Json | None
    ) -> tuple[AttributeChange, ...]:
        if shown is None or not echo.tells(shown):
            return ()
        return self._view.differences(operation.key, operation.resource_type, shown, attributes)

    def applied(
        self,
        operation: Create | Changing,
        identifier: str,
        version: str | None,
        ignored: tuple[str, ...] = (),
        *,
        proof: Proof | None = None,
    ) -> Applied:
        """Return what is remembered of an operation that came to its end."""
        attributes = from_essence(operation.essence)
        row = SnapshotRow(
            key=operation.key,
            resource_type=operation.resource_type,
            service_id=identifier,
            external_id=_text(attributes.get("external_id")),
            login=_text(attributes.get(LOGIN[operation.resource_type])),
            fingerprint=fingerprint(operation.essence),
            essence=operation.essence,
            version=self._view.version(version),
        )
        return Applied(operation, Confirmed(row, _replaced(operation)), ignored, proof=proof)


def _replaced(operation: Create | Changing) -> Key | None:
    return operation.replaces if isinstance(operation, Adopt | Restore) else None


def _id_of(shown: Json | None, otherwise: str) -> str:
    return (service_id(shown) if shown else None) or otherwise


def shows_another(operation: Create | Changing, attributes: Attributes, shown: Json) -> bool:
    """Say whether an answer that gives a new id is about somebody else: neither externalId nor login is ours.

    Where it does not show both of them nothing is said: services leave out the one, and spell the other as they like.
    """
    told = _told(operation, attributes, shown)
    return len(told) == _NAMES and not any(told)


def _told(operation: Create | Changing, attributes: Attributes, shown: Json) -> list[bool]:
    """Say of externalId and login, as far as an answer shows them, whether they are as they were sent."""
    kind = operation.resource_type
    pairs = (("externalId", attributes.get("external_id")), (LOGIN_ON_WIRE[kind], attributes.get(LOGIN[kind])))
    return [
        str(held).casefold() == str(wanted).casefold()
        for held, wanted in ((member_of(shown, name), wanted) for name, wanted in pairs)
        if held not in (None, "") and wanted is not None
    ]


def _is_renamed(operation: Create | Changing) -> bool:
    login = LOGIN[operation.resource_type]
    return not isinstance(operation, Create) and any(change.path == login for change in operation.changes)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
