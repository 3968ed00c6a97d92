"""The program is killed in the middle of its work, again and again: nothing is lost and nothing is made twice."""

import os
import random

import pytest

from ldap2scim.sandbox.world import Size
from tests.integration.comparing import differences
from tests.integration.conftest import StartPair
from tests.integration.days import DISABLED, day_of_changes
from tests.integration.pairs import Pair
from tests.waiting import until

COMPANY = Size(people=60, groups=12, largest_group=40)
SEEDS = range(20 if os.environ.get("LDAP2SCIM_LONG") else 2)


@pytest.fixture
def pair(start_embedded_pair: StartPair) -> Pair:
    """The embedded pair, nothing loaded yet."""
    pair = start_embedded_pair(COMPANY)
    pair.program.others["mapping"] = DISABLED
    pair.program.write()
    return pair


def killed_after(pair: Pair, writes: int, *command: str) -> bool:
    """Start the command and kill it once it has asked for some changes; False: it was quicker, and ended well."""
    pair.service.clear_requests()
    process = pair.program.start(*command)
    until(lambda: len(pair.service.writes()) >= writes or process.poll() is not None, f"{writes} writes", pause=0.001)
    process.kill()
    out, err = process.communicate()
    if process.returncode < 0:
        return True
    assert process.returncode == 0, out + err
    return False


def assert_converges(pair: Pair, left: tuple[str, ...] = ()) -> None:
    """One more run brings both sides in step, and the one after it has nothing to do."""
    said = pair.program("sync", "--apply")
    assert (said.code, differences(pair, left=left)) == (0, []), said.text
    pair.service.clear_requests()
    assert pair.program("sync", "--apply").code == 0
    assert pair.writes() == 0
    assert pair.program("drift").code == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_while_it_loads(pair: Pair, seed: int) -> None:
    """Whatever a killed run had begun is settled by the next, at a first load and at a day of changes."""
    chance = random.Random(seed)
    kills = sum(killed_after(pair, chance.randint(1, 30), "sync", "--apply") for _ in range(3))
    assert kills >= 1
    assert_converges(pair)
    day = day_of_changes(pair.administrator)
    killed_after(pair, chance.randint(1, 12), "sync", "--apply")
    assert_converges(pair, day.left)


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_while_it_adopts(pair: Pair, seed: int) -> None:
    """After a lost state, a run that is killed while it adopts and repairs leaves nothing that is made twice."""
    chance = random.Random(seed)
    assert pair.program("sync", "--apply").code == 0
    for user in list(pair.console.users().values())[:15]:
        pair.console.edit("Users", user, title="Emperor")
    everybody = pair.console.groups()["everybody"]
    pair.console.edit("Groups", everybody, members=everybody["members"][5:])
    pair.program.lose_state()
    command = chance.choice([("sync", "--apply"), ("recover", "--apply")])
    assert killed_after(pair, chance.randint(1, 12), *command)
    pair.service.clear_requests()
    said = pair.program("sync", "--apply")
    assert said.code == 0, said.text
    assert [each.path for each in pair.service.writes() if each.method == "POST"] == []
    assert_converges(pair)


def test_killed_before_it_has_asked_for_anything(pair: Pair) -> None:
    """A run killed while it reads leaves no lease that the next one would have to wait for."""
    pair.service.clear_requests()
    process = pair.program.start("sync", "--apply")
    until(lambda: pair.service.requests or process.poll() is not None, "a request", pause=0.001)
    process.kill()
    process.communicate()
    assert_converges(pair)
