"""When a run may take over what an earlier one of the same day decided, and when it has to decide anew."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ldap2scim.run.context import Mode, Run
from ldap2scim.run.pipeline import synchronise
from ldap2scim.sandbox.service import embedded_service
from ldap2scim.sandbox.world import BASE_DN, PEOPLE_DN
from ldap2scim.settings import load
from tests.integration.days import hire
from tests.integration.in_step import let_a_full_read_be_due, reads, rules, tell_the_state
from tests.integration.pairs import SMALL, Pair, paired, world
from tests.servers.fixtures import StartSlapd
from tests.servers.slapd import SlapdOptions

pytestmark = pytest.mark.slapd


def test_a_full_read_that_finds_everything_as_it_was_ends_the_run(in_step: Pair, looked: list[Run]) -> None:
    """What was decided of the same image holds on, and is reported again; a change is looked at, and then no more."""
    before = in_step.program("sync", "--apply", "--json").document
    in_step.program.directory["full_read_every"] = "0"
    in_step.program.write()

    said = in_step.program("sync", "--apply", "--json").document

    assert looked == []
    assert said["reads"][0]["by_changes"] is None
    assert in_step.service.requests == ()
    assert (said["accounts"], said["operations"]) == (before["accounts"], [])
    in_step.administrator.replace(in_step.administrator.people()[0].dn, title=["Changed"])
    for _ in range(3):
        assert reads(in_step)["by_changes"] is None
    assert len(looked) == 2, "the run that writes, and the one that finds all in step"


def test_a_second_entry_with_an_anchor_is_told_though_the_image_is_the_same(
    start_slapd: StartSlapd, tmp_path: Path
) -> None:
    """The first one stays in the image, so that nothing changes there; a person has to look all the same."""
    slapd = start_slapd(world(SMALL), SlapdOptions(suffix=BASE_DN))
    with embedded_service() as service, paired(tmp_path / "installed", slapd, service) as pair:
        for entry in (*pair.administrator.people(), *pair.administrator.groups()):
            pair.administrator.replace(entry.dn, description=[entry.dn.partition(",")[0]])
        pair.program.directory |= {"source_anchor": "description", "full_read_every": "0"}
        pair.program.write()
        assert [pair.program("sync", "--apply").code for _ in range(3)] == [0, 0, 0]
        pair.service.clear_requests()
        first = pair.administrator.people()[0]
        second = f"uid={hire(pair.administrator, 1)},ou=research,{PEOPLE_DN}"
        pair.administrator.replace(second, description=[first.dn.partition(",")[0]])
        assert "duplicate-source-anchor" in rules(pair, code=3)

        pair.administrator.replace(first.dn, title=["Changed"])
        assert "duplicate-source-anchor" in rules(pair, code=3)
        assert pair.writes() == 0, "who of the two is meant, nobody knows"
        pair.administrator.delete(second)

        assert "duplicate-source-anchor" not in rules(pair)
        assert pair.writes() == 1


def test_everything_is_compared_once_a_day(in_step: Pair, looked: list[Run]) -> None:
    """What nobody thought of is found within a day, though nothing changed."""
    settings = load(in_step.program.settings, {})
    days = [datetime.now(UTC) + timedelta(days=days) for days in (0, 1, 1, 2)]

    assert [synchronise(settings, Mode.APPLY, now=day).exit_code for day in days] == [0] * 4

    assert [run.now for run in looked] == [days[1], days[3]]


def test_a_run_that_left_a_doubt_alone_settles_nothing_for_the_next(in_step: Pair, looked: list[Run]) -> None:
    """A dry run does not ask what became of a request; what it was about is not compared, and is by the next run."""
    tell_the_state(
        in_step,
        "INSERT INTO journal (op_no, run_id, plan_id, key, verb, resource_type, removal, service_id, started_at) "
        "SELECT (SELECT max(op_no) + 1 FROM journal), 'killed', 'a plan', key, 'update', resource_type, 0, service_id, "
        "managed_since FROM snapshot WHERE resource_type = ? ORDER BY key LIMIT 1",
        "User",
    )
    assert "in-doubt" in rules(in_step, "plan", code=3)
    assert len(looked) == 1

    assert "in-doubt" not in rules(in_step)
    assert len(looked) == 2, "the run before was content, but for what it left alone"


def test_changed_settings_are_named_by_one_run_that_applies(in_step: Pair) -> None:
    """Though a dry run has found all in step with them, so that this one has nothing to compare."""
    in_step.program.others["safety"] = {"users": {"most": 7}}
    in_step.program.write()
    told = [
        rules(in_step, *words).count("settings-changed")
        for words in (("plan",), ("sync", "--apply"), ("sync", "--apply"))
    ]

    assert told == [1, 1, 0]


@pytest.mark.parametrize("change", ["leaves", "leaves a group"])
def test_what_was_caught_up_with_before_a_full_read_is_looked_at(in_step: Pair, change: str) -> None:
    """The full read finds the image as the changes have just left it, which is not as the last run had left it."""
    let_a_full_read_be_due(in_step)
    group = in_step.administrator.groups()[0]
    member = group.texts("member")[0]
    if change == "leaves":
        in_step.administrator.dismiss(member)
    else:
        in_step.administrator.take(group.dn, "member", member)

    said = in_step.program("sync", "--apply", "--json").document

    assert said["reads"][0]["why_full"] == "the last full read is as old as `full_read_every` allows"
    assert in_step.writes() > 0
    assert in_step.program("plan", "--json").document["operations"] == []


def test_what_was_decided_from_a_look_at_the_service_is_decided_once_more(in_step: Pair, looked: list[Run]) -> None:
    """What such a look left alone is in neither the image nor the snapshot."""
    for words in (("recover", "--apply"), ("sync", "--apply"), ("sync", "--apply")):
        assert in_step.program(*words).code == 0

    assert len(looked) == 2, "the recovery, and the run after it"


def test_a_given_plan_is_no_look_at_everything(in_step: Pair, looked: list[Run], tmp_path: Path) -> None:
    """It says what still stands of that plan: whether anything else differs is for the next run to say."""
    file = tmp_path / "plan.json"
    assert in_step.program("plan", "--out", str(file)).code == 0
    in_step.program("sync", "--apply", "--plan", str(file))
    before = len(looked)

    for _ in range(2):
        assert in_step.program("sync", "--apply").code == 0

    assert len(looked) == before + 1
