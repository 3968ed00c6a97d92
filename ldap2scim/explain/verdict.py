"""The answer in a sentence or two, as one administrator would tell it to another. Pure."""

from dataclasses import dataclass
from datetime import datetime

from ldap2scim.explain.clauses import decisive, named
from ldap2scim.explain.directories import Seen
from ldap2scim.explain.planned import Planned
from ldap2scim.explain.service import AtService
from ldap2scim.explain.subjects import ImageEntry
from ldap2scim.findings import Finding, Severity
from ldap2scim.model import Key
from ldap2scim.planning.operations import (
    Adopt,
    ChangeMembers,
    Create,
    Deactivate,
    Delete,
    HeldOperation,
    Operation,
    Restore,
)
from ldap2scim.state.image_rows import Standing
from ldap2scim.state.snapshot_rows import SnapshotRow, Status


@dataclass(frozen=True, slots=True)
class Known:
    """All that the answer rests on."""

    entry: ImageEntry | None
    seen: Seen | None
    resource: SnapshotRow | None
    at_service: AtService | None
    orphaned_in: str | None
    """Id of the plan that waits with its removal as an orphan."""
    planned: Planned
    findings: tuple[Finding, ...]
    excluded_by: str | None
    """Attribute of the mapping whose value puts the entry out of scope."""
    has_history: bool
    in_doubt: bool
    is_held: bool
    """Validation holds it, though it could be mapped."""
    first_run: bool
    """Nothing is known of the service yet."""
    unasked: bool
    """The directory could not be asked how it is now."""
    now: datetime


def verdict(known: Known) -> str:
    """Say in a sentence or two how it stands, and why."""
    if known.in_doubt:
        return "In doubt: a request about it was sent and no answer came; the next run asks the service first."
    if known.entry is not None:
        return _of_entry(known, known.entry)
    if known.seen is not None:
        return f"{_why_not_in_scope(known, known.seen)}{_what_of_the_resource(known)}"
    if known.resource is not None:
        return _of_leaver(known, known.resource)
    if known.at_service is not None:
        return _of_foreign(known.at_service, known.orphaned_in)
    if known.has_history:
        return "Gone: neither a directory nor the service has it any more; what was done about it stands below."
    return "Nothing is known of it."


def _of_entry(known: Known, entry: ImageEntry) -> str:
    match entry.standing:
        case Standing.HELD:
            return f"Held, and left alone on both sides. {_why(known.findings)}"
        case Standing.OUT_OF_SCOPE if known.excluded_by is not None:
            return f"Not synchronised: the mapping's `exclude` of {known.excluded_by} drops it.{_leaving(known)}"
        case Standing.OUT_OF_SCOPE:
            return f"Not synchronised: the group filter does not select it.{_leaving(known)}"
        case _:
            return f"{_of_desired(known, entry)}{_since_then(known)}"


def _since_then(known: Known) -> str:
    """Say what of an entry in scope is otherwise now than at the last read."""
    if known.seen is None:
        gone = " But since the last read it has gone, or may not be seen any more; the next run notices."
        return "" if known.unasked else gone
    if known.seen.below_base and known.seen.clauses.holds:
        return ""
    return f" But that was so at the last read, and has changed since. {_why_not_in_scope(known, known.seen)}"


def _of_desired(known: Known, entry: ImageEntry) -> str:
    if known.is_held:
        return f"Held, and left alone on both sides. {_why(known.findings)}"
    waiting = [one for one in known.planned.held if one.operation.key == entry.key]
    own = [one for one in known.planned.flowing if one.key == entry.key and not isinstance(one, ChangeMembers)]
    still = _clock(known, entry)
    if waiting:
        return f"Waits for a person: to {waiting[0].operation.verb} is held. {_reasons(waiting[0])}{still}"
    if known.first_run:
        return f"In scope. The service was not looked at yet: the first run creates or adopts it.{still}"
    if any(isinstance(one, Create) for one in own):
        return f"In scope, and not at the service yet: the next run creates it.{still}"
    if own:
        return f"In scope; the next run would {' and '.join(one.verb for one in own)} it.{still}"
    if known.planned.flowing or known.planned.held:
        return f"In scope, and its attributes are in step; memberships of groups would change.{still}"
    return f"In scope and in step with the service.{still}"


