"""What a plan looks like without its names: by this a plan of people and one of pseudonyms are compared."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from ldap2scim.findings import Finding
from ldap2scim.planning.operations import Adopt, ChangeMembers, Operation, Restore, Update
from ldap2scim.planning.plan import Plan
from ldap2scim.run.access import TOKEN_RULES


def shape_of(plan: Plan | None, findings: Iterable[Finding]) -> dict[str, Any]:
    """Return verbs, kinds and paths of what flows and is held, and the rules of what was found, each with its count.

    What is said of the access token is not in it, since the token is not in a bundle.
    """
    told = {one for one in findings if one.rule not in TOKEN_RULES}
    return {
        "decided": plan is not None,
        "operations": _counted(_operation(one) for one in plan.operations) if plan is not None else {},
        "held": _counted(f"{_operation(one.operation)}; {len(one.reasons)} reasons" for one in plan.held)
        if plan is not None
        else {},
        "findings": _counted(f"{one.severity.value} {one.rule}, {len(one.subjects)} subjects" for one in told),
    }


def _operation(one: Operation) -> str:
    match one:
        case ChangeMembers(added=added, removed=removed):
            detail = f" +{len(added)} -{len(removed)}"
        case Adopt(changes=changes) | Restore(changes=changes) | Update(changes=changes):
            detail = "".join(f" {change.path}" for change in changes)
        case _:
            detail = ""
    return f"{one.verb} {one.resource_type.value}{detail}"


def _counted(items: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(items).items()))
