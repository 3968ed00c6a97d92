"""Would our own SCIM filter see what we are about to write? What it would not see is created again in each run."""

from collections.abc import Iterator
from dataclasses import replace

from ldap2scim.essence import from_essence
from ldap2scim.findings import Finding, Severity, named
from ldap2scim.model import ResourceType, directory_of
from ldap2scim.planning.operations import Adopt, Create, HeldOperation, Operation, Restore, Update
from ldap2scim.planning.proposals import Difference
from ldap2scim.scim.filter_foresight import Known, decided_by, foresee
from ldap2scim.scim.filter_parser import ParsedFilter, parse
from ldap2scim.scim.filters import Filter
from ldap2scim.scim.profiles import profile_of
from ldap2scim.scim.wire import to_wire
from ldap2scim.settings import Settings
from ldap2scim.settings.composed import selects_no_scim_group


def hold_unseen(settings: Settings, difference: Difference) -> tuple[Difference, tuple[Finding, ...]]:
    """Block what the filters of the service would not see afterwards, and say so once for each kind.

    Only what is about to be written is looked at: what is in step was seen when it was read or written.
    """
    filters = {kind: root for kind in ResourceType if (root := _filter(settings, kind)) is not None}
    if not filters:
        return difference, ()
    sight = _Sight(settings, filters)
    unseen = [operation for operation in difference.operations if sight.misses(operation)]
    if not unseen:
        return difference, ()
    names = {(one.key, one.verb) for one in unseen}
    return (
        replace(
            difference,
            operations=tuple(one for one in difference.operations if (one.key, one.verb) not in names),
            blocked=(*difference.blocked, *(HeldOperation(one, (_reason(settings, one),)) for one in unseen)),
        ),
        tuple(_findings(settings, unseen)),
    )


def _filter(settings: Settings, kind: ResourceType) -> Filter | None:
    written = _written(settings, kind)
    if not written or (kind is ResourceType.GROUP and selects_no_scim_group(written)):
        return None
    parsed = parse(written)
    return parsed.root if isinstance(parsed, ParsedFilter) else None


def _written(settings: Settings, kind: ResourceType) -> str:
    return settings.service.user_filter if kind is ResourceType.USER else settings.service.group_filter


class _Sight:
    """What the filters see."""

    def __init__(self, settings: Settings, filters: dict[ResourceType, Filter]) -> None:
        self._filters = filters
        self._profile = profile_of(settings.service)
        self._decided: dict[tuple[str, ResourceType], Known] = {}
        for directory in settings.directories:
            mappings = ((ResourceType.USER, directory.mappings.user), (ResourceType.GROUP, directory.mappings.group))
            for kind, mapping in mappings:
                paths = {*mapping.single, *mapping.multi, "external_id"}
                self._decided[directory.settings.name, kind] = decided_by(paths, kind, self._profile)

    def misses(self, operation: Operation) -> bool:
        """Say whether the filter would certainly not see what an operation leaves behind."""
        root = self._filters.get(operation.resource_type)
        known = self._decided.get((directory_of(operation.key), operation.resource_type))
        if root is None or known is None or not isinstance(operation, Create | Adopt | Restore | Update):
            return False
        resource = to_wire(operation.resource_type, from_essence(operation.essence), self._profile)
        return foresee(root, resource, known) is False


def _reason(settings: Settings, operation: Operation) -> str:
    return (
        f"The SCIM filter `{_written(settings, operation.resource_type)}` would not see it afterwards, so that each "
        "run would make it again: correct the filter, or what is mapped."
    )


def _findings(settings: Settings, unseen: list[Operation]) -> Iterator[Finding]:
    for kind in ResourceType:
        names = tuple({one.key: one.name for one in unseen if one.resource_type is kind}.values())
        if names:
            yield Finding(
                rule="unseen-by-own-filter",
                severity=Severity.HOLD,
                message=f"{len(names)} {kind.value.lower()}s would not be seen by our own SCIM filter "
                f"`{_written(settings, kind)}` once they are written, and are left alone: {named(names)}.",
                remedy="Make both filters agree: the LDAP filter selects whom the SCIM filter sees, by the same mark.",
                subjects=names,
            )
