"""What a plan will take is said with it, to people and to machines."""

import json
from datetime import UTC, datetime

import pytest

from ldap2scim.cli import output
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.operations import Delete, Inputs
from ldap2scim.planning.plan import make_plan
from ldap2scim.run.context import Mode
from ldap2scim.run.report import Report
from ldap2scim.scim.forecast import forecast
from ldap2scim.scim.profiles import by_name

LEAVERS = [Delete(Key(f"corp:{n}"), ResourceType.USER, f"uid={n}", Inputs(None, "k"), str(n), None) for n in range(400)]


def report(*operations: Delete) -> Report:
    """Return the report of a dry run."""
    plan = make_plan(operations, (), evaluated_at=datetime(2026, 4, 1, tzinfo=UTC), settings_digest="s", program="1")
    return Report(
        run_id="r",
        mode=Mode.PLAN,
        plan=plan,
        outcomes=(),
        findings=(),
        accounts=None,
        reads=(),
        stopped_by=None,
        failed_reads=False,
        refused_reads=False,
        forecast=forecast(operations, by_name("miro")),
    )


def test_people_read_one_line_below_what_is_to_be_done(capsys: pytest.CaptureFixture[str]) -> None:
    """Requests, time, and the limit that decides."""
    output.report(report(*LEAVERS), as_json=False)

    summary = capsys.readouterr().out.splitlines()
    assert summary[1] == "To do: delete 400 users."
    assert summary[2] == "400 requests, 10 min at the limits of profile miro (users: 20 in 30 s)."


def test_nothing_is_forecast_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A plan without operations has no line for it."""
    output.report(report(), as_json=False)

    assert "requests" not in capsys.readouterr().out


def test_machines_get_it_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    """By method and kind, with seconds and the limit."""
    output.report(report(*LEAVERS), as_json=True)

    said = json.loads(capsys.readouterr().out)["forecast"]
    assert said["requests"] == [{"method": "DELETE", "resource_type": "User", "count": 400}]
    assert said["total"] == 400
    assert said["seconds"] == pytest.approx(570, rel=0.01)
    assert said["decisive"] == {"what": "users", "amount": 20, "seconds": 30.0}
