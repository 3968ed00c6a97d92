"""Does the state keep an administrator's own rules? Pure.

The whole desired state is looked at, also where only changes were read: what holds of a group's members may change
with any of them. Essences are asked for of those alone whom a rule is about.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ldap2scim.essence import from_essence
from ldap2scim.findings import Finding, Severity
from ldap2scim.model import Attributes, Key, ResourceType
from ldap2scim.planning.folding import folded
from ldap2scim.settings.own_rule_words import Condition, CountRule, EveryRule, OwnRules, Sort, StateRule, Subject
from validations.duplicates import fold_all, listed

_BATCH = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class RuleFacts:
    """The desired state, as rules see it."""

    users: pd.DataFrame
    groups: pd.DataFrame
    """Columns key, dn, login."""
    memberships: pd.DataFrame
    """Columns group, member."""
    essences: Callable[[Sequence[Key]], Mapping[Key, str]]


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What became of one rule."""

    name: str
    subjects: int
    """How many it looked at."""
    broken_by: tuple[str, ...]
    """DNs, or the name of the group that does not exist."""
    finding: Finding | None
    """None: it holds."""

    @property
    def holds(self) -> bool:
        """Say whether the rule is kept."""
        return self.finding is None


@dataclass(frozen=True, slots=True)
class RulesVerdict:
    """What became of all rules about the state, and who is held."""

    outcomes: tuple[RuleOutcome, ...]
    holds: frozenset[Key]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return one finding for each rule that is broken."""
        return tuple(one.finding for one in self.outcomes if one.finding is not None)

    def joined(self, other: "RulesVerdict") -> "RulesVerdict":
        """Return both verdicts as one."""
        return RulesVerdict((*self.outcomes, *other.outcomes), self.holds | other.holds)


NOTHING_ASKED = RulesVerdict((), frozenset())


def check_rules(rules: OwnRules, facts: RuleFacts) -> RulesVerdict:
    """Check every rule about the state."""
    outcomes: list[RuleOutcome] = []
    holds: set[Key] = set()
    for rule in rules.state:
        outcome, broken = _check(rule, facts)
        outcomes.append(outcome)
        if rule.severity is Severity.HOLD:
            holds |= broken
    return RulesVerdict(tuple(outcomes), frozenset(holds))


def group_keys(groups: pd.DataFrame, name: str) -> tuple[Key, ...]:
    """Return the groups of a name, compared as services compare it; none where there is no such group."""
    if not len(groups):
        return ()
    return tuple(map(Key, groups["key"][fold_all(groups["login"]) == folded(name)].tolist()))


def _check(rule: StateRule, facts: RuleFacts) -> tuple[RuleOutcome, frozenset[Key]]:
    subjects = _subjects(rule.subject, facts)
    if subjects is None:
        missing = str(rule.subject.group)
        finding = _finding(rule, f"there is no group `{missing}`", "Correct the name of the group.", (missing,))
        return RuleOutcome(rule.name, 0, (missing,), finding), frozenset()
    if isinstance(rule, CountRule):
        return _count(rule, subjects, facts), frozenset()
    return _every(rule, subjects, facts)


def _every(rule: EveryRule, subjects: pd.DataFrame, facts: RuleFacts) -> tuple[RuleOutcome, frozenset[Key]]:
    chosen = 0
    broken: list[tuple[str, Key]] = []
    for dn, key, attributes in _attributes(subjects, facts):
        if all(_holds(one, attributes) for one in rule.where):
            chosen += 1
            if not all(_holds(one, attributes) for one in rule.conditions):
                broken.append((dn, key))
    if not broken:
        return RuleOutcome(rule.name, chosen, (), None), frozenset()
    broken.sort()
    names = tuple(dn for dn, _ in broken)
    finding = _finding(
        rule,
        f"{len(names)} of {chosen} ({rule.subject}) break it ({_asked(rule.conditions)}): {listed(names)}",
        "Correct these entries in the directory, or the rule.",
        names,
    )
    return RuleOutcome(rule.name, chosen, names, finding), frozenset(key for _, key in broken)


def _count(rule: CountRule, subjects: pd.DataFrame, facts: RuleFacts) -> RuleOutcome:
    if rule.where:
        found = sum(
            all(_holds(one, attributes) for one in rule.where) for _, _, attributes in _attributes(subjects, facts)
        )
    else:
        found = len(subjects)
    if found >= rule.least and (rule.most is None or found <= rule.most):
        return RuleOutcome(rule.name, found, (), None)
    wanted = f"at least {rule.least}" + (f" and at most {rule.most}" if rule.most is not None else "")
    finding = _finding(
        rule, f"there are {found} ({rule.subject}), and {wanted} are wanted", "Correct the directory, or the rule.", ()
    )
    return RuleOutcome(rule.name, found, (str(rule.subject),), finding)


def _finding(rule: StateRule, message: str, remedy: str, subjects: tuple[str, ...]) -> Finding:
    return Finding(
        rule="own-rule",
        severity={"note": Severity.NOTE, "hold": Severity.HOLD, "stop": Severity.STOP}[rule.severity.value],
        message=f"Rule `{rule.name}`: {message}.",
        remedy=remedy,
        subjects=subjects,
    )


def _subjects(subject: Subject, facts: RuleFacts) -> pd.DataFrame | None:
    """Return the rows that a rule is about; None where it names a group that does not exist."""
    frame = facts.users if subject.kind is ResourceType.USER else facts.groups
    if subject.group is not None:
        keys = group_keys(facts.groups, subject.group)
        if not keys:
            return None
        members = facts.memberships["member"][facts.memberships["group"].isin(list(keys))]
        return frame[frame["key"].isin(members)]
    if subject.below is not None:
        from ldap2scim.directory.dn import normalise

        ending = f",{subject.below}"
        below = frame["dn"].map(lambda name: f",{normalise(name)}".endswith(ending) if isinstance(name, str) else False)
        return frame[below.astype(bool)]
    return frame


def _attributes(subjects: pd.DataFrame, facts: RuleFacts) -> Iterable[tuple[str, Key, Attributes]]:
    keys, dns = [Key(key) for key in subjects["key"].tolist()], subjects["dn"].tolist()
    for start in range(0, len(keys), _BATCH):
        essences = facts.essences(keys[start : start + _BATCH])
        for key, dn in zip(keys[start : start + _BATCH], dns[start : start + _BATCH], strict=True):
            yield dn, key, from_essence(essences[key]) if key in essences else {}


def _holds(condition: Condition, attributes: Attributes) -> bool:
    values = values_at(condition.path, attributes)
    match condition.sort:
        case Sort.HAS:
            return bool(values)
        case Sort.LACKS:
            return not values
        case Sort.MATCHES:
            return condition.pattern is not None and all(condition.pattern.fullmatch(one) for one in values)
        case Sort.IS:
            return bool(values) and all(one in condition.values for one in values)


def values_at(path: str, attributes: Attributes) -> tuple[str, ...]:
    """Return the values of an attribute as texts; of a multi-valued one those of its items. Blank ones are none."""
    value: object = attributes
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,) if value.strip() else ()
    items = value if isinstance(value, list | tuple) else (value,)
    plain = (one.get("value") if isinstance(one, Mapping) else one for one in items)
    texts = (("true" if one else "false") if isinstance(one, bool) else str(one) for one in plain if one is not None)
    return tuple(one for one in texts if one.strip())


def _asked(conditions: Iterable[Condition]) -> str:
    return ", ".join(f"{one.sort.value} {one.attribute}" for one in conditions)
