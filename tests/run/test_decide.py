"""What is left alone when it is decided."""

import pytest

from ldap2scim.model import ResourceType
from ldap2scim.run.believe import believe
from ldap2scim.run.context import Mode
from ldap2scim.run.decide import compare
from ldap2scim.state import journal
from ldap2scim.state.journal import Intent
from tests.run.conftest import StartRun
from tests.run.readings import read
from tests.run.scripted import ScriptedProvider
from tests.state import worlds
from tests.state.worlds import key


@pytest.mark.parametrize("mode", Mode)
def test_whoever_is_in_doubt_is_left_alone(start: StartRun, mode: Mode) -> None:
    """Before an operation is settled nothing is decided about its entry: it might be made a second time."""
    run = start(ScriptedProvider(), mode)
    reading = read(run, [worlds.person("aiko"), worlds.person("bunta")], [])
    journal.begin(run.lease, run.run_id, "p", [Intent(key("aiko"), "create", ResourceType.USER)])
    compared = compare(run, believe(run, (reading,)), None)
    assert [operation.key for operation in compared.difference.operations] == [key("bunta")]
