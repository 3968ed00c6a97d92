"""What a worker loads, and what else is written down about deployments. Nothing is started here."""

import configparser
import inspect
import sys
import types
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import yaml
from prefect import Flow
from prefect.exceptions import ParameterTypeError
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.collections import visit_collection

import tasks
from flows.sync import sync
from ldap2scim.state.plans import KEPT
from tasks.believe import summed_up
from tasks.carried import Carried
from tasks.ending import DIFFERENT, DIFFERENT_AND_HELD, HELD, PENDING, REFUSED

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = ROOT / "deployments"
ENTRYPOINTS = ("flows/sync.py:sync", "flows/recover.py:recover", "flows/drift.py:drift")


def declared() -> dict[str, Any]:
    """Return prefect.yaml."""
    read: dict[str, Any] = yaml.safe_load((DEPLOYMENTS / "prefect.yaml").read_text())
    return read


@pytest.fixture
def unspoilt_imports() -> Iterator[None]:
    """Prefect puts the flow's folder first on the path and never takes it away."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in {"sync", "recover", "drift"} - modules:
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("unspoilt_imports")
@pytest.mark.parametrize("entrypoint", ENTRYPOINTS)
def test_every_entrypoint_loads_as_a_worker_loads_it(entrypoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The flow is the one of the file, not the placeholder that stands in for a broken import."""
    monkeypatch.chdir(ROOT)

    flow: Flow[..., Any] = load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)

    assert flow.name == f"ldap2scim-{Path(entrypoint.partition(':')[0]).stem}"
    assert not flow.isasync


@pytest.mark.usefixtures("unspoilt_imports")
@pytest.mark.parametrize("entrypoint", ENTRYPOINTS)
def test_the_parameters_are_typed_for_the_form_and_none_is_a_secret(
    entrypoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flow takes the settings' path and, where it can write, a mode, dry unless said otherwise; each is described."""
    monkeypatch.chdir(ROOT)
    flow: Flow[..., Any] = load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)

    parameters = inspect.signature(flow.fn).parameters
    schema = flow.parameters

    more = {"ldap2scim-sync": ["mode", "when_held", "wait_days"], "ldap2scim-drift": ["sample", "since_last"]}
    assert list(parameters) == ["config", *more.get(flow.name, ["mode"])]
    assert all(schema.properties[name]["description"] for name in parameters)
    if "mode" in parameters:
        assert parameters["mode"].default == "plan"
        assert get_args(get_type_hints(flow.fn)["mode"]) == ("plan", "apply")
        assert schema.properties["mode"]["enum"] == ["plan", "apply"]


@pytest.mark.parametrize("days", [0, -1, KEPT.days + 1, 10**12])
def test_a_run_waits_for_a_day_at_least_and_not_longer_than_its_plan_is_kept(days: int) -> None:
    """Another number is refused before anything is begun: after the load it would cost the run its form."""
    assert sync.validate_parameters({"wait_days": KEPT.days})
    with pytest.raises(ParameterTypeError):
        sync.validate_parameters({"wait_days": days})


def test_flow_files_hold_no_class_and_no_relative_import() -> None:
    """Prefect loads flows/sync.py as `sync`: a class in it could not be found again by its name."""
    for file in (ROOT / "flows").glob("*.py"):
        text = file.read_text()
        assert "\nclass " not in text
        assert "from ." not in text


