"""Runs that wait for a person: the form in Prefect's pages, filled in by a browser, and by the API."""

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from flows.sync import sync
from ldap2scim.run.context import Mode, open_run
from ldap2scim.run.pipeline import synchronise
from ldap2scim.settings import load
from ldap2scim.state.decisions import Decided, decisions_on
from ldap2scim.state.store import open_store
from tests.flows.installation import PATIENCE, Installation
from tests.flows.pair import SIZE, Pair
from tests.servers.available import require
from tests.servers.browser import chromium_page

pytestmark = pytest.mark.prefect

LEAVERS = 8
"""More than may go without a person."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A deployed run that has done what it may, and waits for a person with the rest."""

    installation: Installation
    pair: Pair
    config: str
    run_id: str
    plan_id: str
    """Of the plan that is to be approved."""

    def active(self) -> int:
        """Return how many users of the service are active."""
        return sum(bool(user.get("active", True)) for user in self.pair.service.store.users)

    def answer(self, **form: Any) -> dict[str, Any]:
        """Send the form to the API, and return what it says."""
        said: dict[str, Any] = self.installation.ask(f"/flow_runs/{self.run_id}/resume", run_input=form)
        return said

    def ended(self) -> dict[str, Any]:
        """Wait for the end of the run."""
        return self.installation.in_state(self.run_id)

    def decisions(self) -> tuple[Decided, ...]:
        """Return what is recorded of decisions on the plan."""
        with open_store(load(Path(self.config), os.environ).state) as store:
            return decisions_on(store, self.plan_id)


@pytest.fixture
def waiting(installation: Installation, pair: Pair) -> Waiting:
    """A run that waits, since more people have left than may go without a person."""
    config = pair.settings()
    synchronise(load(Path(config), os.environ), Mode.APPLY)
    people = pair.people()
    pair.remove(*people[:LEAVERS])
    pair.promote(people[-1], "President")
    pair.service.clear_requests()
    run_id = installation.start("ldap2scim-sync/sync", config=config, when_held="wait")
    run = installation.in_state(run_id, "PAUSED")
    assert run["state"]["name"] == "Suspended", run["state"]["message"]
    # Prefect suspends the run first and stores its form after that; until then every answer is sent back.
    form = run["state"]["state_details"]["run_input_keyset"]["schema"]
    installation.until(lambda: installation.ask(f"/flow_runs/{run_id}/input/filter", prefix=form))
    return Waiting(installation, pair, config, run_id, plan_shown(installation, run_id))


def plan_shown(installation: Installation, run_id: str) -> str:
    """Return the plan that is to be approved, as the run's artifacts name it; they name none once it was answered."""
    found = installation.ask("/artifacts/filter", artifacts={"flow_run_id": {"any_": [run_id]}})
    (shown,) = [one["data"] for one in found if one["key"] == "ldap2scim-plan"]
    return re.search(r"ldap2scim approve ([0-9a-f]{64})", shown)[1]  # type: ignore[index]  # it names one


def field(page: Page, title: str) -> Locator:
    """Return the part of the form with a title."""
    label = page.locator(".schema-form-property__label", has_text=title)
    return page.locator(".schema-form-property").filter(has=label)


def choose(page: Page, title: str, value: str) -> None:
    """Choose from a list of the form by the keyboard."""
    field(page, title).locator(".p-select-button__control").press("ArrowDown")
    page.locator(".p-select-option").filter(has_text=value).click()


