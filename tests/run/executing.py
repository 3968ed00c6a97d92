"""Operations on one person, and how one of them is carried out against a scripted service."""

from ldap2scim.errors import (
    OutcomeUnknown,
    RequestRejected,
    ResourceNotFound,
    ServiceUnavailable,
    UniquenessConflict,
    VersionConflict,
)
from ldap2scim.essence import to_essence
from ldap2scim.model import ResourceType
from ldap2scim.planning.operations import (
    Adopt,
    AttributeChange,
    Create,
    Deactivate,
    Delete,
    Operation,
    Restore,
    Update,
)
from ldap2scim.run.done import Done
from ldap2scim.run.executor import Executor
from ldap2scim.scim.provider import ScimResponse
from ldap2scim.state.snapshot_rows import Confirmed
from tests.run.scripted import (
    INPUTS,
    KEY,
    Memory,
    ScriptedProvider,
    row,
    user,
    view,
)

USER = ResourceType.USER
LOST = OutcomeUnknown("sent, no answer")
AWAY = ServiceUnavailable("503", "", 503)
MISSING = ResourceNotFound("404", "", 404)
CONFLICT = UniquenessConflict("409", "", 409)
STALE = VersionConflict("412", "", 412)
REFUSED = RequestRejected("400", "", 400)
TO_ENGINEER = (AttributeChange("title", "clerk", "engineer"),)
CREATE = Create(KEY, USER, "uid=aiko", INPUTS, to_essence(user()))
UPDATE = Update(KEY, USER, "uid=aiko", INPUTS, "1", 'W/"1"', to_essence(user()), TO_ENGINEER)
ADOPT = Adopt(KEY, USER, "uid=aiko", INPUTS, "1", 'W/"1"', to_essence(user()), TO_ENGINEER)
RESTORE = Restore(KEY, USER, "uid=aiko", INPUTS, "1", None, to_essence(user()), TO_ENGINEER)
DEACTIVATE = Deactivate(KEY, USER, "aiko", INPUTS, "1", 'W/"1"')
DELETE = Delete(KEY, USER, "aiko", INPUTS, "1", 'W/"1"')
OK = ScimResponse(204, None)


async def carry_out(
    operation: Operation, provider: ScriptedProvider, memory: Memory | None = None, profile: str = "generic"
) -> Done:
    """Carry out one operation at a scripted service."""
    return await Executor(view(provider, profile), memory or Memory(rows={KEY: row()})).carry_out(operation)


def confirmed(done: Done) -> Confirmed:
    """Return what a done operation writes into the snapshot."""
    assert isinstance(done.change, Confirmed)
    return done.change
