"""The command and the flow are two doors to one domain: same plan, same requests."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from flows.sync import sync
from ldap2scim.cli import main
from ldap2scim.sandbox.service import EmbeddedService
from tests.flows.pair import Pair

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one door did to a service."""

    plan: str
    requests: Counter[tuple[str, str, str, str]]
    """Method, path, query and body, the service's ids replaced by external IDs: the order within a step is free."""


def names_of(service: EmbeddedService) -> Mapping[str, str]:
    """Return the external ID of each resource by the id that the service gave it."""
    resources = (*service.store.users, *service.store.groups)
    return {str(resource["id"]): f"<{resource['externalId']}>" for resource in resources}


def requests_of(service: EmbeddedService, known: Mapping[str, str]) -> Counter[tuple[str, str, str, str]]:
    """Return the requests since the log was cleared, comparable between two lives of a service."""

    def named(text: str) -> str:
        for identifier, name in known.items():
            text = text.replace(identifier, name)
        return text

    def canonical(body: bytes) -> str:
        return named(json.dumps(_sorted(json.loads(body)), sort_keys=True)) if body else ""

    def _sorted(value: object) -> object:
        if isinstance(value, dict):
            return {name: _sorted(one) for name, one in value.items()}
        if isinstance(value, list):
            return sorted((_sorted(one) for one in value), key=lambda one: named(json.dumps(one, sort_keys=True)))
        return value

    return Counter((one.method, named(one.path), named(one.query), canonical(one.raw_body)) for one in service.requests)


def through_the_command(pair: Pair, config: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Apply by the command; return the plan's id."""
    capsys.readouterr()
    assert main(["sync", "--apply", "--json", "--config", config]) == 0
    plan: str = json.loads(capsys.readouterr().out)["plan_id"]
    return plan


def through_the_flow(pair: Pair, config: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Apply by the flow; return the first digits of the plan's id."""
    state = sync(config=config, mode="apply", return_state=True)  # type: ignore[call-overload]
    assert state.name == "Completed", state.message
    return str(state.message).removeprefix("Plan ").partition(":")[0]


def test_both_doors_make_the_same_plan_and_the_same_requests(pair: Pair, capsys: pytest.CaptureFixture[str]) -> None:
    """A first load, then a change: the same plan ids and the same requests, by the command and by the flow."""
    changed = pair.people()[7]
    seen: dict[str, list[Seen]] = {}
    for name, door in (("command", through_the_command), ("flow", through_the_flow)):
        config = pair.settings(name)
        pair.service.store.clear()
        pair.promote(changed, "主任")
        seen[name] = []
        for title in ("主任", "社長"):
            pair.promote(changed, title)
            pair.service.clear_requests()
            plan = door(pair, config, capsys)
            seen[name].append(Seen(plan[:12], requests_of(pair.service, names_of(pair.service))))

    first, second = seen["command"]
    assert len(first.requests) > 100
    assert [method for method, *_ in second.requests if method != "GET"] == ["PATCH"]
    assert seen["flow"] == seen["command"]
