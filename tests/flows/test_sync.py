"""The flow of the synchronisation, on a directory and a service of this process."""

import os
from pathlib import Path
from typing import Any

import pytest
from prefect import State

from flows.sync import sync
from ldap2scim.run.context import Mode, open_run
from ldap2scim.settings import load
from ldap2scim.state.approvals import approve, full_plan_id
from ldap2scim.state.store import open_store
from tasks import artifacts
from tasks.ending import exit_code
from tasks.extract import extract
from tasks.retries import ATTEMPTS
from tests.flows.observed import artifacts_of, logs_of, task_runs_of
from tests.flows.pair import ENTRIES, SIZE, Pair
from tests.servers.process import free_port

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]


def run(config: str, mode: str) -> State[Any]:
    """Run the flow and return its final state."""
    state: State[Any] = sync(config=config, mode=mode, return_state=True)
    return state


def active(pair: Pair) -> int:
    """Return how many users of the service are active."""
    return sum(bool(user.get("active", True)) for user in pair.service.store.users)


def test_a_plan_shows_what_an_apply_does_and_the_next_run_is_idle(pair: Pair) -> None:
    """Plan changes nothing, apply brings the service in step, and a second apply sends no write."""
    config = pair.settings()

    planned = run(config, "plan")
    assert (planned.name, exit_code(planned)) == ("ChangesPending", 2)
    assert planned.is_completed()
    assert not pair.service.writes()
    shown = artifacts_of(planned)
    assert f"create {SIZE.people} users" in shown[artifacts.PLAN]

    applied = run(config, "apply")
    assert (applied.name, exit_code(applied)) == ("Completed", 0), applied.message
    assert len(pair.service.store.users) == SIZE.people
    assert len(pair.service.store.groups) == SIZE.groups

    pair.service.clear_requests()
    idle = run(config, "apply")
    assert (idle.name, exit_code(idle)) == ("Completed", 0)
    assert not pair.service.writes()
    assert f"{ENTRIES} unchanged" in str(idle.message)


@pytest.mark.usefixtures("described_apart")
def test_a_run_publishes_its_artifacts_under_fixed_keys(pair: Pair) -> None:
    """Plan, progress, report, accounts, findings and Data Docs are artifacts of the run."""
    applied = run(pair.settings(), "apply")

    shown = artifacts_of(applied)

    assert shown.keys() == {
        artifacts.PLAN,
        artifacts.LOAD,
        artifacts.REPORT,
        artifacts.FINDINGS,
        artifacts.ACCOUNTS,
        artifacts.DATA_DOCS,
    }
    assert shown[artifacts.LOAD] == 100.0
    *parts, total = _rows(shown[artifacts.ACCOUNTS])
    assert [row["type"] for row in parts] == ["users", "groups"]
    assert (total["directory"], total["created"], total["managed after"]) == ("all", str(ENTRIES), str(ENTRIES))
    assert {row[sum_] for row in (*parts, total) for sum_ in ("entries add up", "managed add up")} == {"yes"}
    assert "data-docs" in shown[artifacts.DATA_DOCS]
    assert (pair.folder / "ldap2scim" / "data-docs" / "index.html").is_file()


def test_what_the_domain_logs_is_in_the_flow_run(pair: Pair) -> None:
    """The searches appear in the run's log, as ldapsearch commands without the password."""
    logged = "\n".join(logs_of(run(pair.settings(), "plan")))

    assert "ldapsearch -LLL" in logged
    assert "reading main" in logged


def test_too_many_removals_are_held_while_the_rest_flows_until_they_are_approved(pair: Pair) -> None:
    """A held run is marked for attention, has done what is safe, and an approval completes the next one."""
    config = pair.settings()
    people = pair.people()
    run(config, "apply")
    pair.remove(*people[:8])
    pair.promote(people[20], "社長")
    pair.service.clear_requests()

    held = run(config, "apply")

    assert (held.name, held.type.value, exit_code(held)) == ("Held", "FAILED", 3)
    assert "ldap2scim approve" in str(held.message)
    assert len(pair.service.writes()) == 1, "the promotion"
    assert active(pair) == SIZE.people

    place = load(Path(config), os.environ).state
    with open_store(place) as store:
        plan_id = str(held.message).partition("ldap2scim approve ")[2].split()[0]
        assert approve(store, full_plan_id(store, plan_id)) >= 8, "the leavers, and their memberships"
    assert run(config, "apply").name == "Completed"
    assert active(pair) == SIZE.people - 8


def test_a_run_beside_another_is_refused(pair: Pair) -> None:
    """While another run holds the lease, the flow ends as refused, and says who holds it."""
    config = pair.settings()

    with open_run(load(Path(config), os.environ), Mode.APPLY):
        refused = run(config, "apply")

    assert (refused.name, refused.type.value, exit_code(refused)) == ("Refused", "FAILED", 3)
    assert "Another run holds the lease" in str(refused.message)


