"""Operations on resources of one type, from paired rows. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import TypeAlias

from ldap2scim.essence import from_essence
from ldap2scim.findings import Finding, Severity
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.attribute_changes import attribute_changes
from ldap2scim.planning.essences import all_at_once, in_batches
from ldap2scim.planning.frames import Status, optional
from ldap2scim.planning.linking import LINKING_ID, Behind, Linking, prospect
from ldap2scim.planning.matching import Positions, texts
from ldap2scim.planning.operations import (
    Adopt,
    Create,
    Deactivate,
    Delete,
    HeldOperation,
    Inputs,
    Restore,
    Update,
)
from ldap2scim.planning.pairing import Pair, Pairing
from ldap2scim.planning.proposals import Proposals
from ldap2scim.planning.recreated import TABLE, Suspect, TakeOver, Unclear, Verdict, find_recreated, outlook
from ldap2scim.planning.removability import Evidence
from ldap2scim.planning.states import EssenceLookup, Leaving, LoginMatch

_Changing: TypeAlias = Adopt | Restore | Update


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """What the operations of one run are decided by."""

    evidence: Evidence
    essences: EssenceLookup
    leavers: Leaving
    login_matches: Mapping[Key, LoginMatch]
    behind: Behind = Behind.UNKNOWN
    changing_type: frozenset[Key] = frozenset()
    """New entries whose key is still managed as the other type."""


def propose_resources(pairing: Pairing, rules: Rules, proposals: Proposals) -> None:
    """Add what has to be done with the resources of one type."""
    lookup = rules.essences
    verdicts = find_recreated(
        pairing,
        lambda keys: in_batches(lookup.desired, keys),
        lambda keys: in_batches(lookup.known, keys),
        rules.evidence.removal_of,
    )
    proposals.operations.extend(_changing(Update, pairing, pairing.differ, lookup))
    proposals.operations.extend(_changing(Restore, pairing, pairing.back, lookup))
    proposals.operations.extend(_changing(Adopt, pairing, pairing.found, lookup))
    _propose_new(pairing, verdicts, rules, proposals)
    _propose_take_overs(pairing, verdicts, rules, proposals)
    _propose_removals(pairing, verdicts, rules, proposals)


def _changing(
    kind: type[Adopt] | type[Restore] | type[Update], pairing: Pairing, rows: Pair, lookup: EssenceLookup
) -> Iterator[_Changing]:
    if not len(rows):
        return
    keys, names, wanted = _desired_texts(pairing, rows.desired)
    was, service_ids, versions = (texts(pairing.known[name], rows.known) for name in _KNOWN)
    new = in_batches(lookup.desired, keys)
    old = in_batches(lookup.known, keys)
    for i, ((key, essence), (_, old_essence)) in enumerate(zip(new, old, strict=True)):
        yield kind(
            key=key,
            resource_type=pairing.resource_type,
            name=names[i],
            inputs=Inputs(wanted[i], was[i]),
            service_id=service_ids[i],
            version=optional(versions[i]),
            essence=essence,
            changes=attribute_changes(old_essence, essence),
        )


_KNOWN = ("fingerprint", "service_id", "version")


def _desired_texts(pairing: Pairing, rows: Positions) -> tuple[Sequence[Key], Sequence[str], Sequence[str]]:
    """Return keys, DNs and fingerprints of rows of the desired frame."""
    frame = pairing.desired
    return [Key(key) for key in texts(frame["key"], rows)], texts(frame["dn"], rows), texts(frame["fingerprint"], rows)


def _propose_new(pairing: Pairing, verdicts: Mapping[int, Verdict], rules: Rules, proposals: Proposals) -> None:
    rows = pairing.new
    if verdicts:
        rows = rows[[not isinstance(verdicts.get(row), TakeOver) for row in rows.tolist()]]
    keys, names, wanted = _desired_texts(pairing, rows)
    kind = pairing.resource_type
    inputs = map(Inputs, wanted, repeat(None))
    creates = map(Create, keys, repeat(kind), names, inputs, all_at_once(rules.essences.desired, keys))
    if not (verdicts or rules.login_matches or rules.changing_type):
        proposals.operations.extend(creates)
        return
    for row, create in zip(rows.tolist(), creates, strict=True):
        match = rules.login_matches.get(create.key)
        verdict = verdicts.get(row)
        if create.key in rules.changing_type:
            # One key has one row in the snapshot.
            proposals.blocked.append(HeldOperation(create, (_changes_type(kind),)))
        elif isinstance(verdict, Unclear):
            proposals.blocked.append(HeldOperation(create, (verdict.reason,)))
        elif isinstance(verdict, Suspect):
            proposals.held.append(HeldOperation(create, _suspected(verdict, create.essence, kind, rules)))
        elif match is not None:
            proposals.held.append(HeldOperation(create, (_matched(match),)))
        else:
            proposals.operations.append(create)


def _changes_type(new: ResourceType) -> str:
    old = ResourceType.GROUP if new is ResourceType.USER else ResourceType.USER
    return (
        f"The same entry is still managed as a {old.value.lower()}: once that has gone, the next run creates this one."
    )


def _suspected(verdict: Suspect, essence: str, kind: ResourceType, rules: Rules) -> tuple[str, ...]:
    if verdict.known is None:
        return (verdict.reason,)
    if kind is ResourceType.GROUP:
        return (verdict.reason, "Approve the plan's id to create this group; the old one goes its own way.")
    ((_, old),) = in_batches(rules.essences.known, (verdict.known,))
    return (verdict.reason, outlook(from_essence(old), from_essence(essence), rules.behind))


def _matched(match: LoginMatch) -> str:
    return (
        f"The service has {match.login} (id {match.service_id}) already, with "
        f"{'no' if match.external_id is None else 'another'} externalId: if it is the same account, give that resource "
        "this entry's externalId and run `ldap2scim recover`, or else approve the plan's id to create a second one."
    )


def _propose_take_overs(pairing: Pairing, verdicts: Mapping[int, Verdict], rules: Rules, proposals: Proposals) -> None:
    for row, verdict in verdicts.items():
        if not isinstance(verdict, TakeOver):
            continue
        known = pairing.known.iloc[verdict.known_row]
        entry = pairing.desired.iloc[row]
        key, replaced = Key(entry["key"]), Key(known["key"])
        ((_, essence),) = in_batches(rules.essences.desired, (key,))
        ((_, old_essence),) = in_batches(rules.essences.known, (replaced,))
        changes = attribute_changes(old_essence, essence)
        # Who had left is not only taken over but brought back: reactivated, or out of pending deletion.
        kind = Restore if known["status"] == Status.LEFT else Adopt
        taking = kind(
            key=key,
            resource_type=pairing.resource_type,
            name=entry["dn"],
            inputs=Inputs(entry["fingerprint"], known["fingerprint"]),
            service_id=known["service_id"],
            version=optional(known["version"]),
            essence=essence,
            changes=changes,
            replaces=replaced,
        )
        proposals.successors[replaced] = key
        if known["status"] == Status.MANAGED:
            proposals.taken_over.add(replaced)
        reasons = (*verdict.reasons, *_relinked(old_essence, taking, rules.behind))
        if reasons:
            proposals.held.append(HeldOperation(taking, reasons))
        else:
            proposals.operations.append(taking)
            proposals.findings.append(_taken_over_note(taking, rules.behind))


def _relinked(old_essence: str, taking: Adopt | Restore, behind: Behind) -> tuple[str, ...]:
    if all(change.path != LINKING_ID for change in taking.changes):
        return ()
    reason = "The entry was re-created and its application-linking ID would change."
    return (reason, outlook(from_essence(old_essence), from_essence(taking.essence), behind))


def _taken_over_note(taking: Adopt | Restore, behind: Behind) -> Finding:
    linked = behind is Behind.MICROSOFT_365 and taking.resource_type is ResourceType.USER
    return Finding(
        rule="re-created-account",
        severity=Severity.NOTE,
        message=f"{taking.name} was re-created under the same externalId and login and keeps its resource ({TABLE})."
        f"{f' {prospect(Linking.SAME)}' if linked else ''}",
        remedy="Nothing needs to be done.",
        subjects=(taking.name,),
    )


def _propose_removals(pairing: Pairing, verdicts: Mapping[int, Verdict], rules: Rules, proposals: Proposals) -> None:
    taken = {verdict.known_row for verdict in verdicts.values() if isinstance(verdict, TakeOver)}
    rows = pairing.departed
    if taken:
        rows = rows[[row not in taken for row in rows.tolist()]]
    kind = pairing.resource_type
    remove = Deactivate if kind is ResourceType.USER and rules.leavers is Leaving.DEACTIVATE else Delete
    columns = ("key", "login", "fingerprint", "service_id", "version")
    for key, login, was, service_id, version in zip(
        *(texts(pairing.known[name], rows) for name in columns), strict=True
    ):
        operation = remove(Key(key), kind, login, Inputs(None, was), service_id, optional(version))
        proposals.removal(operation, rules.evidence.removal_of(Key(key), kind))