def submit(page: Page, form: Locator) -> None:
    """Send the form; where the server is too busy to take it (503), press once more, as a person would."""
    for _ in range(PATIENCE // 10):
        page.get_by_role("button", name="Submit").press("Enter")
        with contextlib.suppress(AssertionError):
            expect(form).to_be_hidden(timeout=10_000)
            return
    expect(form).to_be_hidden()


def test_a_person_releases_a_held_plan_in_the_browser(waiting: Waiting) -> None:
    """The page shows what is held and takes the form; what was released is done once, and who said so is kept."""
    require("chromium")
    service = waiting.pair.service
    assert len(service.writes()) == 1, "the promotion, which needs nobody"
    with open_run(load(Path(waiting.config), os.environ), Mode.PLAN):
        pass  # the lease is free while the run waits
    url = waiting.installation.url

    with chromium_page(url) as page:
        page.goto(f"{url}/runs/flow-run/{waiting.run_id}")
        page.get_by_role("button", name="Resume").click()
        form = page.locator(".p-modal").first
        expect(form).to_contain_text("users would be removed")
        field(page, "Plan").locator("textarea").fill(waiting.plan_id[:12])
        choose(page, "Answer", "approve")
        field(page, "By whom").locator("textarea").fill("Sato Hanako")
        field(page, "Why").locator("textarea").fill("They left with the branch in Osaka.")
        submit(page, form)
        ended = waiting.ended()

    assert ended["state"]["name"] == "Completed", ended["state"]["message"]
    assert waiting.active() == SIZE.people - LEAVERS
    gone = [one.path for one in service.writes() if "'active', 'value': False" in str(one.body)]
    assert len(gone) == len(set(gone)) == LEAVERS, "each once"
    (decision,) = waiting.decisions()
    assert (decision.release.by, decision.release.why) == ("Sato Hanako", "They left with the branch in Osaka.")
    assert decision.used_in is not None
    assert waiting.answer(plan=waiting.plan_id, answer="approve", by="Sato")["status"] == "ABORT", "answered once"
    assert waiting.active() == SIZE.people - LEAVERS


def test_the_api_releases_some_kinds_and_refuses_a_form_that_is_not_filled_in(waiting: Waiting) -> None:
    """A form without a name is sent back; kinds that were not chosen stay held."""
    refused = waiting.answer(plan=waiting.plan_id, answer="approve")
    assert refused["status"] == "REJECT"

    accepted = waiting.answer(plan=waiting.plan_id[:8], answer="approve", kinds=["deactivate user"], by="Sato")
    ended = waiting.ended()

    assert accepted["status"] == "ACCEPT"
    assert waiting.active() == SIZE.people - LEAVERS, ended["state"]["message"]
    (decision,) = waiting.decisions()
    assert decision.release.kinds == frozenset({"deactivate user"})


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"answer": "reject", "why": "A wrong filter."}, "rejected by Sato: A wrong filter."),
        ({"plan": "0" * 12}, "names plan 000000000000"),
    ],
    ids=["rejected", "another plan"],
)
def test_an_answer_that_does_not_approve_this_plan_releases_nothing(
    answer: dict[str, str], said: str, waiting: Waiting
) -> None:
    """Rejected, or meant for another plan: the run ends as refused and says so, and nobody is removed."""
    form = {"plan": waiting.plan_id, "answer": "approve", "by": "Sato", **answer}

    said_at_once = waiting.answer(**form)
    assert said_at_once["status"] == "ACCEPT", said_at_once["details"]
    ended = waiting.ended()

    assert ended["state"]["name"] == "Refused"
    assert said in ended["state"]["message"]
    assert waiting.active() == SIZE.people
    kept = [(one.rejected, one.release.by, one.release.why) for one in waiting.decisions()]
    assert kept == ([(True, "Sato", answer["why"])] if "why" in answer else [])


@pytest.mark.usefixtures("prefect_server")
def test_an_ad_hoc_run_cannot_wait(pair: Pair) -> None:
    """A run from a shell ends as held, whatever it was told."""
    config = pair.settings()
    synchronise(load(Path(config), os.environ), Mode.APPLY)
    pair.remove(*pair.people()[:LEAVERS])

    state: Any = sync(config=config, mode="apply", when_held="wait", return_state=True)

    assert (state.name, state.type.value) == ("Held", "FAILED")
