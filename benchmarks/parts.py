"""The parts that are measured, each in a process of its own, so that its memory is its own.

`python -m benchmarks.parts NAME SETTINGS` prints one JSON object: seconds and peak memory in MiB.
"""

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Measured = dict[str, float]


class Watch:
    """Seconds by name."""

    def __init__(self) -> None:
        self.seconds: Measured = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Add the time of a block."""
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started


def read(settings: Path) -> Measured:
    """The reader alone: every entry decoded, none kept."""
    from ldap2scim.directory import client
    from ldap2scim.directory.searches import searches
    from ldap2scim.settings import load

    directory = load(settings, os.environ).directories[0]
    mappings = directory.mappings
    watch, entries = Watch(), 0
    with watch("read"), client.connect(directory.settings) as reader:
        for search in searches(directory.settings, mappings.user.ldap_attributes, mappings.group.ldap_attributes):
            for page in reader.read(search):
                entries += len(page)
    return {**watch.seconds, "entries": entries}


def plan(settings: Path) -> Measured:
    """A run without `--apply`, phase by phase; it is over where the product's is."""
    from ldap2scim.run.believe import believe
    from ldap2scim.run.context import Mode, open_run
    from ldap2scim.run.decide import decide
    from ldap2scim.run.extract import extract
    from ldap2scim.run.idle import idle
    from ldap2scim.run.mapping import map_entries
    from ldap2scim.settings import load

    watch = Watch()
    with open_run(load(settings, os.environ), Mode.PLAN) as run:
        with watch("image"):
            reads = extract(run)
        with watch("map"):
            mapped = map_entries(run, reads)
            if idle(run, reads, mapped) is not None:
                return {**watch.seconds, "operations": 0}
        with watch("validate"):
            believed = believe(run, reads)
        with watch("diff and plan"):
            decision = decide(run, believed)
    return {**watch.seconds, "operations": len(decision.plan.operations)}


def load_all(settings: Path) -> Measured:
    """A whole run with `--apply`, as `conclusion.bring_in_step` does it; the load is timed apart."""
    from ldap2scim.run import pipeline
    from ldap2scim.run.believe import believe
    from ldap2scim.run.conclusion import start_load
    from ldap2scim.run.context import Mode, open_run
    from ldap2scim.run.decide import decide
    from ldap2scim.run.load import batches
    from ldap2scim.run.report import report
    from ldap2scim.settings import load

    watch = Watch()
    with watch("whole run"), open_run(load(settings, os.environ), Mode.APPLY) as run:
        reads, _ = pipeline.look(run)
        believed = believe(run, reads)
        decision = decide(run, believed)
        sums = believed.sums
        del believed
        loader = start_load(run, decision)
        users = [one for one in loader.operations if one.verb == "create" and one.resource_type == "User"]
        others = loader.operations[len(users) :]
        with watch("load of users"):
            for batch in batches(users):
                loader.apply(batch)
        with watch("load of groups"):
            for batch in batches(others):
                loader.apply(batch)
        loader.finish()
        said = report(run, reads, sums, decision, loader)
    return {**watch.seconds, "users": len(users), "operations": len(said.outcomes), "exit": said.exit_code}


def bare(settings: Path) -> Measured:
    """The least that an httpx client can do: the same bodies, ready-made, at the same concurrency."""
    import httpx

    from ldap2scim.settings import load

    service = load(settings, os.environ).service
    bodies = (settings.parent / "bodies.jsonl").read_bytes().splitlines()
    watch = Watch()

    async def post_all() -> None:
        todo = iter(bodies)
        headers = {"Content-Type": "application/scim+json"}
        async with httpx.AsyncClient(limits=httpx.Limits(max_connections=service.concurrency)) as client:

            async def worker() -> None:
                for body in todo:
                    response = await client.post(f"{service.base_url}/Users", content=body, headers=headers)
                    json.loads(response.content)["id"]

            await asyncio.gather(*(worker() for _ in range(service.concurrency)))

    with watch("bare"):
        asyncio.run(post_all())
    return {**watch.seconds, "users": len(bodies)}


def bodies(settings: Path) -> Measured:
    """Write down the bodies of all creations, for `bare`."""
    import orjson

    from ldap2scim.essence import from_essence
    from ldap2scim.model import ResourceType
    from ldap2scim.scim.profiles import by_name
    from ldap2scim.scim.wire import to_wire
    from ldap2scim.settings import load
    from ldap2scim.state.access import StateReader
    from ldap2scim.state.store import open_store

    loaded = load(settings, os.environ)
    profile = by_name(loaded.service.profile)
    with open_store(loaded.state) as store, (settings.parent / "bodies.jsonl").open("wb") as out:
        state = StateReader(store)
        keys = list(state.image.desired_frame(ResourceType.USER)["key"])
        for essence in state.image.essences(keys).values():
            out.write(orjson.dumps(to_wire(ResourceType.USER, from_essence(essence), profile)) + b"\n")
    return {"users": len(keys)}


PARTS: dict[str, Callable[[Path], Measured]] = {
    "read": read, "plan": plan, "load": load_all, "bare": bare, "bodies": bodies,
}  # fmt: skip


def main() -> None:
    """Run one part and print what it measured."""
    measured: dict[str, Any] = dict(PARTS[sys.argv[1]](Path(sys.argv[2])))
    measured["MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
