"""The phases one after the other, as the command runs them. The flow runs the same ones as tasks."""

from datetime import datetime

from ldap2scim.errors import Ldap2ScimError
from ldap2scim.planning.approvals import Release
from ldap2scim.planning.plan import Plan
from ldap2scim.progress import Progress
from ldap2scim.run.context import Mode, Run, open_run
from ldap2scim.run.extract import Unread, extract
from ldap2scim.run.idle import idle
from ldap2scim.run.kept_plans import keep_plan
from ldap2scim.run.mapping import MappedCount, map_entries
from ldap2scim.run.reading import Read
from ldap2scim.run.report import Report
from ldap2scim.run.settings_changed import require_same_service
from ldap2scim.run.settle import settle_doubts
from ldap2scim.settings import Settings
from ldap2scim.state.places import forget_places


def synchronise(
    settings: Settings, mode: Mode, *, progress: Progress | None = None, now: datetime | None = None
) -> Report:
    """Read, compare, and in `Mode.APPLY` bring the service in step.

    Raises:
        Ldap2ScimError: nothing could be decided; the service and the snapshot are as they were.
    """
    with open_run(settings, mode, progress=progress, now=now) as run:
        return _synchronise(run)


def plan_to_keep(settings: Settings, *, progress: Progress | None = None, now: datetime | None = None) -> Report:
    """Read and compare as `synchronise` does in `Mode.PLAN`, and keep the plan by its id, whatever is in it.

    Raises:
        Ldap2ScimError: nothing could be decided; the service and the snapshot are as they were.
    """
    with open_run(settings, Mode.PLAN, progress=progress, now=now) as run:
        said = _synchronise(run)
        if said.plan is not None:
            keep_plan(run, said.plan)
        return said


def _synchronise(run: Run) -> Report:
    reads, mapped = look(run)
    if (said := idle(run, reads, mapped)) is not None:
        return said
    from ldap2scim.run import conclusion  # here and below: a second of imports that an idle run does without

    return conclusion.bring_in_step(run, reads)


def recover(settings: Settings, mode: Mode, *, progress: Progress | None = None, now: datetime | None = None) -> Report:
    """Read both sides in full, rebuild the snapshot in `Mode.APPLY`, and go on as `synchronise` does.

    Raises:
        Ldap2ScimError: nothing could be decided; the service and the snapshot are as they were.
    """
    with open_run(settings, mode, progress=progress, now=now) as run:
        forget_places(run.lease)
        settle_doubts(run)
        reads, _ = _read(run)
        from ldap2scim.run import conclusion

        return conclusion.recover(run, reads)


def carry_out(  # noqa: PLR0913 - as of `synchronise`, with the plan and what was decided about it
    settings: Settings,
    plan: Plan,
    decision: Release | None = None,
    mode: Mode = Mode.APPLY,
    *,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> Report:
    """Read, compare, and carry out what still stands of a plan, and nothing else.

    Args:
        settings: of the administrator; the same as those that the plan was made under.
        plan: that somebody has seen.
        decision: releases what the plan holds; None: what was approved by its id before is released, and no more.
        mode: `Mode.PLAN` says what still stands, and changes nothing.
        progress: who is told how far it has come.
        now: the time of evaluation; None: the present.

    Raises:
        PlanRefused: other settings, another version, or an approval that was used before; nothing was done.
        Ldap2ScimError: nothing could be decided; the service and the snapshot are as they were.
    """
    from ldap2scim.run import conclusion
    from ldap2scim.run.carry_out import admit, release

    admit(settings, plan)
    with open_run(settings, mode, progress=progress, now=now) as run:
        release(run, plan, decision)
        reads, _ = look(run)
        return conclusion.carry_out(run, reads, plan)


def look(run: Run) -> tuple[tuple[Read | Unread, ...], MappedCount]:
    """Settle doubts, read every directory, and map what changed.

    Raises:
        DirectoryError: no directory could be read.
        StateError: the state is of another service, which a recovery alone may go on from.
    """
    settle(run)
    return _read(run)


def settle(run: Run) -> None:
    """See that the service is the one that the state speaks of, and ask it about what is in doubt.

    Raises:
        StateError: the state is of another service, which a recovery alone may go on from.
    """
    require_same_service(run)
    settle_doubts(run)


def _read(run: Run) -> tuple[tuple[Read | Unread, ...], MappedCount]:
    reads = extract(run)
    require_one(reads)
    return reads, map_entries(run, reads)


def require_one(reads: tuple[Read | Unread, ...]) -> None:
    """Go on only where at least one directory was read.

    Raises:
        DirectoryError: that of the first directory.
    """
    failures = [one.error for one in reads if isinstance(one, Unread)]
    if len(failures) == len(reads):
        first: Ldap2ScimError = failures[0]
        raise first
