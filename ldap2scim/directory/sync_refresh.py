"""One refresh of RFC 4533 as it arrives: who was touched, and whether all who left were named. Pure."""

from ldap2scim.directory import sync_messages
from ldap2scim.directory.ber import DecodeError
from ldap2scim.directory.changes import Touch
from ldap2scim.directory.controls import Control
from ldap2scim.directory.conversation import Found
from ldap2scim.directory.decoder import Done, Intermediate
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.sync_messages import IdSet, PhaseEnd, State, SyncDone

MAY_HOLD_OTHERS = "hasSubordinates"


class Refresh:
    """Gathers what one refresh says."""

    def __init__(self) -> None:
        self._touched: dict[str, Touch] = {}
        self._transferred = 0
        self._present = False

    @property
    def touched(self) -> tuple[Touch, ...]:
        """Everybody who was named, once, as it was named last."""
        return tuple(self._touched.values())

    @property
    def transferred(self) -> int:
        """How many entries came."""
        return self._transferred

    @property
    def had_present_phase(self) -> bool:
        """Whether the server named those that stay, and not those that left."""
        return self._present

    def take(self, answer: Found | Intermediate) -> None:
        """Take in one answer.

        Raises:
            DecodeError: it does not speak RFC 4533.
        """
        match answer:
            case Found(entry, controls):
                self._transferred += 1
                self._entry(entry, controls)
            case Intermediate(sync_messages.INFO, value):
                self._info(sync_messages.sync_info(value))
            case Intermediate(name):
                raise DecodeError(f"an intermediate response of the unknown kind {name}")

    def end(self, done: Done) -> SyncDone:
        """Return what the successful end says.

        Raises:
            DecodeError: it does not speak RFC 4533.
        """
        found = sync_messages.sync_done(_value(done.controls, sync_messages.DONE))
        if not found.deletes:
            self._present = True
        return found

    def _entry(self, entry: LdapEntry, controls: tuple[Control, ...]) -> None:
        found = sync_messages.entry_state(_value(controls, sync_messages.STATE))
        match found.state:
            case State.ADD | State.MODIFY:
                self._touched[found.uuid] = Touch(found.uuid, entry.dn, may_hold_others(entry))
            case State.DELETE:
                self._gone(found.uuid)
            case State.PRESENT:
                self._present = True

    def _info(self, info: sync_messages.SyncInfo) -> None:
        match info:
            case IdSet(True, uuids):
                for uuid in uuids:
                    self._gone(uuid)
            case IdSet(False) | PhaseEnd(False):
                self._present = True

    def _gone(self, uuid: str) -> None:
        # It may have gone where we do not look or cannot see, with all below it.
        self._touched[uuid] = Touch(uuid, None, may_hold_others=True)


def may_hold_others(entry: LdapEntry) -> bool:
    """Say whether entries may lie below; also where the server does not say."""
    return entry.attributes.get(MAY_HOLD_OTHERS.lower()) != (b"FALSE",)


def _value(controls: tuple[Control, ...], oid: str) -> bytes | None:
    return next((control.value for control in controls if control.oid == oid), None)