def test_a_refused_bind_fails_at_once_with_a_message(pair: Pair) -> None:
    """What is not temporary is not tried again; the state says what is wrong and what to do."""
    failed = run(pair.settings(bind_password="wrong"), "apply")

    assert (failed.name, exit_code(failed)) == ("Failed", 1)
    message, _, remedy = str(failed.message).partition("\n")
    assert "bind" in message.lower()
    assert remedy
    assert "Retry" not in "\n".join(logs_of(failed))
    assert ("extract", "Failed") in task_runs_of(failed)


def test_settings_that_cannot_be_used_fail_with_all_their_problems(tmp_path: Path) -> None:
    """A run without a settings file fails before anything is begun."""
    failed = run(str(tmp_path / "absent.yml"), "plan")

    assert (failed.name, exit_code(failed)) == ("Failed", 1)
    assert "absent.yml" in str(failed.message)
    assert task_runs_of(failed) == []


def test_a_directory_that_comes_back_is_read_by_a_further_attempt(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """A temporary failure of a directory is tried again, and the run completes."""
    config = pair.settings()
    pair.directory.stop()
    judged = extract.retry_condition_fn
    assert judged is not None

    def start_again(*facts: Any) -> bool:
        pair.directory.start()
        return bool(judged(*facts))

    hurried = extract.with_options(retry_delay_seconds=0, retry_condition_fn=start_again)
    monkeypatch.setattr("flows.sync.extract", hurried)

    assert run(config, "apply").name == "Completed"


def test_a_directory_that_stays_away_fails_the_run_with_a_message(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the last attempt the state says what is wrong; the log holds every attempt, and no traceback."""
    config = pair.settings()
    pair.directory.stop()
    monkeypatch.setattr("flows.sync.extract", extract.with_options(retry_delay_seconds=0))

    failed = run(config, "apply")

    assert (failed.name, exit_code(failed)) == ("Failed", 1)
    assert "refuses the connection" in str(failed.message)
    logged = "\n".join(logs_of(failed))
    assert logged.count("refuses the connection") > ATTEMPTS
    assert "Traceback" not in logged


def test_a_directory_that_stays_away_does_not_stop_the_others(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the last attempt the run goes on with what was read, and fails at its end by name."""
    config = pair.settings_with_second(free_port())
    monkeypatch.setattr("flows.sync.extract", extract.with_options(retry_delay_seconds=0))

    failed = run(config, "apply")

    assert (failed.name, exit_code(failed)) == ("Failed", 1)
    assert len(pair.service.store.users) == SIZE.people
    found = _rows(artifacts_of(failed)[artifacts.FINDINGS])
    assert any("Directory second was not read" in row["what"] for row in found)


@pytest.mark.usefixtures("described_apart")
def test_a_description_that_fails_is_a_note(pair: Pair) -> None:
    """Great Expectations decides nothing: without its pages the run completes, and says so."""
    settings = pair.settings()
    (pair.folder / "ldap2scim").mkdir(exist_ok=True)
    (pair.folder / "ldap2scim" / "data-docs").write_text("in the way")

    applied = run(settings, "apply")

    assert applied.name == "Completed"
    assert "data-not-described" in str(artifacts_of(applied)[artifacts.FINDINGS])


def test_pages_that_cannot_be_published_are_a_note(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Prefect says of a link to the pages, once the service has been written to, does not cost the report."""

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("the server of Prefect does not take it")

    monkeypatch.setattr("tasks.describe.publish_data_docs", refuse)
    applied = run(pair.settings(), "apply")

    assert applied.name == "Completed"
    assert "could not be described for Data Docs (RuntimeError)" in str(artifacts_of(applied)[artifacts.FINDINGS])


def test_secrets_are_nowhere_in_what_prefect_keeps(pair: Pair, prefect_server: Path) -> None:
    """Neither password nor token is in the database of the server, where parameters, logs and artifacts are."""
    failed = run(pair.settings("wrong", bind_password="another-secret-word"), "apply")
    applied = run(pair.settings("right"), "apply")

    kept = b"".join(path.read_bytes() for path in prefect_server.parent.glob(f"{prefect_server.name}*"))
    assert b"ldapsearch -LLL" in kept, "the log is kept there"
    assert str(applied.message).encode() in kept
    assert str(failed.message).partition("\n")[0].encode() in kept
    for secret in (*pair.secrets.values(), "another-secret-word"):
        assert secret.encode() not in kept


def _rows(data: Any) -> list[dict[str, str]]:
    import json

    rows: list[dict[str, str]] = json.loads(data) if isinstance(data, str) else data
    return rows
