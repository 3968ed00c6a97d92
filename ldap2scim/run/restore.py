"""Restore: the service is made as it was at an earlier moment, as far as the history reaches."""

from datetime import datetime

from ldap2scim.errors import StateError
from ldap2scim.progress import Progress
from ldap2scim.run.context import Mode, Run, open_run
from ldap2scim.run.decide_back import Asked
from ldap2scim.run.past import not_undone, way_back
from ldap2scim.run.pipeline import conclude, settle
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
        StateError: the history does not reach back so far, or there was nothing at that time.
        Ldap2ScimError: nothing could be decided; the service and the snapshot are as they were.
    """
    with open_run(settings, mode, progress=progress, now=now) as run:
        _require_after_the_first_run(run, as_of)
        settle(run)
        past = HistoryReader(run.store).state_as_of(as_of)
        left = [key for key, row in past.rows.items() if row is not None and row.status is Status.LEFT]
        present = remembered.rows(run.store, left)
        lost = [str(row.login or key) for key in left if key not in present and (row := past.rows[key]) is not None]
        if lost:
            run.note(not_undone(WAS_LEFT, lost))
        way = way_back(run, past, asked)
        if mode is Mode.APPLY and way.decision.plan.operations:
            mended.record(run.lease, run.run_id, as_of=as_of)
        return conclude(run, (), way.believed, way.decision)


def _require_after_the_first_run(run: Run, as_of: datetime) -> None:
    """Refuse a moment at which nothing was managed yet: going back to it would remove everybody."""
    first = run.state.runs.first_started_at()
    if first is not None and as_of < first:
        raise StateError(
            f"At {as_of:%Y-%m-%d %H:%M %Z} nothing was managed yet: the first run that is remembered began at "
            f"{first:%Y-%m-%d %H:%M} UTC.",
            "Give a later moment; `ldap2scim history` lists the runs.",
        )