def test_every_flow_has_a_deployment_and_recovery_waits_for_a_person() -> None:
    """Entrypoints are relative to the root; sync applies by schedule, drift looks by schedule, recover has none."""
    deployments = {one["name"]: one for one in declared()["deployments"]}

    assert {one["entrypoint"] for one in deployments.values()} == set(ENTRYPOINTS)
    assert deployments["sync"]["parameters"]["mode"] == "apply"
    assert deployments["sync"]["schedules"]
    assert deployments["sync"]["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}
    assert deployments["recover"]["parameters"]["mode"] == "plan"
    assert not deployments["recover"].get("schedules")
    assert deployments["drift"]["schedules"]
    assert deployments["drift"]["parameters"].keys() == {"config"}
    minutes = {name: one["schedules"][0]["cron"].split()[0] for name, one in deployments.items() if one["schedules"]}
    assert minutes["drift"] != minutes["sync"], "one would be refused, since the other holds the lease"


def test_nothing_phones_home_wherever_a_flow_runs() -> None:
    """Worker, units and containers switch off what `tasks` switches off for an ad-hoc run."""
    for deployment in declared()["deployments"]:
        assert tasks.QUIET.items() <= deployment["work_pool"]["job_variables"]["env"].items()
    for unit in DEPLOYMENTS.glob("*.service"):
        assert _environment_of_unit(unit) >= QUIET_OF_SERVERS.items(), unit.name
    for name, service in yaml.safe_load((DEPLOYMENTS / "compose.yaml").read_text())["services"].items():
        if name.startswith("prefect"):
            assert QUIET_OF_SERVERS.items() <= service["environment"].items(), name


def test_a_run_that_has_ended_is_not_taken_for_dead() -> None:
    """The automation for lost machines waits for every state that a flow of ours can end in."""
    (zombies,) = yaml.safe_load((DEPLOYMENTS / "automations.yaml").read_text())["automations"]

    ends = {"Completed", PENDING, DIFFERENT, DIFFERENT_AND_HELD, HELD, REFUSED, "Failed", "Crashed", "Cancelled"}
    assert {f"prefect.flow-run.{name}" for name in ends} <= set(zombies["trigger"]["expect"])


def test_runs_of_others_on_the_same_server_are_left_alone() -> None:
    """The automation looks at the tag that each deployment of ours gives to its runs."""
    (zombies,) = yaml.safe_load((DEPLOYMENTS / "automations.yaml").read_text())["automations"]

    assert zombies["trigger"]["match_related"] == {
        "prefect.resource.id": "prefect.tag.ldap2scim",
        "prefect.resource.role": "tag",
    }
    assert all("ldap2scim" in one["tags"] for one in declared()["deployments"])


QUIET_OF_SERVERS = {
    name: value
    for name, value in tasks.QUIET.items()
    if name == "DO_NOT_TRACK" or (name.startswith("PREFECT_SERVER_") and "EPHEMERAL" not in name)
}


def _environment_of_unit(unit: Path) -> set[tuple[str, str]]:
    parser = configparser.RawConfigParser(strict=False, dict_type=_Gathering)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(unit)
    lines = str(parser["Service"]["Environment"]).splitlines()
    return {(name, value) for name, _, value in (line.partition("=") for line in lines)}


class _Gathering(dict[str, Any]):
    """Keeps every value of a name that is written several times, as systemd does."""

    def __setitem__(self, name: str, value: Any) -> None:
        if isinstance(value, list) and name in self:
            self[name].extend(value)
        else:
            super().__setitem__(name, value)


def test_what_is_carried_from_task_to_task_is_not_opened() -> None:
    """Prefect visits arguments element by element, but an ordinary object it leaves alone."""

    class Unopened(list[int]):
        def __iter__(self) -> Any:
            raise AssertionError("Prefect looked inside")

    carried = Carried(Unopened([1]))
    visited: list[object] = []

    visit_collection((carried, types.SimpleNamespace()), visited.append, return_data=False)

    assert carried in visited


def test_what_was_decided_from_is_let_go_of() -> None:
    """Prefect keeps what tasks returned as long as the flow runs; a load takes hours."""

    class Believed:
        sums = "sums"

    believed: Any = Carried(Believed())
    alive = weakref.ref(believed.value)

    sums: Any = summed_up(believed).value

    assert sums == "sums"
    assert alive() is None
    with pytest.raises(RuntimeError, match="let go"):
        _ = believed.value
