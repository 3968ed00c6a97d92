"""A process that has imported everything and forks a child for each run, which may be killed: `python -m …warm`.

It speaks lines of JSON: an order comes in, what became of the child goes out. It opens nothing itself, no state, no
connection and no thread, so that a child inherits nothing that two processes must not share.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from ldap2scim.errors import Ldap2ScimError
from ldap2scim.planning.plan import Plan
from ldap2scim.run import conclusion, pipeline
from ldap2scim.run.context import Mode
from ldap2scim.settings import load
from tests.integration.asked import announced
from tests.integration.kill_points import Point, lay
from tests.servers.scim import ROOT


@dataclass(frozen=True, slots=True)
class Order:
    """One run, and where it ends."""

    settings: str
    plan_file: str
    """The run writes its plan there before it carries it out."""
    work: str = "synchronise"
    """Or `recover`, or `plan_to_keep`, which changes nothing at the service."""
    point: str | None = None
    """None: nowhere, unless after `delay`."""
    visit: int = 1
    delay: float | None = None
    """Seconds after which it is killed, wherever it is."""
    days: int = 2
    """How far its time of evaluation is ahead: what the journal knows is older than a day, and many days go by in a
    minute."""


@dataclass(frozen=True, slots=True)
class Became:
    """What became of a run."""

    killed: bool
    code: int = 0
    trouble: str = ""
    """Why it was not the quiet success of a run that has nothing in its way."""
    balanced: bool = True
    seconds: float = 0.0
    seen: Mapping[str, int] = field(default_factory=dict)
    """Visits by place, of a run that was not killed."""
    plan: tuple[Mapping[str, Any], ...] = ()
    """Verb, type, key, service id and external id of what it had decided to do."""


class Warm:
    """The process, as the tests speak with it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, order: Order) -> Became:
        """Start a run, and wait until it has ended, one way or the other."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        Path(order.plan_file).unlink(missing_ok=True)
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the warm process has ended"
        planned = Path(order.plan_file)
        plan = tuple(json.loads(planned.read_text())) if planned.exists() else ()
        return Became(**json.loads(answer), plan=plan)


@contextmanager
def warm_process() -> Iterator[Warm]:
    """Start it; it ends with the block."""
    command = (sys.executable, "-m", "tests.integration.warm")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Warm(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()


def main() -> None:
    """Carry out orders until there are no more."""
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_forked(Order(**json.loads(line)))) + "\n")
        sys.stdout.flush()


def _forked(order: Order) -> dict[str, Any]:
    begun = time.monotonic()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        with os.fdopen(writer, "w") as said:
            _child(order, said)
        os._exit(0)
    os.close(writer)
    if order.delay is not None:
        time.sleep(order.delay)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reader) as heard:
        text = heard.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return {"killed": True, "seconds": time.monotonic() - begun}
    told = json.loads(text)
    for name in told.pop("late"):
        import_module(name)  # what a run imports late the next one shall find here
    return {"killed": False, "seconds": time.monotonic() - begun, **told}


def _child(order: Order, said: IO[str]) -> None:
    point, before = Point(order.point, order.visit), set(sys.modules)
    _keep_plans(Path(order.plan_file))
    lay(point)
    try:
        settings = load(Path(order.settings), {})
        now = datetime.now(UTC) + timedelta(days=order.days)
        match order.work:
            case "plan_to_keep":
                report = pipeline.plan_to_keep(settings, now=now)
            case "recover":
                report = pipeline.recover(settings, Mode.APPLY, now=now)
            case _:
                report = pipeline.synchronise(settings, Mode.APPLY, now=now)
    except Ldap2ScimError as error:
        json.dump({"code": 1, "trouble": f"{type(error).__name__}: {error}", "seen": point.seen, "late": []}, said)
        return
    troubles = [one.error for one in report.outcomes if one.error]
    troubles += [f"{one.rule}: {one.message}" for one in report.findings if one.severity != "note"]
    troubles += [reason for one in (report.plan.held if report.plan else ()) for reason in one.reasons]
    code = 1 if report.failed else 3 if report.held else 0
    balanced = report.accounts is None or report.accounts.balanced
    late = sorted(set(sys.modules) - before)
    told = {"code": code, "trouble": "; ".join(troubles), "balanced": balanced, "seen": point.seen, "late": late}
    json.dump(told, said)


def _keep_plans(file: Path) -> None:
    decide: Callable[..., Any] = getattr(conclusion, "decide")  # noqa: B009

    def decided(*arguments: Any) -> Any:
        decision = decide(*arguments)
        _write(file, decision.plan)
        return decision

    setattr(conclusion, "decide", decided)  # noqa: B010 (it is not exported)


def _write(file: Path, plan: Plan) -> None:
    file.write_text(json.dumps(announced(plan)), encoding="utf-8")


if __name__ == "__main__":
    main()
