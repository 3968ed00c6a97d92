"""The command and the flow are two doors to one domain: same plan, same requests."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from flows.sync import sync
from ldap2scim.cli import main
from ldap2scim.sandbox.service import EmbeddedService
from tests.flows.pair import Pair

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]


Requests = Counter[tuple[str, str, str, str]]
"""Method, path, query and body, with external IDs in the place of the service's: the order within a step is free."""


def names_of(service: EmbeddedService) -> Mapping[str, str]:
    """Return the external ID of each resource by the id that the service gave it."""
    resources = (*service.store.users, *service.store.groups)
    return {str(resource["id"]): f"<{resource['externalId']}>" for resource in resources}


def requests_of(service: EmbeddedService, known: Mapping[str, str]) -> Requests:
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


def through_the_command(config: str, *words: str) -> str:
    """Run the command; return the first digits of the plan's id."""
    with redirect_stdout(StringIO()) as printed:
        assert main([*words, "--json", "--config", config]) in {0, 2}
    plan: str = json.loads(printed.getvalue())["plan_id"]
    return plan[:12]


def through_the_flow(config: str, mode: str) -> str:
    """Run the flow; return the first digits of the plan's id."""
    state = sync(config=config, mode=mode, return_state=True)
    assert state.is_completed(), state.message
    return str(state.message).removeprefix("Plan ")[:12]


def reading_all_back(config: str) -> str:
    """Have every write read back: which ones a sample takes depends on which answers come first."""
    path = Path(config)
    path.write_text(
        path.read_text(encoding="utf-8").replace("service:", "service:\n  read_back: all"), encoding="utf-8"
    )
    return config


def test_both_doors_send_the_same_requests(pair: Pair) -> None:
    """A first load and a change, by the command and by the flow: the same first plan and the same requests."""
    changed = pair.people()[7]
    doors: dict[str, Callable[[str], str]] = {
        "command": lambda config: through_the_command(config, "sync", "--apply"),
        "flow": lambda config: through_the_flow(config, "apply"),
    }
    plans: dict[str, str] = {}
    sent: dict[str, list[Requests]] = {}
    for name, door in doors.items():
        config = reading_all_back(pair.settings(name))
        pair.service.store.clear()
        sent[name] = []
        for title in ("主任", "社長"):
            pair.promote(changed, title)
            pair.service.clear_requests()
            plan = door(config)
            plans.setdefault(name, plan)
            sent[name].append(requests_of(pair.service, names_of(pair.service)))

    first, second = sent["command"]
    assert len(first) > 100
    assert [method for method, *_ in second if method != "GET"] == ["PATCH"]
    assert sent["flow"] == sent["command"]
    assert plans["flow"] == plans["command"]


def test_both_doors_make_the_same_plan_of_a_change(pair: Pair) -> None:
    """Looking at the same state, the command and the flow name the same plan."""
    config = pair.settings()
    through_the_command(config, "sync", "--apply")
    in_step = through_the_command(config, "plan")
    pair.promote(pair.people()[7], "社長")

    planned = through_the_command(config, "plan")

    assert planned != in_step
    assert through_the_flow(config, "plan") == planned
