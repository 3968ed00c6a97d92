"""The access token and Prefect: an event when it is about to end, and a Secret block that holds it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from prefect import State
from prefect.blocks.system import Secret
from prefect.client.orchestration import get_client
from pydantic import SecretStr

from flows.sync import sync
from ldap2scim.settings.reading import Unfit
from tasks.secrets import secret_block
from tests.flows.observed import artifacts_of, logs_of
from tests.flows.pair import SIZE, Pair
from tests.waiting import until

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]


def run(config: str, mode: str = "apply") -> State[Any]:
    """Run the flow and return its final state."""
    state: State[Any] = sync(config=config, mode=mode, return_state=True)
    return state


def with_service(pair: Pair, old: str, new: str) -> str:
    """Write settings with a word of them changed."""
    path = Path(pair.settings())
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return str(path)


def ending(pair: Pair, moment: datetime) -> str:
    """Write settings with a token that ends at a moment."""
    return with_service(pair, "service:\n", f"service:\n  token_expires: {moment.isoformat()}\n")


def announced(since: datetime, least: int) -> list[dict[str, Any]]:
    """Return the events about tokens that the server has, oldest first, once there are so many of them."""
    asked = {
        "filter": {
            "event": {"prefix": ["ldap2scim.token."]},
            "occurred": {"since": since.isoformat()},
            "order": "ASC",
        }
    }
    with get_client(sync_client=True) as client:

        def enough() -> list[dict[str, Any]] | None:
            found: list[dict[str, Any]] = client._client.post("/events/filter", json=asked).json()["events"]
            return found if len(found) >= least else None

        return until(enough, f"{least} events about tokens", pause=0.1) or []


def test_an_event_is_emitted_once_a_milestone(pair: Pair) -> None:
    """Automations hear of each milestone once, whatever the number of runs; nothing in it is secret."""
    begun = datetime.now(UTC)
    for _ in range(2):
        assert run(ending(pair, begun + timedelta(days=6.5))).is_completed()
    assert run(ending(pair, begun - timedelta(days=1))).name == "Refused"
    events = announced(begun, 2)
    assert [(one["event"], one["payload"]["days"]) for one in events] == [
        ("ldap2scim.token.expiring", 7),
        ("ldap2scim.token.expired", 0),
    ]
    assert events[0]["payload"]["expires"] == (begun + timedelta(days=6.5)).isoformat()
    assert events[0]["resource"]["prefect.resource.name"] == pair.service.base_url
    assert pair.service.token not in str(events)


def test_a_token_may_be_in_a_secret_block(pair: Pair) -> None:
    """The flow reads it from the server; its text is in no log and no artifact."""
    Secret(value=SecretStr(pair.service.token)).save("scim-token-of-a-test", overwrite=True)
    state = run(with_service(pair, "{file: SCIM_TOKEN}", "{prefect_secret: scim-token-of-a-test}"))
    assert state.is_completed(), state.message
    assert len(pair.service.store.users) == SIZE.people
    assert pair.service.token not in "".join(logs_of(state)) + str(artifacts_of(state))


def test_a_block_that_does_not_exist_or_holds_no_text(pair: Pair) -> None:
    """The run fails with the place and the name of the block, without a traceback."""
    state = run(with_service(pair, "{file: SCIM_TOKEN}", "{prefect_secret: no-such-block}"))
    assert state.is_failed()
    assert "names the Secret block `no-such-block`, which this Prefect server does not have" in str(state.message)
    Secret(value=cast("Any", {"a": 1})).save("a-block-of-a-test", overwrite=True)
    with pytest.raises(Unfit, match="does not hold a text"):
        secret_block("a-block-of-a-test")


def test_who_was_created_is_in_the_report_and_in_no_log(pair: Pair) -> None:
    """The artifact has names and addresses, at most 500 of them; the log and the state's message have none."""
    state = run(pair.settings())
    report = artifacts_of(state)["ldap2scim-report"]
    assert "## New users" in report
    addresses = [str(user["emails"][0]["value"]) for user in pair.service.store.users if user.get("emails")]
    assert addresses
    assert all(address.replace("_", "\\_") in report for address in addresses)
    told = "".join(logs_of(state)) + str(state.message)
    assert f"{SIZE.people} people were created" in str(state.message)
    assert not any(address in told for address in addresses)