def _clock(known: Known, entry: ImageEntry) -> str:
    parts = []
    if entry.active is False:
        parts.append("The account is disabled: the directory says so, or it has expired.")
    if entry.valid_until is not None and entry.valid_until > known.now:
        parts.append(f"By the clock alone that changes at {entry.valid_until:%Y-%m-%d %H:%M} UTC.")
    return "".join(f" {part}" for part in parts)


def _why_not_in_scope(known: Known, seen: Seen) -> str:
    if not seen.below_base:
        return "Not synchronised: the entry lies outside of the base DN."
    if not seen.clauses.holds:
        which = "group" if seen.resource_type.value == "Group" else "user"
        missing = named(decisive(seen.clauses), "and")
        return f"Not synchronised: the {which} filter does not select it. What does not hold: {missing}"
    if known.resource is not None:
        return "In scope again since the last read; the next run takes it up."
    return "In scope now, and not at the last read: the next run takes it up."


def _what_of_the_resource(known: Known) -> str:
    if known.resource is None:
        return "" if known.at_service is None else f" {_of_foreign(known.at_service, known.orphaned_in)}"
    if known.resource.status == Status.LEFT:
        return " Its resource has been removed: deactivated, or waiting to be deleted at the service."
    return f" Its resource is still at the service.{_leaving(known)}"


def _leaving(known: Known) -> str:
    if known.resource is None:
        return ""
    for waiting in known.planned.held:
        if isinstance(waiting.operation, Delete | Deactivate):
            return f" To {waiting.operation.verb} it at the service is held. {_reasons(waiting)}"
    for one in known.planned.flowing:
        if isinstance(one, Delete | Deactivate):
            return f" The next run would {one.verb} it at the service."
    return ""


def _of_leaver(known: Known, resource: SnapshotRow) -> str:
    for waiting in known.planned.held:
        if _takes_over(waiting.operation, resource.key):
            return (
                f"Its entry has gone, and {waiting.operation.name} may be the same one re-created, which a person "
                f"decides. {_reasons(waiting)}"
            )
    if resource.status == Status.LEFT:
        return (
            "Has left: no directory has its entry any more, and its resource was removed (deactivated, or waiting to "
            "be deleted at the service). It comes back when the entry does."
        )
    return f"Has left: no directory has its entry any more, and its resource is still there.{_leaving(known)}"


def _takes_over(operation: Operation, key: Key) -> bool:
    return isinstance(operation, Adopt | Restore) and operation.replaces == key and operation.key != key


def _reasons(waiting: HeldOperation) -> str:
    """Return why one operation waits; why others do that concern her stands under Plan, line by line."""
    return " ".join(dict.fromkeys(waiting.reasons))


def _of_foreign(found: AtService, orphaned_in: str | None) -> str:
    where = "" if found.in_filter else ", outside of the SCIM filter of this instance"
    known = (
        f"The service has a {found.resource_type.value.lower()} called so (id {found.service_id}){where}, and it is "
        "not ours: our state does not know it."
    )
    if orphaned_in is not None:
        return (
            f"{known} Its externalId may be one of ours: plan {orphaned_in[:12]} proposes its removal as orphaned, "
            f"which a person decides: `ldap2scim approve {orphaned_in[:12]} --kind orphaned` releases all of that kind."
        )
    orphaned = (
        " If its externalId may be one of ours, a full read (`ldap2scim recover`) proposes its removal as orphaned, "
        "which a person decides."
    )
    return (
        f"{known} It is another instance's, or was made by hand, and is left alone."
        f"{orphaned if found.in_filter and found.external_id is not None else ''}"
    )


def _why(findings: tuple[Finding, ...]) -> str:
    grave = [one for one in findings if one.severity is not Severity.NOTE] or list(findings)
    return " ".join(f"{one.message} {one.remedy}" for one in grave[:3]) or "The last report says why."
