"""What is said about each question: rows of the sections, from what was gathered of one case."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ldap2scim.directory.entry import LdapEntry
from ldap2scim.explain import clauses, mapped, paths
from ldap2scim.explain.answer import Values
from ldap2scim.explain.directories import Seen
from ldap2scim.explain.planned import Planned, plan_rows
from ldap2scim.explain.service import AtService
from ldap2scim.explain.subjects import ImageEntry, Subject
from ldap2scim.mapping.mapper import OutOfScope
from ldap2scim.model import Key, ResourceType, anchor_of, rfc_name
from ldap2scim.run.context import Run
from ldap2scim.run.frozen import Frozen
from ldap2scim.run.mapping import mapper_of
from ldap2scim.settings import ConfiguredDirectory
from ldap2scim.state import remembered
from ldap2scim.state.decisions import in_words, rejections_on
from ldap2scim.state.image_rows import Standing

MOST_NAMES = 10
"""Names that are listed of those that a group lists and nobody has."""


@dataclass(slots=True)
class Case:
    """One entry or resource that goes by the name."""

    subject: Subject
    seen: Seen | None = None
    at_service: AtService | None = None
    unasked: bool = False
    """Its directory could not be asked."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What every section rests on."""

    run: Run
    frozen: Frozen
    values: Values

    @property
    def by_name(self) -> Mapping[str, ConfiguredDirectory]:
        """Return the configured directories by name."""
        return {one.settings.name: one for one in self.run.settings.directories}

    def groups_of(self, member: Key) -> frozenset[Key]:
        """Return the groups that somebody should be in."""
        edges = self.frozen.believed.desired.members
        return frozenset(map(Key, edges.group[edges.member == member]))

    def member_count(self, group: Key) -> int:
        """Return how many members a group should have."""
        return int((self.frozen.believed.desired.members.group == group).sum())


_STANDING: Mapping[Standing | None, str] = {
    Standing.DESIRED: "in scope",
    Standing.HELD: "held",
    Standing.OUT_OF_SCOPE: "out of scope",
    None: "not mapped since it changed",
}


def directory_rows(case: Case) -> Iterator[tuple[str, str]]:
    """Say which directory and entry it is, then and now."""
    entry, seen = case.subject.entry, case.seen
    if seen is not None:
        yield "directory", seen.directory
        yield "DN", seen.entry.dn
        if entry is not None and seen.entry.dn != entry.dn:
            yield "DN before", f"{entry.dn} (at the last read)"
        yield "answered by", seen.server
        yield "kind", (entry or seen).resource_type.value
        yield "now", "there" if entry is not None else "there; the last read did not have it"
    elif entry is not None:
        yield "directory", entry.directory
        yield "DN", f"{entry.dn} (at the last read)"
        yield "kind", entry.resource_type.value
        yield "now", "not asked" if case.unasked else "not there, or not to be seen with these rights"
    else:
        return
    if case.subject.key is not None:
        yield "source anchor", anchor_of(case.subject.key)
    else:
        yield "source anchor", "none that can be read: nobody of this kind is removed while that is so"


def scope_rows(look: Look, case: Case) -> Iterator[tuple[str, str]]:
    """Say what lets an entry in or keeps it out: base DN, every clause of the filter, the mapping's exclusions."""
    entry, seen = case.subject.entry, case.seen
    directory = look.by_name.get(entry.directory if entry is not None else seen.directory if seen else "")
    if directory is None:
        if entry is not None:
            yield "directory", f"{entry.directory} is not configured any more"
        return
    if seen is not None:
        yield "base DN", f"{'below' if seen.below_base else 'NOT below'} {directory.settings.base_dn}"
        if not seen.has_class:
            settings = directory.settings
            yield "class", f"neither {settings.user_object_class} nor {settings.group_object_class}"
        yield from clauses.rows(seen.clauses)
    if entry is None:
        return
    yield "last read", _STANDING[entry.standing]
    if (path := excluded_by(look, entry)) is not None:
        yield "mapping", f"the `exclude` of {path} drops it"


def attribute_rows(look: Look, case: Case) -> Iterator[tuple[str, str]]:
    """Say of each mapped attribute what it is, from which source and by which line."""
    entry = case.subject.entry
    if entry is not None and entry.directory in look.by_name:
        if entry.standing is Standing.OUT_OF_SCOPE:
            return iter(())
        name, kind, raw = entry.directory, entry.resource_type, entry.attributes
        essence = entry.essence
    elif case.seen is not None:
        name, kind, raw = case.seen.directory, case.seen.resource_type, case.seen.entry.attributes
        essence = None
    else:
        return iter(())
    mappings = look.by_name[name].mappings
    mapping = mappings.group if kind is ResourceType.GROUP else mappings.user
    origins = mapped.origins_of(look.run.settings.rows, name, kind)
    return mapped.mapped_rows(mapping, raw, essence, origins, look.values)


