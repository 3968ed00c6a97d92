"""Back to an earlier state: what the service should be like again becomes a desired state like any other.

So it is compared, judged, planned, approved and loaded as what a directory wants. Nothing is read: what is wanted is
known, and no absence rests on a read.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import pandas as pd

from ldap2scim.findings import MOST_SUBJECTS, Finding, Severity
from ldap2scim.model import Key, ResourceType, Scope, directory_of, scope_of
from ldap2scim.planning.frames import DESIRED_COLUMNS, KNOWN_COLUMNS, desired_frame, empty_desired, text_array
from ldap2scim.planning.removals import plural
from ldap2scim.planning.states import DesiredState, Edges, Holds, KnownState, ReadState
from ldap2scim.run.believe import Believed
from ldap2scim.run.context import Run
from ldap2scim.run.decide import Decision, difference_between, known_state
from ldap2scim.run.decide_back import Asked, decide_back
from ldap2scim.run.settle import in_doubt
from ldap2scim.state import remembered
from ldap2scim.state.history import PastState
from ldap2scim.state.population import StatePlaces
from ldap2scim.state.snapshot_rows import SnapshotRow, Status


@dataclass(frozen=True, slots=True, eq=False)
class WayBack:
    """The decision to go back, with what conclusion and report need."""

    believed: Believed
    decision: Decision


@dataclass(frozen=True, slots=True)
class _Essences:
    run: Run
    wanted: Mapping[Key, SnapshotRow | None]

    def desired(self, keys: Sequence[Key]) -> Mapping[Key, str]:
        """Return the essence that each shall have again."""
        past = {key: row.essence for key in keys if (row := self.wanted.get(key)) is not None}
        return {**self.run.state.snapshot.essences([key for key in keys if key not in past]), **past}

    def known(self, keys: Sequence[Key]) -> Mapping[Key, str]:
        """Return the essence of each resource of the service."""
        return self.run.state.snapshot.essences(keys)


def way_back(run: Run, wanted: PastState, asked: Asked | None = None) -> WayBack:
    """Decide how the service gets to a state that is told by how it differs from the present snapshot.

    Args:
        run: the run.
        wanted: the state.
        asked: what a person has released of this way.

    Raises:
        PlanError: no plan is named as `asked` says.
        PlanRefused: what was released is another plan.
        StateError: the state cannot be read.
        DataError: what it holds contradicts itself.
    """
    wanted = _under_present_keys(run, wanted)
    wanted = _configured(run, wanted)
    known = known_state(run, None)
    desired = _desired(run, wanted, known)
    holds = Holds(in_doubt(run))
    compared = difference_between(run, desired, known, holds, _Essences(run, wanted.rows))
    counts = Counter(_scopes(desired))
    believed = Believed(
        desired=desired,
        holds=holds,
        unresolved={},
        ambiguous=frozenset(),
        undecided=frozenset(),
        stops=(),
        in_image=counts,
        out_of_scope={},
        held_by_mapping={},
        read_nos={},
        people=desired.users,
        groups=desired.groups,
    )
    decision = decide_back(run, believed, compared, asked)
    created = [
        one for one in decision.plan.operations if one.verb == "create" and one.resource_type is ResourceType.USER
    ]
    run.note(*_created_again([one.name for one in created]), *_until_the_next_run(len(decision.plan.operations)))
    return WayBack(believed, decision)


def _desired(run: Run, wanted: PastState, known: KnownState) -> DesiredState:
    names = StatePlaces(run.store, "").dns([*wanted.rows, *{group for group, _ in wanted.pairs}])
    users = _frame(known.users, wanted, names, ResourceType.USER)
    groups = _frame(known.groups, wanted, names, ResourceType.GROUP)
    if not run.settings.synchronises_groups:
        groups = empty_desired()
    state = DesiredState(users, groups, _edges(known.members, wanted.pairs), {})
    return replace(state, reads=dict.fromkeys({*_scopes(state), *_scopes(known)}, ReadState.PROVEN))


def _frame(known: pd.DataFrame, wanted: PastState, names: Mapping[Key, str], kind: ResourceType) -> pd.DataFrame:
    """Return what shall be managed: the present rows, but for those that shall be otherwise."""
    stays = (known["status"] == Status.MANAGED.value) & ~known["key"].isin([*wanted.rows])
    kept = known.loc[stays, [name for name in DESIRED_COLUMNS if name in KNOWN_COLUMNS]]
    kept = kept.assign(dn=[names.get(key, login) for key, login in zip(kept["key"], kept["login"], strict=True)])
    rows = [
        row
        for row in wanted.rows.values()
        if row is not None and row.resource_type is kind and row.status is Status.MANAGED
    ]
    past = desired_frame(
        key=[row.key for row in rows],
        fingerprint=[row.fingerprint for row in rows],
        external_id=[row.external_id for row in rows],
        login=[row.login or "" for row in rows],
        dn=[names.get(row.key, row.login or row.service_id) for row in rows],
    )
    columns = {name: text_array([*kept[name].astype(object), *past[name].astype(object)]) for name in DESIRED_COLUMNS}
    return pd.DataFrame(columns)


def _edges(known: Edges, pairs: Mapping[tuple[Key, Key], bool]) -> Edges:
    """Return the present memberships, but for those that shall be otherwise."""
    if not pairs:
        return known
    frame = pd.DataFrame({"group": known.group, "member": known.member})
    concerned = frame["group"].isin({group for group, _ in pairs}).to_numpy(dtype=np.bool_)
    present = {(str(one.group), str(one.member)) for one in frame[concerned].itertuples(index=False)}
    wanted = {(str(group), str(member)): there for (group, member), there in pairs.items()}
    after = {pair for pair in {*present, *wanted} if wanted.get(pair, pair in present)}
    others = frame[~concerned]
    return Edges(
        text_array([*others["group"].astype(object), *(group for group, _ in sorted(after))]),
        text_array([*others["member"].astype(object), *(member for _, member in sorted(after))]),
    )


def _under_present_keys(run: Run, wanted: PastState) -> PastState:
    """Name resources by the keys that they have now: an entry that was re-created since keeps its resource."""
    present = remembered.rows(run.store, wanted.rows)
    without = [row for key, row in wanted.rows.items() if row is not None and key not in present]
    heirs = {old: row.key for old, row in remembered.heirs(run.store, without).items()}
    if not heirs:
        return wanted
    rows = {key: row for key, row in wanted.rows.items() if key not in heirs}
    rows |= {new: replace(row, key=new) for old, new in heirs.items() if (row := wanted.rows[old]) is not None}
    pairs: dict[tuple[Key, Key], bool] = {}
    for (group, member), there in wanted.pairs.items():
        pair = heirs.get(group, group), heirs.get(member, member)
        pairs[pair] = there or pairs.get(pair, False)
    return PastState(rows, pairs)


def _configured(run: Run, wanted: PastState) -> PastState:
    """Leave out what belongs to directories that are not in the settings any more: nothing may be written for them."""
    directories = {one.settings.name for one in run.settings.directories}
    met = {*wanted.rows, *chain.from_iterable(wanted.pairs)}
    strange = {key for key in met if directory_of(key) not in directories}
    if not strange:
        return wanted
    run.note(
        not_undone(
            "their directory is not in the settings any more, so they and their memberships stay as they are",
            [*map(str, strange)],
        )
    )
    return PastState(
        {key: row for key, row in wanted.rows.items() if key not in strange},
        {pair: there for pair, there in wanted.pairs.items() if strange.isdisjoint(pair)},
    )


def _scopes(state: DesiredState | KnownState) -> Iterator[Scope]:
    for kind, frame in ((ResourceType.USER, state.users), (ResourceType.GROUP, state.groups)):
        for key in frame["key"]:
            yield scope_of(Key(key), kind)


def not_undone(why: str, names: Sequence[str]) -> Finding:
    """Say what cannot be taken back, and why."""
    return Finding(
        rule="not-undone",
        severity=Severity.NOTE,
        message=f"Not taken back, in {len(names)} case{'' if len(names) == 1 else 's'}: {why}.",
        remedy="`ldap2scim history WHO` shows what became of each; change the directory where it should be otherwise.",
        subjects=tuple(sorted(names)[:MOST_SUBJECTS]),
    )


def _created_again(names: Sequence[str]) -> Iterable[Finding]:
    if names:
        yield Finding(
            rule="created-again",
            severity=Severity.NOTE,
            message=f"Of those who were deleted, {plural(ResourceType.USER, len(names))} would be created again or "
            "have been: with new ids, and without what the service kept of the old accounts (passwords, sign-in, "
            "data).",
            remedy="Tell them that they need a new password.",
            subjects=tuple(sorted(names)[:MOST_SUBJECTS]),
        )


def _until_the_next_run(count: int) -> Iterable[Finding]:
    if count:
        yield Finding(
            rule="directory-says-otherwise",
            severity=Severity.NOTE,
            message="The directory and the settings are as they were: the next `ldap2scim sync --apply` makes the "
            "same changes again.",
            remedy="Mend the cause first, in the directory or in the settings, and stop scheduled runs until then; "
            "`ldap2scim plan` shows what the next run would do.",
        )
