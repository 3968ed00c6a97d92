"""An administrator's own suites of Great Expectations. Importing this module takes seconds; ask it only where one is.

The context lives in memory and sends nothing anywhere; values of entries stay inside it.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from ldap2scim.essence import from_essence
from ldap2scim.findings import Finding, Severity
from ldap2scim.model import Key
from ldap2scim.planning.frames import ABSENT, TEXT
from ldap2scim.settings.own_rule_words import SUITE_COLUMNS, Frame, Suite
from validations.duplicates import listed
from validations.own_rules import RuleFacts, RuleOutcome, RulesVerdict, values_at
from validations.suites import crash, new_context

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import great_expectations as gx

_SEVERITIES = {"critical": Severity.STOP, "warning": Severity.HOLD, "info": Severity.NOTE}
"""Of Great Expectations; a suite that says none holds."""
_KEYS = {Frame.USERS: "key", Frame.GROUPS: "key", Frame.MEMBERS: "member_key"}
_DNS = {Frame.USERS: "dn", Frame.GROUPS: "dn", Frame.MEMBERS: "member_dn"}


def check_suites(suites: Sequence[Suite], facts: RuleFacts) -> RulesVerdict:
    """Ask every suite; one outcome for each."""
    outcomes: list[RuleOutcome] = []
    holds: set[Key] = set()
    for suite in suites:
        frame = _frame(suite, facts)
        findings: list[Finding] = []
        names: list[str] = []
        for severity, finding, keys in _asked(suite, frame):
            findings.append(finding)
            names += finding.subjects
            holds |= keys if severity is Severity.HOLD else set()
        if findings:
            outcomes += [RuleOutcome(suite.file, len(frame), tuple(dict.fromkeys(names)), one) for one in findings]
        else:
            outcomes.append(RuleOutcome(suite.file, len(frame), (), None))
    return RulesVerdict(tuple(outcomes), frozenset(holds))


def _asked(suite: Suite, frame: pd.DataFrame) -> Iterator[tuple[Severity, Finding, frozenset[Key]]]:
    """Yield what is broken, with how grave it is and whose rows break it."""
    key = _KEYS[suite.frame]
    try:
        results = _run(suite, frame, key).results
    except Exception as error:  # noqa: BLE001 - what a foreign library makes of a foreign file
        finding = _finding(suite, "the suite", Severity.HOLD, f"cannot be asked ({type(error).__name__})", ())
        yield Severity.HOLD, finding, frozenset()
        return
    dns = dict(zip(frame[key].tolist(), frame[_DNS[suite.frame]].tolist(), strict=True))
    for one, written in zip(results, suite.content["expectations"], strict=True):
        severity = _SEVERITIES.get(str(written.get("severity")), Severity.HOLD)
        what = f"{written['type']}({', '.join(str(name) for name in _named_columns(written))})"
        if (error_name := crash(one.exception_info)) is not None:
            yield severity, _finding(suite, what, severity, f"cannot be asked ({error_name})", ()), frozenset()
        elif not one.success:
            rows = one.result.get("unexpected_index_list") or ()
            keys = dict.fromkeys(str(row[key]) for row in rows)
            names = tuple(sorted(dns[found] for found in keys if found in dns))
            count = one.result.get("unexpected_count", len(names))
            said = f"{count} rows break it: {listed(names)}" if names else "does not hold"
            yield severity, _finding(suite, what, severity, said, names), frozenset(map(Key, keys))


def _named_columns(written: Mapping[str, Any]) -> list[Any]:
    return [value for name, value in written["kwargs"].items() if name.startswith("column")]


def _finding(suite: Suite, what: str, severity: Severity, said: str, names: tuple[str, ...]) -> Finding:
    return Finding(
        rule="own-expectation",
        severity={"note": Severity.NOTE, "hold": Severity.HOLD, "stop": Severity.STOP}[severity.value],
        message=f"{suite.file}, {what}: {said}.",
        remedy="Correct these entries in the directory, or the suite.",
        subjects=names,
    )


def _run(suite: Suite, frame: pd.DataFrame, key: str) -> Any:  # noqa: ANN401 - untyped library
    context = new_context()
    asset = context.data_sources.add_pandas("own").add_dataframe_asset(suite.frame.value)
    batch = asset.add_batch_definition_whole_dataframe("all")
    expectations = [{"type": one["type"], "kwargs": one["kwargs"], "meta": {}} for one in suite.content["expectations"]]
    kept = context.suites.add(gx.ExpectationSuite(name=suite.file, expectations=expectations))
    definition = context.validation_definitions.add(gx.ValidationDefinition(name=suite.file, data=batch, suite=kept))
    return definition.run(
        batch_parameters={"dataframe": frame},
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": [key]},
        run_id=gx.RunIdentifier(run_name=suite.file, run_time=datetime.now(UTC)),
    )


def _frame(suite: Suite, facts: RuleFacts) -> pd.DataFrame:
    if suite.frame is Frame.MEMBERS:
        return _members(facts)
    frame = facts.users if suite.frame is Frame.USERS else facts.groups
    chosen = frame[list(SUITE_COLUMNS[suite.frame])].reset_index(drop=True)
    if suite.attributes:
        keys = [Key(key) for key in chosen["key"].tolist()]
        essences = facts.essences(keys)
        held = [from_essence(essences[key]) if key in essences else {} for key in keys]
        for column, path in suite.attributes:
            values = (values_at(path, attributes) for attributes in held)
            chosen[column] = pd.array([found[0] if found else None for found in values], dtype=TEXT)
    texts = chosen.astype(TEXT)
    return texts.mask(texts == ABSENT)


def _members(facts: RuleFacts) -> pd.DataFrame:
    edges = facts.memberships
    people = pd.concat([facts.users, facts.groups]).set_index("key")
    groups = facts.groups.set_index("key")
    columns = {
        "group": groups["login"].reindex(edges["group"]).array,
        "member": people["login"].reindex(edges["member"]).array,
        "group_dn": groups["dn"].reindex(edges["group"]).array,
        "member_dn": people["dn"].reindex(edges["member"]).array,
        "group_key": edges["group"].array,
        "member_key": edges["member"].array,
    }
    return pd.DataFrame(columns)
