"""Every profile under a load that its limits matter for: none is broken, and what is allowed is used."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import pytest

from ldap2scim.essence import to_essence
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.operations import AttributeChange, ChangeMembers, Create, Delete, Inputs, Operation, Update
from ldap2scim.run.done import Applied
from ldap2scim.run.executor import Executor
from ldap2scim.run.service_view import ServiceView
from ldap2scim.scim.client import connect
from ldap2scim.scim.forecast import forecast
from ldap2scim.scim.profiles import NAMES, Profile, by_name
from ldap2scim.scim.profiles.profile import RateLimit
from ldap2scim.scim.settings import Leavers, ServiceSettings
from ldap2scim.scim.wire import managed_from
from tests.run.scripted import Memory
from tests.scim.simulated import SimulatedService, clock, virtually
from tests.seed import LONG

USER, GROUP = ResourceType.USER, ResourceType.GROUP
INPUTS = Inputs("new", None)
STAFF = Key("corp:staff")
MANAGED = {
    USER: managed_from({"external_id", "user_name", "active"}),
    GROUP: managed_from({"external_id", "display_name"}),
}
CONCURRENCY = 8
USERS = 10_000 if LONG else 700
"""Enough for several windows of every limit."""
CHANGED = 3_000 if LONG else 700
FEWER = {"github-emu": 3_500 if LONG else 2_100}


@dataclass
class Load:
    """What a load came to."""

    service: SimulatedService
    elapsed: float


@dataclass
class _Ids(Memory):
    """Remembers the ids that the service gives."""

    ids: dict[Key, str] = field(default_factory=dict)


def first_load(users: int) -> list[Operation]:
    """Return the plan of a first load: users, and one group of them all."""
    keys = [Key(f"corp:{number:05}") for number in range(users)]
    people = [
        Create(key, USER, f"uid={key}", INPUTS, to_essence({"external_id": key, "user_name": f"user{key[5:]}"}))
        for key in keys
    ]
    group = Create(STAFF, GROUP, "cn=staff", INPUTS, to_essence({"external_id": "staff", "display_name": "Staff"}))
    return [*people, group, ChangeMembers(STAFF, GROUP, "cn=staff", INPUTS, None, tuple(keys), ())]


async def carried_out(service: SimulatedService, plan: Sequence[Operation], share: float | None = None) -> Load:
    """Carry out a plan by the real executor, a few at once, step by step as the load does."""
    settings = ServiceSettings(
        profile=service.named,
        base_url="https://scim.example.com/v2",
        token=None,
        leavers=Leavers.DELETE,
        user_filter="",
        group_filter="",
        concurrency=CONCURRENCY,
        quota_share=share,
    )
    memory = _Ids()
    begun = asyncio.get_running_loop().time()
    async with connect(settings, transport=service, clock=clock()) as connection:
        view = ServiceView(
            service=connection,
            profile=service.profile,
            capabilities=service.profile.assumed,
            managed={("corp", kind): MANAGED[kind] for kind in ResourceType},
            witnesses={},
        )
        executor = Executor(view, memory)

        async def work(pending: list[Operation]) -> None:
            while pending:
                operation = pending.pop()
                done = await executor.carry_out(operation)
                assert isinstance(done, Applied), (done, service.broken[:3])
                if isinstance(operation, Create):
                    memory.ids[operation.key] = done.change.row.service_id  # type: ignore[union-attr]

        for _, step in groupby(plan, key=lambda one: (one.rank, one.resource_type)):
            pending = list(step)[::-1]
            await asyncio.gather(*(work(pending) for _ in range(CONCURRENCY)))
    return Load(service, asyncio.get_running_loop().time() - begun)


def loaded(profile: Profile, plan: Sequence[Operation], share: float | None = None) -> Load:
    """Carry out a plan on a virtual clock."""
    return virtually(carried_out(SimulatedService(profile), plan, share))


def changes(users: int, groups: int) -> list[Operation]:
    """Return the plan of a later run: updates, members of large and small groups, leavers."""
    title = (AttributeChange("title", None, "clerk"),)
    ids = [Key(f"@service:{number:036}") for number in range(users)]
    updated = [
        Update(Key(f"corp:{n}"), USER, f"uid={n}", INPUTS, str(n), None, to_essence({"user_name": "x"}), title)
        for n in range(users)
    ]
    small = [
        ChangeMembers(Key(f"corp:g{n}"), GROUP, f"cn=g{n}", INPUTS, f"g{n}", tuple(ids[n : n + 5]), ())
        for n in range(groups)
    ]
    large = [
        ChangeMembers(Key(f"corp:l{n}"), GROUP, f"cn=g{n}0, large", INPUTS, f"l{n}", tuple(ids[:50]), tuple(ids[50:60]))
        for n in range(groups // 10)
    ]
    leavers = [Delete(Key(f"corp:d{n}"), USER, f"uid=d{n}", INPUTS, f"d{n}", None) for n in range(users // 8)]
    return sorted([*updated, *small, *large, *leavers], key=lambda one: one.sort_key)


def busiest(load: Load, share: float) -> dict[str, float]:
    """Return the use of each limit that was drawn on for more than two of its windows."""
    return {
        ledger.what: ledger.use(share)
        for ledger in load.service.ledgers.values()
        if ledger.total > 2 * ledger.limit.requests * share
    }


LIMITED = tuple(name for name in NAMES if by_name(name).limits)


def _part(limit: RateLimit, share: float) -> RateLimit:
    burst = None if limit.burst is None else max(1, int(limit.burst * share))
    return replace(limit, requests=int(limit.requests * share), burst=burst)


@pytest.mark.parametrize("name", NAMES)
def test_a_first_load_keeps_every_limit_and_uses_it(name: str) -> None:
    """No limit of the profile is broken, and that which decides is used by nine tenths or more."""
    profile = by_name(name)
    users = FEWER.get(name, USERS)
    load = loaded(profile, first_load(users))

    assert load.service.broken == []
    assert load.service.asked["POST", "Users"] == users
    if profile.limits:
        uses = busiest(load, profile.quota_share)
        assert uses
        assert max(uses.values()) >= 0.9, uses


@pytest.mark.parametrize("name", LIMITED)
def test_later_changes_keep_every_limit_and_use_it(name: str) -> None:
    """Updates, small and large changes of groups, and removals, each under its own limits."""
    profile = by_name(name)
    load = loaded(profile, changes(CHANGED, CHANGED // 2))

    assert load.service.broken == []
    uses = busiest(load, profile.quota_share)
    if name != "github-emu":  # publishes limits for creations and for members of large groups
        assert max(uses.values()) >= 0.9, uses


@pytest.mark.parametrize("share", [0.5, 0.05])
def test_a_share_of_the_quota_is_kept(share: float) -> None:
    """Half of the limits, or a twentieth, is used and no more: the rest is for other programs."""
    profile = by_name("slack")
    less = replace(profile, limits=tuple(_part(limit, share) for limit in profile.limits))
    load = virtually(carried_out(SimulatedService(less, named="slack"), first_load(250), share))

    assert load.service.broken == []
    assert max(busiest(load, 1.0).values()) >= 0.9


@pytest.mark.parametrize("name", LIMITED)
@pytest.mark.parametrize("plan", ["first load", "changes"])
def test_the_forecast_is_what_it_then_takes(name: str, plan: str) -> None:
    """Requests exactly, and the time within a tenth, or the round trips where no limit tells."""
    profile = by_name(name)
    users = FEWER.get(name, USERS)
    todo = first_load(users) if plan == "first load" else changes(CHANGED, CHANGED // 2)
    said = forecast(todo, profile)
    load = loaded(profile, todo)

    counted = {(one.method, f"{one.resource_type}s"): one.count for one in said.requests}
    assert counted == load.service.asked
    assert said.seconds == pytest.approx(load.elapsed, rel=0.1, abs=0.01 * said.total), str(said)
