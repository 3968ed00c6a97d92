"""The entry point: parse, run, and turn what happened into one message and an exit code."""

import argparse
import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module

from ldap2scim.cli.parser import parse
from ldap2scim.errors import Ldap2ScimError, SettingsError, exit_code_of

FAILED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code (DESIGN §7)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show stops nothing
    asked = parse(arguments)
    try:
        return _run(asked)
    except Ldap2ScimError as error:
        _say(asked, error)
        return exit_code_of(error)
    except KeyboardInterrupt:
        print("Stopped. What was begun is settled by the next run.", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        # The reader of our output has gone. Python would flush once more at its end, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception:  # noqa: BLE001 - a defect of ours; everything a user can do wrong is an Ldap2ScimError
        traceback.print_exc()
        print("This is a defect of ldap2scim. Please report it with the lines above.", file=sys.stderr)
        return FAILED


def _run(asked: argparse.Namespace) -> int:
    from ldap2scim.cli.logs import start_logging

    start_logging(verbose=getattr(asked, "verbose", False))
    code = _command(asked.command)(asked)
    sys.stdout.flush()  # here, where a pipe without a reader is still an error like any other
    return code


_COMMANDS = {
    "approve": "sync:approve",
    "bundle": "bundle:bundle",
    "check": "check:check",
    "demo": "demo:demo",
    "diff": "diff:diff",
    "drift": "commands:drift",
    "explain": "explain:explain",
    "forget": "forget:forget",
    "history": "history:history",
    "keep": "keep:keep_command",
    "plan": "plan:plan",
    "probe": "probe:probe",
    "recover": "commands:recover",
    "restore": "restore:restore",
    "rules": "rules:rules",
    "settings": "commands:settings",
    "sync": "sync:sync",
    "undo": "undo:undo",
}
"""Module of this package and function that answer each word."""


def _command(name: str) -> Callable[[argparse.Namespace], int]:
    # Imported here: `--help` and `--version` answer without pandas, SQLAlchemy or httpx.
    module, _, function = _COMMANDS[name].partition(":")
    answer: Callable[[argparse.Namespace], int] = getattr(import_module(f"ldap2scim.cli.{module}"), function)
    return answer


def _say(asked: argparse.Namespace, error: Ldap2ScimError) -> None:
    from ldap2scim.cli import output

    if getattr(asked, "json", False):
        said: dict[str, object] = {"message": error.message, "remedy": error.remedy}
        if isinstance(error, SettingsError):
            said["problems"] = [{**fault._asdict(), "remedy": error.remedy} for fault in error.faults]
        output.document({"error": said})
    else:
        output.failure(str(error))
