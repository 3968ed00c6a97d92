"""What a run said and asked, in the words of a failed test."""

from collections.abc import Iterable
from typing import Any

from ldap2scim.planning.operations import ChangeMembers, Operation
from ldap2scim.planning.plan import Plan
from ldap2scim.run.records import intent_of
from ldap2scim.run.report import Report
from ldap2scim.sandbox.service import EmbeddedService
from tests.integration.stateful.console import Held


def everything(plan: Plan) -> tuple[Any, ...]:
    """Return the operations of a plan, the held ones as well."""
    return (*plan.operations, *(one.operation for one in plan.held))


def plan_id(said: Report) -> str | None:
    """Return which plan a run had, if it came to one."""
    return None if said.plan is None else said.plan.plan_id


def login(operation: Operation) -> str | None:
    """Return the login that an operation writes."""
    return intent_of(operation).login


def external_ids(*held: Held) -> Iterable[tuple[str, str]]:
    """Yield each service id with its externalId."""
    for one in held:
        yield from ((key, resource.get("externalId", "")) for key, resource in one.resources.items())


def cost(plan: Plan) -> int:
    """Return how many requests a plan costs at most: one for each operation, two where members come and go."""
    return sum(2 if isinstance(one, ChangeMembers) and one.added and one.removed else 1 for one in plan.operations)


def asked_too_much(service: EmbeddedService, said: Report) -> str:
    """Return what was asked for, and what had been planned."""
    lines = [f"{one.method} {one.path} {one.raw_body.decode()} {one.status}" for one in service.writes()]
    return "\n".join(("more requests than operations (P4)", *lines, summary(said)))


def summary(said: Report) -> str:
    """Return all that a run said, line by line."""
    lines = [f"exit {said.exit_code}", *(f"{one.rule}: {one.message}" for one in said.findings)]
    lines += [f"{one.operation.verb} {one.operation.name}: {one.result} {one.error}" for one in said.outcomes]
    lines += (
        [f"held: {one.operation.verb} {one.operation.name}: {one.reasons}" for one in said.plan.held]
        if said.plan
        else []
    )
    return "\n".join(lines)
