"""One run: its settings, its state, its lease, its time. Everything that the phases share."""

import gc
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from enum import StrEnum

from ldap2scim import __version__
from ldap2scim.errors import Ldap2ScimError, RunRefused, StateError, exit_code_of, short_name_of
from ldap2scim.findings import Finding
from ldap2scim.progress import Progress, Silent
from ldap2scim.run.holder import holder, is_dead
from ldap2scim.run.memory import keep_little
from ldap2scim.run.session import Session
from ldap2scim.settings import Settings, digest
from ldap2scim.state.access import StateReader
from ldap2scim.state.approvals import Given
from ldap2scim.state.image import last_change
from ldap2scim.state.lease import TTL, Lease, acquire
from ldap2scim.state.location import StateFile
from ldap2scim.state.runs import fail_run, finish_look, record_findings, start_run
from ldap2scim.state.store import Store, open_store

LEASE = "service"
"""One run at a time writes to one service."""
HEARTBEAT = TTL.total_seconds() / 4


class Mode(StrEnum):
    """What a run is allowed to do."""

    PLAN = "plan"
    """Look and decide; neither the service nor the snapshot is changed."""
    APPLY = "apply"


class Run:
    """A run in progress. Not a dataclass: an orchestrator must not look into it or copy it."""

    def __init__(self, settings: Settings, lease: Lease, run_id: str, mode: Mode, now: datetime) -> None:
        self.settings = settings
        self.settings_digest = digest(settings)
        self.lease = lease
        self.state = StateReader(lease.store)
        self.run_id = run_id
        self.mode = mode
        self.now = now
        """The time of evaluation; every decision of the run takes it from here."""
        self.progress: Progress = Silent()
        self.findings: list[Finding] = []
        self.approved = self.state.approvals.approved()
        """What a person released and no run has used yet."""
        self.given: Given | None = None
        """What was decided for this run alone; part of `approved`, and written down as the load begins."""
        self._session: Session | None = None

    @property
    def in_step_with(self) -> str:
        """Return what a run that found all in step must have had the same, for its finding to hold on.

        The day (UTC) is among it: once a day everything is compared, whatever did not change.
        """
        day = self.now.astimezone(UTC).date()
        return f"{self.settings_digest} {__version__} {last_change(self.store)} {day}"

    @property
    def store(self) -> Store:
        """The state, for reading."""
        return self.lease.store

    @property
    def session(self) -> Session:
        """The connection to the service.

        Raises:
            ServiceError: the service cannot be reached, or refuses the token.
        """
        if self._session is None:
            self._session = Session(self.settings, self.store)
        return self._session

    def note(self, *findings: Finding) -> None:
        """Remember findings for the report."""
        self.findings.extend(findings)

    def looked(self, what: str, exit_code: int) -> None:
        """Record how a run ended that comes to no report, since it only looks, and what it noticed.

        Raises:
            RunRefused: the run lost its lease.
            StateError: the state cannot be written.
        """
        record_findings(self.lease, self.run_id, self.findings)
        finish_look(self.lease, self.run_id, what, exit_code)

    def close(self) -> None:
        """Close what the run opened."""
        if self._session is not None:
            self.note(*self._session.connection.notes)
            self._session.close()
            self._session = None


def open_state(settings: Settings) -> Store:
    """Open the state; a file and its folder are made where they are missing.

    Raises:
        StateError: it cannot be opened or made.
    """
    if isinstance(settings.state, StateFile):
        folder = settings.state.path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StateError(
                f"The folder {folder} of the state file cannot be made: {error.strerror}.",
                "Make it a folder that the user who runs ldap2scim may write to, or name another file as `state`.",
            ) from error
    return open_store(settings.state)


@contextmanager
def open_run(
    settings: Settings, mode: Mode, *, progress: Progress | None = None, now: datetime | None = None
) -> Iterator[Run]:
    """Take the lease, record the run, keep the lease alive, and give it back at the end.

    Args:
        settings: of the administrator.
        mode: what the run may do.
        progress: who is told how far it has come.
        now: the time of evaluation; None: the present.

    Raises:
        RunRefused: another run holds the lease.
        StateError: the state cannot be opened.
    """
    keep_little()
    with open_state(settings) as store:
        run_id = uuid.uuid4().hex
        with _given_back(acquire(store, LEASE, holder(run_id), abandoned=is_dead)) as lease:
            run = Run(settings, lease, run_id, mode, now or datetime.now(UTC))
            run.progress = progress or Silent()
            start_run(lease, run_id, mode.value, run.settings_digest)
            try:
                with _heartbeat(lease), _few_collections():
                    yield run
            except Ldap2ScimError as error:
                with suppress(Ldap2ScimError):  # it is the first error that the user is told
                    fail_run(lease, run_id, exit_code_of(error), short_name_of(error))
                raise
            finally:
                run.close()


@contextmanager
def _given_back(lease: Lease) -> Iterator[Lease]:
    """Release a lease at the end; after an error, that error is what the user is told, whatever the state says."""
    try:
        yield lease
    except BaseException:
        with suppress(StateError):
            lease.release()
        raise
    lease.release()


@contextmanager
def _few_collections() -> Iterator[None]:
    """Let the collector of cycles look rarely, and not at what was there before the run.

    A run makes many objects and hardly a cycle: looking for some was a fifth of its time.
    """
    before = gc.get_threshold()
    gc.set_threshold(200_000, 20, 100)
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


@contextmanager
def _heartbeat(lease: Lease) -> Iterator[None]:
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(HEARTBEAT):
            try:
                lease.renew()
            except RunRefused:
                return  # the next write of the run is refused, and says why
            except StateError:
                continue  # another writer, or a lost connection: it may pass, and the next beat comes in time

    thread = threading.Thread(target=beat, name="ldap2scim-lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
