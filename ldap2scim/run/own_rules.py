"""The administrator's own rules alone: what `ldap2scim rules` says, and their continuous integration asks."""

from collections.abc import Iterator
from dataclasses import dataclass

from ldap2scim.findings import Finding
from ldap2scim.progress import Progress
from ldap2scim.run.believe import Believed, believe
from ldap2scim.run.context import Mode, Run, open_run
from ldap2scim.run.decide import Decision, decide
from ldap2scim.run.pipeline import look
from ldap2scim.settings import Settings
from ldap2scim.settings.own_rule_words import PlanRule
from validations.own_rules import RuleOutcome


@dataclass(frozen=True, slots=True)
class RulesReport:
    """What became of every rule."""

    outcomes: tuple[RuleOutcome, ...]
    undecided: tuple[str, ...]
    """Rules about plans, where a finding forbids to make one."""
    stops: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        """Return 0 where every rule is kept, else 3."""
        return 0 if all(one.holds for one in self.outcomes) and not self.undecided else 3


def try_rules(settings: Settings, *, progress: Progress | None = None) -> RulesReport:
    """Read the directories, and ask every rule; the service is asked only where a rule is about plans.

    Raises:
        Ldap2ScimError: nothing could be decided. Nothing was changed.
    """
    with open_run(settings, Mode.PLAN, progress=progress) as run:
        reads, _ = look(run)
        report = _asked(run, believe(run, reads))
        run.looked("rules", report.exit_code)
        return report


def _asked(run: Run, believed: Believed) -> RulesReport:
    rules = run.settings.rules.plan
    state = believed.own_rules.outcomes
    if not rules:
        return RulesReport(state, (), believed.stops)
    if believed.stops:
        return RulesReport(state, tuple(rule.name for rule in rules), believed.stops)
    return RulesReport((*state, *_about_plan(rules, decide(run, believed))), (), ())


def _about_plan(rules: tuple[PlanRule, ...], decision: Decision) -> Iterator[RuleOutcome]:
    found = [one for one in decision.difference.findings if one.rule == "own-plan-rule"]
    proposed = len(decision.plan.operations) + len(decision.plan.held)
    for rule in rules:
        broken = next((one for one in found if one.message.startswith(f"Rule `{rule.name}`:")), None)
        yield RuleOutcome(rule.name, proposed, broken.subjects if broken is not None else (), broken)
