"""Runs a flow from a shell, without a server: Prefect starts a temporary one and ends it with the run."""

import argparse
from typing import Any, NoReturn, cast

from prefect import Flow, State

from ldap2scim.run.context import Mode
from tasks.ending import exit_code


class _Parser(argparse.ArgumentParser):
    """Wrong usage is a failure like any other: exit code 1 (DESIGN §7)."""

    def error(self, message: str) -> NoReturn:
        self.print_usage()
        self.exit(1, f"{self.prog}: {message}\n")


def run_ad_hoc(flow: Flow[..., Any]) -> int:
    """Parse the command line, run the flow, print its last word, and return the exit code of the command."""
    asked = _parser(flow).parse_args()
    state: State[Any] = cast("Any", flow)(**vars(asked), return_state=True)
    print(f"{state.name}: {state.message}")  # noqa: T201 - the answer to whoever typed the command
    return exit_code(state)


def _parser(flow: Flow[..., Any]) -> argparse.ArgumentParser:
    parser = _Parser(prog=f"python -m flows.{flow.fn.__name__}", allow_abbrev=False)
    parser.add_argument("--config", default="ldap2scim.yml", metavar="FILE", help="settings (default: %(default)s)")
    if "mode" in flow.parameters.properties:
        parser.add_argument("--mode", choices=[mode.value for mode in Mode], default=Mode.PLAN.value)
    if "sample" in flow.parameters.properties:
        parser.add_argument("--sample", type=_count, metavar="N", help="read N resources alone, others each day")
    if "since_last" in flow.parameters.properties:
        parser.add_argument("--since-last", action="store_true", help="read what changed since the last look alone")
    return parser


def _count(written: str) -> int:
    if not (written.isascii() and written.isdigit() and int(written)):
        raise argparse.ArgumentTypeError(f"must be a number from 1, not {written!r}")
    return int(written)
