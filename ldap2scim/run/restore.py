"""Restore: the service is made as it was at an earlier moment, as far as the history reaches."""

from dataclasses import replace
from datetime import datetime

from ldap2scim.errors import StateError
from ldap2scim.progress import Progress
from ldap2scim.run.conclusion import conclude
from ldap2scim.run.context import Mode, Run, open_run
from ldap2scim.run.decide_back import Asked
from ldap2scim.run.past import not_undone, way_back
from ldap2scim.run.pipeline import settle
from ldap2scim.run.report import Report
from ldap2scim.run.undo import WAS_LEFT
from ldap2scim.settings import Settings
from ldap2scim.state import mended, remembered
from ldap2scim.state.history import HistoryReader
from ldap2scim.state.snapshot_rows import Status


def restore(  # noqa: PLR0913 - as of `undo`
    settings: Settings,
    as_of: datetime,
    mode: Mode,
    asked: Asked | None = None,
    *,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> Report:
    """Make the service as it was: in `Mode.PLAN` show what that takes, in `Mode.APPLY` carry it out.

    What no run of ours changed is not brought back: the snapshot is what we know of the service.

    Raises:
        PlanRefused: what was released is another plan; nothing was done.
        StateError: the moment is in the future, or the history does not reach back so far, or there was nothing then.
        Ldap2ScimError: nothing could be decided; the service and the snapshot are as they were.
    """
    with open_run(settings, mode, progress=progress, now=now) as run:
        _require_past(run, as_of)
        _require_after_the_first_run(run, as_of)
        settle(run)
        past = HistoryReader(run.store).state_as_of(as_of)
        left = [key for key, row in past.rows.items() if row is not None and row.status is Status.LEFT]
        present = remembered.rows(run.store, left)
        lost = [str(row.login or key) for key in left if key not in present and (row := past.rows[key]) is not None]
        if lost:
            run.note(not_undone(WAS_LEFT, lost))
        way = way_back(run, past, asked)
        if mode is Mode.PLAN or way.decision.plan.operations:
            mended.record(run.lease, run.run_id, as_of=as_of)
        said = conclude(run, (), way.believed.sums, way.decision)
        return replace(said, gone_back=f"the service is as it was at {as_of:%Y-%m-%d %H:%M:%S %Z}")


def _require_past(run: Run, as_of: datetime) -> None:
    """Refuse a moment that has not come: a wrong year or zone is likelier than the wish to change nothing."""
    if as_of > run.now:
        raise StateError(
            f"{as_of:%Y-%m-%d %H:%M %Z} is in the future: it is {run.now:%Y-%m-%d %H:%M} UTC.",
            "Give an earlier moment; one without a zone is local time.",
        )


def _require_after_the_first_run(run: Run, as_of: datetime) -> None:
    """Refuse a moment at which nothing was managed yet: going back to it would remove everybody."""
    first = run.state.runs.first_started_at()
    if first is not None and as_of < first:
        raise StateError(
            f"At {as_of:%Y-%m-%d %H:%M %Z} nothing was managed yet: the first run that is remembered began at "
            f"{first:%Y-%m-%d %H:%M} UTC.",
            "Give a later moment; `ldap2scim history` lists the runs.",
        )
