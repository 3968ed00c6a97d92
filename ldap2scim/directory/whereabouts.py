"""Where are those that syncrepl named as deleted? It names so whatever changes outside the base as well."""

from collections.abc import Sequence

from ldap2scim.directory import dn, filters, openldap_state, results
from ldap2scim.directory.changes import Touch
from ldap2scim.directory.conversation import Found
from ldap2scim.directory.decoder import Done
from ldap2scim.directory.encoder import Scope, SearchRequest
from ldap2scim.directory.filters import Or
from ldap2scim.directory.session import Session
from ldap2scim.directory.settings import DirectorySettings
from ldap2scim.directory.sync_refresh import MAY_HOLD_OTHERS, may_hold_others

_AT_ONCE = 100
_MOST = 1000
"""Beyond it, looking for each costs more than what it saves."""


def resolve(session: Session, settings: DirectorySettings, touched: tuple[Touch, ...]) -> tuple[tuple[Touch, ...], int]:
    """Return `touched`, and how many entries were received to learn more about the deleted ones.

    Where the base is only a part of its database, those found elsewhere, with nothing below them, cannot have taken
    others along. All that are still missing may have: no server says whether they were deleted or are invisible.

    Raises:
        DirectoryUnavailable: the connection was lost.
        ReadIncomplete: what arrived is not LDAP.
    """
    missing = [touch.uuid for touch in touched if touch.dn is None]
    if not missing or len(missing) > _MOST:
        return touched, 0
    context = openldap_state.root_dse(session, settings.base_dn).naming_context
    if context is None or dn.is_below(context, settings.base_dn):
        return touched, 0
    alone: set[str] = set()
    received = 0
    for start in range(0, len(missing), _AT_ONCE):
        found = _look_for(session, context, missing[start : start + _AT_ONCE])
        received += len(found)
        alone.update(uuid for uuid, holds in found.items() if not holds)
    return tuple(Touch(touch.uuid, None) if touch.uuid in alone else touch for touch in touched), received


def _look_for(session: Session, context: str, uuids: Sequence[str]) -> dict[str, bool]:
    """Return for those of `uuids` that are seen anywhere whether entries may lie below."""
    wanted = Or(tuple(filters.equals("entryUUID", uuid) for uuid in uuids))
    request = SearchRequest(context, Scope.SUBTREE, wanted, ("entryUUID", MAY_HOLD_OTHERS))
    found: dict[str, bool] = {}
    for answer in session.ask(request, f"the look-up of changed entries below {context}"):
        match answer:
            case Found(entry):
                for value in entry.attributes.get("entryuuid", ()):
                    found[value.decode("ascii", "replace").lower()] = may_hold_others(entry)
            case Done(code) if code != results.SUCCESS:
                return {}  # it is not known of anybody, then
    return found