def group_rows(look: Look, case: Case) -> Iterator[tuple[str, str]]:
    """Say by which ways somebody is in which groups, and whether that counts."""
    entry = case.subject.entry
    if entry is None or entry.directory not in look.by_name:
        return iter(())
    member_of = look.groups_of(entry.key) if entry.key is not None else frozenset()
    above = paths.groups_above(look.run.store, entry)
    nesting = look.by_name[entry.directory].settings.nesting
    return paths.path_rows(above, member_of, nesting, entry.resource_type)


def member_rows(look: Look, subject: Subject) -> Iterator[tuple[str, str]]:
    """Say of a group how many members it should have and has, and which names lead to nobody."""
    entry, key = subject.entry, subject.key
    if entry is None or key is None or entry.resource_type is not ResourceType.GROUP:
        return
    yield "wanted", str(look.member_count(key))
    if subject.resource is not None:
        yield "at the service", f"{remembered.member_count(look.run.store, key)}, as last confirmed"
    unknown = look.frozen.believed.unresolved.get(key, ())
    for name in unknown[:MOST_NAMES]:
        yield "not in scope", f"{name}: gone, outside the filters, or moved since"
    if len(unknown) > MOST_NAMES:
        yield "", f"and {len(unknown) - MOST_NAMES} more"
    if key in look.frozen.believed.undecided:
        yield "undecided", "lists somebody who is held, or a name that several entries have"


def service_rows(case: Case) -> Iterator[tuple[str, str]]:
    """Say what the snapshot has, and what the service shows now."""
    resource, found = case.subject.resource, case.at_service
    if resource is not None:
        yield "id", resource.service_id
        yield "login" if resource.resource_type is ResourceType.USER else "name", resource.login or "none"
        yield "externalId", resource.external_id or "none"
        yield "status", f"{resource.status}, managed since {resource.managed_since:%Y-%m-%d %H:%M} UTC"
        yield "now", "there" if found is not None else "not found, or not asked"
    elif found is not None:
        yield "id", found.service_id
        yield "login" if found.resource_type is ResourceType.USER else "name", found.login or "none"
        yield "externalId", found.external_id or "none"
        yield "SCIM filter", "inside" if found.in_filter else "outside of that of this instance"
    elif case.subject.entry is not None or case.seen is not None:
        yield "resource", "none that our state knows"
    if found is not None and found.active is not None:
        yield "active", str(found.active).lower()


def planned_rows(look: Look, about: Planned, key: Key | None) -> Iterator[tuple[str, str]]:
    """Say what the present plan does, what waits, and what a person has released."""
    if look.frozen.decision is None:
        for stop in look.frozen.believed.stops:
            yield "nothing is decided", stop.message
        return
    if key is None:
        return
    if about.is_empty:
        yield "nothing", "to do about it, and nothing held"
    yield from plan_rows(about, key, look.values)
    if about.held:
        plan_id = look.frozen.decision.plan.plan_id
        stored = look.run.state.approvals.held_plan(plan_id) is not None
        yield "of plan", plan_id[:12] + ("" if stored else ", which no run has made yet")
        for said in rejections_on(look.run.store, plan_id):
            yield "rejected", in_words(said)
    released = [one for one in look.run.approved if one.approval.key == key]
    for one in released:
        yield (
            "approved",
            f"{one.approval.verb}, with plan {one.plan_id[:8]}, on {one.approved_at:%Y-%m-%d %H:%M} UTC",
        )


def excluded_by(look: Look, entry: ImageEntry | None) -> str | None:
    """Return the attribute whose value puts an entry out of scope by the mapping; None where none does."""
    if entry is None or entry.key is None or entry.standing is not Standing.OUT_OF_SCOPE:
        return None
    directory = look.by_name.get(entry.directory)
    if directory is None:
        return None
    mapper = mapper_of(look.run.settings, directory, entry.resource_type)
    found = mapper.map(LdapEntry(entry.dn, entry.attributes), anchor_of(entry.key), look.run.now)
    return rfc_name(found.attribute) if isinstance(found, OutOfScope) else None
