"""The same input gives the same plan, byte for byte, whatever the machine is like."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from ldap2scim.planning.plan import make_plan, to_json
from ldap2scim.planning.policy import SafetyPolicy
from ldap2scim.planning.safety import Population, judge
from tests.planning.worlds import World, difference, group, service_of, user

ROOT = Path(__file__).parents[2]
MACHINES = (
    {"PYTHONHASHSEED": "1", "TZ": "UTC", "LANG": "C", "LC_ALL": "C"},
    {"PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo", "LANG": "ja_JP.UTF-8", "LC_ALL": "C.UTF-8"},
    {"PYTHONHASHSEED": "4711", "TZ": "America/New_York", "LANG": "tr_TR.UTF-8", "LC_ALL": "POSIX"},
)


def plan_bytes(order: int) -> bytes:
    """Return the plan file of a small company in which everybody and everything changes."""
    names = [f"u{n:02}ı" for n in range(40)]
    before = World(
        {f"ad:{name}": user(name, title="山田") for name in names[:30]},
        {"ad:g": group("g"), "ad:old": group("old")},
        frozenset(("ad:g", f"ad:{name}") for name in names[:20]),
    )
    after = World(
        {f"ad:{name}": user(name, title="鈴木" if n % 3 else "山田") for n, name in enumerate(names[5:], 5)},
        {"ad:g": group("g", description="é"), "ad:new": group("new")},
        frozenset(("ad:new", f"ad:{name}") for name in names[10:35]),
    )
    found = difference(after, service_of(before), order=order)
    judged = judge(found, Population(30, 2, found.known_members), SafetyPolicy(), {}, frozenset())
    assert judged.held
    moment = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
    made = make_plan(
        judged.flowing,
        judged.held,
        evaluated_at=moment,
        settings_digest="s",
        program="1",
        settings={"b": "1", "a": "2"},
    )
    return to_json(made)


def test_the_same_input_gives_the_same_bytes_on_any_machine(tmp_path: Path) -> None:
    """Hash seed, time zone, language, working directory and the order of the rows make no difference."""
    code = (
        "import sys; from tests.planning.test_plan_on_any_machine import plan_bytes; from hashlib import sha256; "
        "print(sha256(plan_bytes(int(sys.argv[1]))).hexdigest())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code, order],
            env={**os.environ, **machine, "PYTHONPATH": str(ROOT)},
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for machine, order, folder in zip(MACHINES, ("1", "-1", "-1"), (ROOT, tmp_path, Path("/")), strict=True)
    }
    assert said == {sha256(plan_bytes(1)).hexdigest()}
