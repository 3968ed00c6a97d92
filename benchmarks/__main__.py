"""`python -m benchmarks [--people N] [--groups N]`: all of it, as ratios of one run on one machine."""

import argparse
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks import orchestration
from ldap2scim.sandbox.world import BASE_DN, Size, company_ldif
from tests.servers.slapd import Slapd, SlapdOptions, running_slapd

SETTINGS = """\
directories:
  main:
    kind: openldap
    addresses: ["127.0.0.1"]
    port: {port}
    encryption: {encryption}
    ca_file: {ca_file}
    bind_dn: "{bind_dn}"
    bind_password: "{password}"
    base_dn: "{base_dn}"
    full_read_every: {full_read_every}
service:
  profile: generic
  base_url: {base_url}
  token: benchmark
  concurrency: {concurrency}
state: {state}
mapping:
  user:
    userType: employeeType
    organization: o
    phoneNumbers:
      - {{ value: telephoneNumber, type: work }}
      - {{ value: mobile, type: mobile }}
    addresses:
      - {{ locality: l, type: work }}
"""
_READ = (
    "cn departmentNumber displayName employeeNumber employeeType entryUUID givenName l mail mobile o preferredLanguage "
    "sn telephoneNumber title uid"
)
"""The attributes that the mapping reads; people have these 16."""
PEOPLE = ("(objectClass=inetOrgPerson)", _READ)
_FEW = 10
GROUPS = ("(objectClass=groupOfNames)", "cn entryUUID member")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--groups", type=int, default=5_000)
    parser.add_argument("--concurrency", type=int, default=16)
    asked = parser.parse_args()
    size = Size(asked.people, asked.groups, asked.people // 2)
    print(f"{asked.people} people, {asked.groups} groups, the largest of {size.largest_group}; seed 1\n")
    with tempfile.TemporaryDirectory() as name, sink(workers=2) as base_url:
        folder = Path(name)
        ldif = folder / "world.ldif"
        with ldif.open("w", encoding="utf-8") as out:
            out.writelines(company_ldif(size))
        options = SlapdOptions(suffix=BASE_DN, overlays=("syncprov",), database_lines=("syncprov-sessionlog 1000",))
        with running_slapd(folder / "slapd", ldif, options) as slapd:
            always, daily, tls = (folder / "always.yml", folder / "daily.yml", folder / "tls.yml")
            ports = {"none": slapd.port, "ldaps": slapd.tls_port}
            for settings, every, encryption in ((always, "0", "none"), (daily, "1d", "none"), (tls, "0", "ldaps")):
                settings.write_text(
                    SETTINGS.format(
                        port=ports[encryption],
                        encryption=encryption,
                        ca_file=slapd.ca_file,
                        bind_dn=slapd.admin_dn,
                        password=slapd.admin_password,
                        base_dn=BASE_DN,
                        full_read_every=every,
                        base_url=base_url,
                        concurrency=asked.concurrency,
                        state=folder / "state.db",
                    ),
                    encoding="utf-8",
                )
            measure(slapd, always, tls)
            measure_orchestration(folder, always)
            measure_changes(slapd, daily)
            measure_few(slapd, always, ldif)
    return 0


def measure_changes(slapd: Slapd, settings: Path) -> None:
    """Run the command as a process, cold: once in full, then without a change."""
    base = ldapsearch(slapd)
    for what in ("the command, everything read, in step", "the command, by changes, nothing changed"):
        seconds, said = sync(settings)
        (read,) = said["reads"]
        row(what, seconds, base)
        how = read["by_changes"] or "in full"
        print(f"    read {how}: {read['transferred']} of {read['entries']} entries transferred")


def measure_few(slapd: Slapd, settings: Path, ldif: Path) -> None:
    """Read everything where a few people have changed: what a comparison costs that has something to find."""
    with ldif.open(encoding="utf-8") as lines:
        people = list(islice((line for line in lines if line.startswith("dn: uid=")), _FEW))
    changes = "\n".join(f"{dn}changetype: modify\nreplace: title\ntitle: changed\n" for dn in people)
    subprocess.run(
        ["ldapmodify", "-x", "-H", slapd.url, "-D", slapd.admin_dn, "-w", slapd.admin_password],
        input=changes, text=True, stdout=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    base = ldapsearch(slapd)
    few = part("plan", settings)
    row(f"map + validate + diff + plan, {_FEW} people changed", after_reading(few), base, few["MiB"])
    print(f"    {few['operations']:.0f} operations")


def measure_orchestration(folder: Path, settings: Path) -> None:
    """Do the first run once more, as a command and as a flow, and then the run that finds nothing to do."""
    state, read = folder / "state.db", folder / "read.db"
    with orchestration.prefect_server(folder / "prefect") as served:
        copy_state(read, state)
        plain = orchestration.command(settings, "--apply")
        copy_state(read, state)
        print_added("a first run with --apply", plain, orchestration.flow(settings, "apply", served))
        plain = orchestration.command(settings, "--apply")
        print_added("a run that finds nothing to do", plain, orchestration.flow(settings, "apply", served))
    alone = orchestration.flow(settings, "apply", {"PREFECT_HOME": str(folder / "alone")})
    print(f"the same flow, with a server of its own that it starts and ends: {alone.seconds:.1f} s")


def print_added(what: str, plain: orchestration.Took, flow: orchestration.Took) -> None:
    """Print what Prefect adds to the same work."""
    more = flow.seconds - plain.seconds
    print(
        f"{what}: command {plain.seconds:.1f} s, peak {plain.mebibytes:.0f} MiB; flow beside a server "
        f"{flow.seconds:.1f} s, peak {flow.mebibytes:.0f} MiB: {more:+.1f} s, {more / plain.seconds:+.1%}"
    )


def copy_state(source: Path, target: Path) -> None:
    """Replace a state by another."""
    for suffix in ("", "-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as here, closing(sqlite3.connect(target)) as there:
        here.backup(there)


def measure(slapd: Slapd, settings: Path, tls: Path) -> None:
    """Run every part beside its peer; what the first read leaves is kept as `read.db`."""
    ldapsearch(slapd)  # once for the server's cache
    base = ldapsearch(slapd)
    row("ldapsearch, the same two searches", base, base)
    result = part("read", settings)
    row("reader: read and decoded", result["read"], base, result["MiB"])
    secret = part("read", tls)
    row("reader: the same over TLS", secret["read"], base, secret["MiB"])
    first = part("plan", settings)
    row("read into the directory image, first", first["image"], base)
    row("map + validate + diff + plan, first load", after_reading(first), base, first["MiB"])
    for phase in ("map", "validate", "diff and plan"):
        row(f"  {phase}", first[phase], base)
    copy_state(settings.with_name("state.db"), settings.with_name("read.db"))
    part("bodies", settings)
    bare = part("bare", settings)
    loaded = part("load", settings)
    row("a whole first run with --apply", loaded["whole run"], base, loaded["MiB"])
    again = part("plan", settings)
    row("read into the directory image, nothing changed", again["image"], base)
    row("map + validate + diff + plan, nothing changed", after_reading(again), base, again["MiB"])
    sync(settings)
    after_idle = part("plan", settings)
    row("the same, after a run that found all in step", after_reading(after_idle), base, after_idle["MiB"])
    ours, theirs = loaded["users"] / loaded["load of users"], bare["users"] / bare["bare"]
    print(f"\nload: {ours:.0f} users/s with journal and snapshot on")
    print(f"      {theirs:.0f} users/s by a bare httpx client: {ours / theirs:.2f} × of it")
    print(f"operations: {loaded['operations']:.0f} at the first run, {again['operations']:.0f} at the second")
    print(f"ldap2scim --help: {command('--help'):.2f} s")


def after_reading(result: dict[str, float]) -> float:
    """Return the seconds of a plan after its read; a run that has nothing to decide is over after its mapping."""
    return sum(result.get(phase, 0.0) for phase in ("map", "validate", "diff and plan"))


def row(what: str, seconds: float, base: float, memory: float | None = None) -> None:
    """Print one line."""
    peak = "" if memory is None else f"  peak {memory:.0f} MiB"
    print(f"{what:<50} {seconds:8.2f} s  {seconds / base:6.2f} × ldapsearch{peak}", flush=True)


def sync(settings: Path) -> tuple[float, dict[str, Any]]:
    """Run `sync --apply` from a cold start to its exit; return seconds and what it said."""
    command_line = [sys.executable, "-m", "ldap2scim", "sync", "--apply", "--json", "--config", str(settings)]
    started = time.perf_counter()
    done = subprocess.run(command_line, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(done.stdout[-2000:] + done.stderr)
    said: dict[str, Any] = json.loads(done.stdout)
    return seconds, said


def part(name: str, settings: Path) -> dict[str, float]:
    """Run one part in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.parts", name, str(settings)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def ldapsearch(slapd: Slapd) -> float:
    """Return the seconds that OpenLDAP's own client needs for both searches."""
    started = time.perf_counter()
    for wanted, attributes in (PEOPLE, GROUPS):
        subprocess.run(
            ["ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-E", "pr=1000/noprompt", "-H", slapd.url,
             "-D", slapd.admin_dn, "-w", slapd.admin_password, "-b", BASE_DN, wanted, *attributes.split()],
            stdout=subprocess.DEVNULL, check=True,
        )  # fmt: skip
    return time.perf_counter() - started


def command(*arguments: str) -> float:
    """Return the seconds of the quickest of five starts of the command."""
    times = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "ldap2scim", *arguments], stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - started)
    return min(times)


@contextmanager
def sink(workers: int) -> Iterator[str]:
    """Run the SCIM sink and give its URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.sink", str(workers)], stdout=subprocess.PIPE, text=True
    )
    try:
        if process.stdout is None:
            raise SystemExit("the sink has no output")
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
