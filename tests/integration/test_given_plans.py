"""A plan that was seen is carried out: what it holds with a person's word, once, and the rest without."""

from pathlib import Path

import pytest

from ldap2scim.errors import DirectoryError
from ldap2scim.planning.approvals import Release
from ldap2scim.run import pipeline
from ldap2scim.run.context import Mode
from ldap2scim.run.kept_plans import kept_plan
from ldap2scim.run.load import Loader
from ldap2scim.settings import load
from ldap2scim.state.access import StateReader
from ldap2scim.state.decisions import decisions_on
from ldap2scim.state.store import open_store
from tests.integration.comparing import differences
from tests.integration.pairs import Pair


@pytest.fixture
def pair(embedded_pair: Pair) -> Pair:
    """In step, and then 8 leave and 45 get another title: both are too many to flow."""
    assert embedded_pair.program("sync", "--apply").code == 0
    people = embedded_pair.administrator.people()
    embedded_pair.administrator.dismiss(*(one.dn for one in people[:8]))
    for one in people[20:65]:
        embedded_pair.administrator.replace(one.dn, title=["moved up"])
    embedded_pair.administrator.replace(embedded_pair.administrator.groups()[0].dn, description=["renamed"])
    embedded_pair.service.clear_requests()
    return embedded_pair


def titles(pair: Pair) -> int:
    """Return how many have the new title at the service."""
    return sum(user.get("title") == "moved up" for user in pair.console.users().values())


def inactive(pair: Pair) -> int:
    """Return how many are disabled at the service."""
    return sum(not user["active"] for user in pair.console.users().values())


def held_plan(pair: Pair) -> str:
    """Return the id of the plan of now."""
    found: str = pair.program("plan", "--json").document["plan_id"]
    return found


def test_a_reviewed_file_runs_without_what_it_holds(pair: Pair, tmp_path: Path) -> None:
    """What flowed in it flows; what it holds waits for its id, and says so."""
    file = tmp_path / "plan.json"
    before = inactive(pair)
    assert pair.program("plan", "--out", str(file)).code == 3
    dry = pair.program("sync", "--plan", str(file))
    assert (dry.code, pair.writes()) == (3, 0), dry.text
    said = pair.program("sync", "--apply", "--plan", str(file))
    assert said.code == 3, said.text
    assert "ldap2scim approve" in said.out
    assert (inactive(pair), titles(pair)) == (before, 0)
    short = held_id(said.out)
    assert pair.program("sync", "--apply", "--plan", str(file), "--approve", "0" * 12).code == 3
    assert pair.program("sync", "--apply", "--plan", str(file), "--approve", short).code == 0
    assert (inactive(pair), titles(pair)) == (before + 8, 45)


def held_id(text: str) -> str:
    """Return the id that a report says to approve."""
    return text.partition("ldap2scim approve ")[2].partition("\n")[0]


def test_one_kind_is_released_by_name_and_reason(pair: Pair) -> None:
    """The leavers go, the titles stay held; who decided what is kept with the run."""
    before, plan = inactive(pair), held_plan(pair)
    said = pair.program(
        "sync", "--apply", "--approve", plan[:12], "--kind", "deactivate", "--by", "Suzuki", "--why", "left in March"
    )
    assert said.code == 3, said.text
    assert (inactive(pair), titles(pair)) == (before + 8, 0)
    with open_store(pair.program.state, create=False) as store:
        (decided,) = decisions_on(store, plan)
    assert (decided.release.by, decided.release.why) == ("Suzuki", "left in March")
    assert decided.release.kinds == frozenset({"deactivate user"})
    assert decided.used_in is not None
    assert pair.program("sync", "--apply", "--approve", plan, "--kind", "deactivate").code == 3
    said = pair.program("sync", "--apply", "--approve", plan)
    assert (said.code, titles(pair)) == (0, 45), said.text


def test_an_approval_is_carried_out_once(pair: Pair) -> None:
    """A second time is refused whole; nobody who came back since is touched."""
    plan = held_plan(pair)
    assert pair.program("sync", "--apply", "--approve", plan).code == 0
    pair.service.clear_requests()
    said = pair.program("sync", "--apply", "--approve", plan)
    assert (said.code, pair.service.requests) == (3, ())
    assert "was approved before" in said.err
    assert differences(pair, left=leavers(pair)) == []


def leavers(pair: Pair) -> list[str]:
    """Return the logins that the service has and the directory has not."""
    here = {str(one.text("uid")) for one in pair.administrator.people()}
    return sorted({*pair.console.users()} - here)


def test_a_run_that_died_may_be_repeated(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a stop in mid-load the same id goes on: nothing is done twice, nothing is forgotten."""
    plan = held_plan(pair)
    real = Loader.apply

    def dies(loader: Loader, operations: "list[object]") -> object:
        real(loader, operations[:20])  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Loader, "apply", dies)
        assert pair.program("sync", "--apply", "--approve", plan).code == 1
    first = len(pair.service.writes())
    said = pair.program("sync", "--apply", "--approve", plan)
    assert said.code == 0, said.text
    assert "had been carried out before" in said.out
    assert len(pair.service.writes()) == len({(one.method, one.path) for one in pair.service.writes()})
    assert first == 20
    writes = len(pair.service.writes())
    third = pair.program("sync", "--apply", "--approve", plan)
    assert (third.code, len(pair.service.writes())) == (3, writes), third.text
    assert "was approved before" in third.err
    assert differences(pair, left=leavers(pair)) == []


def test_a_run_that_does_not_begin_to_write_releases_nothing(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither for the next scheduled run, nor in a dry one, which still says what the decision would let flow."""
    before, plan = inactive(pair), held_plan(pair)

    def unreachable(*_: object) -> object:
        raise DirectoryError("Nobody answers.", "Try again.")

    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "extract", unreachable)
        assert pair.program("sync", "--apply", "--approve", plan).code == 1
    settings = load(pair.program.settings, {})
    with open_store(pair.program.state, create=False) as store:
        said = pipeline.carry_out(settings, kept_plan(store, plan), Release("Suzuki"), Mode.PLAN)
        assert said.plan is not None
        assert (len(said.plan.held), said.pending) == (0, True)
        assert StateReader(store).approvals.approved() == ()
        assert decisions_on(store, plan) == ()
    assert pair.program("sync", "--apply").code == 3
    assert (inactive(pair), titles(pair)) == (before, 0)
