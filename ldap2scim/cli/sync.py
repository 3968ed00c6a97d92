"""`ldap2scim sync` and `approve`: changes are carried out as they are found, or as somebody has seen them."""

import argparse
import getpass
import os
from collections.abc import Sequence
from datetime import UTC, datetime

from ldap2scim.cli import output
from ldap2scim.cli.commands import loaded_settings, mode_of, show
from ldap2scim.cli.progress import watching
from ldap2scim.errors import PlanRefused
from ldap2scim.planning.ages import ages
from ldap2scim.planning.approvals import Release
from ldap2scim.planning.kinds import kinds_named
from ldap2scim.planning.plan import Plan
from ldap2scim.run import pipeline
from ldap2scim.run.kept_plans import kept_plan
from ldap2scim.run.past_lines import decision_plain
from ldap2scim.run.plan_file import read_plan
from ldap2scim.settings import Settings
from ldap2scim.state.approvals import approve as release
from ldap2scim.state.approvals import full_plan_id
from ldap2scim.state.decisions import Decided, in_words, rejections_on
from ldap2scim.state.held_since import held_since_of
from ldap2scim.state.store import Store, open_store


def sync(asked: argparse.Namespace) -> int:
    """Bring the service in step, with `--apply`: with what differs now, or with what stands of a given plan."""
    loaded = loaded_settings(asked)
    given = _given_plan(loaded, asked)
    with watching(asked) as progress:
        if given is None:
            report = pipeline.synchronise(loaded, mode_of(asked), progress=progress)
        else:
            decision = None if asked.approve is None else _decision(asked)
            report = pipeline.carry_out(loaded, given, decision, mode_of(asked), progress=progress)
    return show(asked, report, "ldap2scim sync" if asked.plan is None else f"ldap2scim sync --plan {asked.plan}")


def approve(asked: argparse.Namespace) -> int:
    """Release the held operations of a plan for the next run."""
    loaded = loaded_settings(asked)
    with open_store(loaded.state, create=False) as store:
        plan_id = full_plan_id(store, asked.id)
        waited = _waited(store, plan_id)
        rejected = rejections_on(store, plan_id)
        count = release(store, plan_id, _decision(asked))
    _say_rejected(rejected)
    if asked.json:
        output.document({"approved": count, "waited": waited, "rejected": [decision_plain(one) for one in rejected]})
    else:
        print(f"{count} held operations are released for the next `ldap2scim sync --apply`, once, within 7 days.")
        if waited:
            output.lines(waited)
    return 0


def _waited(store: Store, plan_id: str) -> str:
    """Say how long what is held has waited; what has since today is new."""
    now = datetime.now(UTC)
    return ages((now if since.date() == now.date() else since for since in held_since_of(store, plan_id)), now)


def _given_plan(loaded: Settings, asked: argparse.Namespace) -> Plan | None:
    """Return the plan that was named: by its file, by its id, or by both where it is the same one.

    Raises:
        PlanError: there is no such plan.
        PlanRefused: the id is another plan's.
    """
    if asked.plan is not None:
        plan = read_plan(asked.plan)
        if asked.approve is not None and (len(asked.approve) < 8 or not plan.plan_id.startswith(asked.approve)):
            raise PlanRefused(
                f"{asked.plan} is plan {plan.plan_id[:12]}, and {asked.approve} is the id of another one.",
                "Approve the id of the plan that you have looked at, with 8 digits or more.",
            )
        return plan
    if asked.approve is None:
        return None
    with open_store(loaded.state, create=False) as store:
        plan = kept_plan(store, asked.approve)
        _say_rejected(rejections_on(store, plan.plan_id))
        return plan


def _say_rejected(before: Sequence[Decided]) -> None:
    """Say who said no to the plan: nothing in it has moved since, or it would be another plan by now."""
    output.notes([f"{in_words(one)} It is approved now all the same." for one in before])


def _decision(asked: argparse.Namespace) -> Release:
    return Release(asked.by or user_name(), asked.why, kinds_named(asked.kind) if asked.kind else None)


def user_name() -> str:
    """Return who runs the command, as the system knows them."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a process without a name, as in some containers
        return f"user {os.getuid()}"
