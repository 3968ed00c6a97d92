"""A load that is ended from outside: an orchestrator throws an error into the thread, wherever that is at work."""

import asyncio

import pytest

from ldap2scim.run.step import CHUNK
from ldap2scim.scim.provider import ScimRequest
from ldap2scim.state import journal
from ldap2scim.state.store import Store
from tests.run.conftest import StartRun
from tests.run.scripted import ScriptedProvider
from tests.run.test_load import created, creation, loader


class Thrown(asyncio.CancelledError):
    """What Prefect throws into a flow whose place under a concurrency limit it could not keep."""


@pytest.mark.parametrize(("last", "count"), [(3, 5), (50, 2 * CHUNK)], ids=["a few", "more than wait at once"])
@pytest.mark.timeout(60)
def test_a_worker_that_is_interrupted_ends_the_load(start: StartRun, store: Store, last: int, count: int) -> None:
    """Nothing is taken for done, nobody waits for a worker that is gone, and what was begun is in doubt."""
    provider = ScriptedProvider(script={"POST /Users": [created] * count})

    def interrupt(_: ScimRequest) -> None:
        if len(provider.sent) == last:
            raise Thrown

    provider.before = interrupt
    operations = [creation(number) for number in range(count)]
    loads = loader(start, provider, operations)

    with pytest.raises(Thrown):
        loads.apply(operations)

    assert len(provider.sent) == last
    assert journal.JournalReader(store).in_doubt()
