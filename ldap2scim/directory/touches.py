"""Objects of Active Directory that changed, gathered as they arrive. Pure."""

from dataclasses import dataclass, field

from ldap2scim.directory.changes import Touch
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.syntaxes import guid_text


@dataclass(slots=True)
class Touches:
    """What was touched, each object once; of an object that arrives again its last state counts."""

    transferred: int = 0
    """Objects that were received."""
    unnamed: int = 0
    """Those among them that did not say which object they are."""
    _by_uuid: dict[str, Touch] = field(default_factory=dict)

    @property
    def found(self) -> tuple[Touch, ...]:
        """Return all, in the order in which they were first met."""
        return tuple(self._by_uuid.values())

    def take(self, entry: LdapEntry, *, may_hold_others: bool = False) -> None:
        """Take an object that changed; with `may_hold_others` one that was renamed or moved with all below it."""
        self.transferred += 1
        values = entry.attributes.get("objectguid", ())
        if len(values) != 1 or len(values[0]) != 16:
            self.unnamed += 1
            return
        uuid = guid_text(values[0])
        self._by_uuid[uuid] = Touch(uuid, None if is_deleted(entry) else entry.dn, may_hold_others)

    def pass_over(self) -> None:
        """Count an object that was received and need not be looked at."""
        self.transferred += 1


def is_deleted(entry: LdapEntry) -> bool:
    """Say whether an object is deleted. One that may not be read any more has no name."""
    return not entry.dn or entry.attributes.get("isdeleted", ()) == (b"TRUE",)
