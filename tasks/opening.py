"""Opens a run for a flow: settings, log, lease."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ldap2scim.run.context import Mode, Run, open_run
from ldap2scim.settings import load
from tasks.logs import PhaseLog, domain_logs, messages_instead_of_tracebacks
from tasks.secrets import secret_block

logger = logging.getLogger("ldap2scim.settings")


@contextmanager
def opened(config: str, mode: str) -> Iterator[Run]:
    """Give a run; secrets come from where the settings say, and never from a parameter of the flow.

    Raises:
        SettingsError: with every problem of the settings.
        RunRefused: another run holds the lease.
        StateError: the state cannot be opened.
    """
    settings = load(Path(config), os.environ, secret_block)
    with domain_logs(settings.log_level), messages_instead_of_tracebacks():
        for note in settings.notes:
            logger.info(note)
        with open_run(settings, Mode(mode), progress=PhaseLog()) as run:
            yield run
