"""The words of the command line. Standard library only, so that `--help` answers at once."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from ldap2scim import __version__

DESCRIPTION = "Keep a SCIM 2.0 service in step with an LDAP directory, and prove that it is."
EPILOG = """\
exit codes: 0 in step or applied, 1 failed, 2 changes pending, 3 something held or refused
sync, drift, recover, undo and restore change nothing unless --apply is given"""


class _Parser(argparse.ArgumentParser):
    """Wrong usage is a failure like any other: exit code 1; 2 means changes pending (DESIGN §7)."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(1, f"{self.prog}: {message}\n")


def _count(written: str) -> int:
    if not (written.isascii() and written.isdigit() and int(written)):
        raise argparse.ArgumentTypeError(f"must be a number from 1, not {written!r}")
    return int(written)


def _name(written: str) -> str:
    if not written.strip():
        raise argparse.ArgumentTypeError("must not be empty")
    return written


def _with_settings(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument(
        "--config",
        type=Path,
        default=Path("ldap2scim.yml"),
        metavar="FILE",
        help="ldap2scim.yml, or the config.yml of IIJ Directory Sync (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document for machines")
    parser.add_argument("--verbose", "-v", action="store_true", help="log each search and phase to standard error")
    return parser


def _with_apply(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--apply", action="store_true", help="carry the plan out (without it nothing is changed)")
    return parser


def _with_release(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument(
        "--kind",
        action="append",
        metavar="KIND",
        help="release this kind alone, as `deactivate` or `delete group`; may be given several times (default: all)",
    )
    return _with_signature(parser)


def _with_signature(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--by", metavar="NAME", help="who decides, for the record (default: the user who runs this)")
    parser.add_argument("--why", metavar="TEXT", default="", help="why, for the record")
    return parser


def _add_work(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add the words that make a plan, carry it out, and release what it holds."""
    plan = _with_settings(add("plan", "read the directory and show what would change"))
    plan.add_argument("--out", type=Path, metavar="FILE", help="write the plan to a file, for `sync --plan`")
    plan.add_argument(
        "--render",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="write it as a page to look at: .html, .md, .csv or .txt; may be given several times",
    )
    plan.add_argument(
        "--what-if", type=Path, metavar="FILE", help="show what these other settings would change, and nothing else"
    )
    sync = _with_apply(_with_settings(add("sync", "read, compare, and with --apply bring the service in step")))
    sync.add_argument("--plan", type=Path, metavar="FILE", help="carry out this plan, and nothing else")
    sync.add_argument(
        "--approve",
        metavar="ID",
        help="with --apply: release what this plan holds, and carry out this plan, and nothing else",
    )
    _with_release(sync)
    approve = _with_release(_with_settings(add("approve", "release the held operations of a plan for the next run")))
    approve.add_argument("id", metavar="ID", help="the plan's id, or its first 8 digits or more")
    keep = _with_settings(add("keep", "let a re-created person keep the old external ID; alone: list who does"))
    keep.add_argument(
        "who", type=_name, metavar="WHO", nargs="?", help="login or DN of the re-created entry, as the plan shows it"
    )
    keep.add_argument("--by", metavar="NAME", help="who decides (default: the user who runs this)")
    keep.add_argument("--end", action="store_true", help="take the decision back")
    _with_apply(_with_settings(add("recover", "rebuild the snapshot from the service, then bring it in step")))


def _add_questions(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add the words about what is."""
    _with_settings(add("rules", "are your own rules kept by the data, and by the plan?"))
    drift = _with_apply(_with_settings(add("drift", "which side moved: the whole service beside the directory")))
    drift.add_argument(
        "--since-last", action="store_true", help="read what changed since it was last found as it was left"
    )
    drift.add_argument("--sample", type=_count, metavar="N", help="read N resources alone, others each day")
    explain = _with_settings(add("explain", "why is somebody at the service as she is, or not there?"))
    explain.add_argument(
        "who", type=_name, metavar="WHO", help="login, e-mail, DN, GUID, service id, externalId, or a group's name"
    )
    explain.add_argument("--values", action="store_true", help="show values, not only what kind of text they are")


def _add_past(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add the words about what was."""
    history = _with_settings(add("history", "what happened to somebody, or in a run; alone: the last runs"))
    history.add_argument(
        "what", type=_name, metavar="WHO|RUN", nargs="?", help="as `explain` takes it, or the id of a run"
    )
    history.add_argument("--values", action="store_true", help="show values, not only the paths of attributes")
    diff = _with_settings(add("diff", "what differs between the ends of two runs"))
    diff.add_argument("first", metavar="RUN", help="as `undo` takes it")
    diff.add_argument("second", metavar="RUN", help="as `undo` takes it")
    diff.add_argument("--values", action="store_true", help="show values and names of members")
    forget = _with_apply(_with_settings(add("forget", "remove what the state has of somebody who has left")))
    forget.add_argument("who", type=_name, metavar="WHO", help="as `explain` takes it")
    undo = _with_apply(_with_settings(add("undo", "take back what a run changed")))
    undo.add_argument("run", metavar="RUN", help="the run's id, or its first 8 digits or more (`ldap2scim history`)")
    undo.add_argument("--approve", metavar="ID", help="with --apply: release the held operations of this plan first")
    _with_signature(undo)
    restore = _with_apply(_with_settings(add("restore", "make the service as it was at an earlier moment")))
    restore.add_argument("--as-of", metavar="TIME", required=True, help="like 2026-11-20 18:30 (local) or with a zone")
    restore.add_argument("--approve", metavar="ID", help="with --apply: release the held operations of this plan first")
    _with_signature(restore)


def _add_helpers(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add the words for those who help, for a new service, and for who looks at it the first time."""
    bundle = _with_settings(add("bundle", "write the state without names, for those who help"))
    bundle.add_argument("--out", type=Path, metavar="FILE", help="the file (default: ldap2scim-bundle-TIME.tar.gz)")
    bundle.add_argument("--key", type=Path, metavar="FILE", help="keep the key of the pseudonyms in this file of yours")
    bundle.add_argument("--replay", type=Path, metavar="FILE", help="make the plan of such a file; nobody is asked")
    probe = _with_settings(add("probe", "find out the habits of the service, for the settings"))
    probe.add_argument("--write", action="store_true", help="try it out on a user and a group that are removed again")
    probe.add_argument("--domain", metavar="DOMAIN", help="with --write: of the login of that user")
    probe.add_argument("--out", type=Path, metavar="FILE", help="write the block of settings to this file as well")
    demo = add("demo", "run the real flow on an embedded directory and service, and tell a short story")
    demo.add_argument("--keep", action="store_true", help="leave the servers up and say how to look at them")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command."""
    parser = _Parser(
        prog="ldap2scim",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"ldap2scim {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(name: str, summary: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)

    _with_settings(add("check", "is everything reachable, allowed and valid?"))
    _with_settings(add("settings", "show the effective settings and where each comes from"))
    _add_work(add)
    _add_questions(add)
    _add_past(add)
    _add_helpers(add)
    return parser


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the arguments; wrong usage ends the program with exit code 1 (DESIGN §7)."""
    parser = build_parser()
    asked = parser.parse_args(arguments)
    if asked.command == "sync" and asked.approve is not None and not asked.apply:
        parser.error("sync: --approve goes with --apply; `ldap2scim approve ID` releases for the next run")
    if asked.command == "sync" and asked.approve is None and (asked.kind or asked.by or asked.why):
        parser.error("sync: --kind, --by and --why go with --approve")
    if asked.command in {"undo", "restore"} and asked.approve is not None and not asked.apply:
        parser.error(f"{asked.command}: --approve goes with --apply")
    if asked.command in {"undo", "restore"} and asked.approve is None and (asked.by or asked.why):
        parser.error(f"{asked.command}: --by and --why go with --approve")
    if asked.command == "drift" and asked.sample is not None and asked.apply:
        parser.error("drift: --apply needs the whole service, so --sample does not go with it")
    if asked.command == "drift" and asked.since_last and (asked.apply or asked.sample is not None):
        parser.error("drift: --since-last goes with neither --apply nor --sample")
    if asked.command == "plan" and asked.what_if is not None and asked.out is not None:
        parser.error("plan: --what-if makes no plan that could be carried out, so --out does not go with it")
    if asked.command == "keep" and asked.end and asked.who is None:
        parser.error("keep: --end needs WHO")
    if asked.command == "probe" and asked.domain is not None and not asked.write:
        parser.error("probe: --domain goes with --write")
    return asked
