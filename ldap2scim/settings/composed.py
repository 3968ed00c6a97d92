"""The settings of one installation, composed of those of its parts. Pure.

*Settings* are what the program works with; the file they come from is *the settings file*.
"""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from ldap2scim.directory.settings import DirectorySettings
from ldap2scim.mapping.spec import Mappings
from ldap2scim.planning.drift_policy import OVERWRITE_ALL, DriftPolicy
from ldap2scim.planning.policy import SafetyPolicy
from ldap2scim.scim.settings import ServiceSettings
from ldap2scim.settings.mail_settings import MailSettings
from ldap2scim.settings.own_rule_words import NO_RULES, OwnRules
from ldap2scim.state.location import Location, StateFile


class LogLevel(StrEnum):
    """The least grave message that is logged (`log.loglevel` of the original)."""

    ERROR = "error"
    WARN = "warn"
    INFO = "info"
    DEBUG = "debug"


HISTORY = timedelta(days=400)
"""How long runs and what they changed are remembered: a year, and the weeks in which somebody asks about it."""


@dataclass(frozen=True, slots=True)
class ConfiguredDirectory:
    """One directory with the mappings of its entries."""

    settings: DirectorySettings
    mappings: Mappings


@dataclass(frozen=True, slots=True)
class Schedule:
    """When deployments should run the synchronisation; hints, which the command itself does not read."""

    cron: str | None = None
    """Five fields; None: no schedule."""
    timezone: str | None = None
    """IANA name; None: that of the machine."""


@dataclass(frozen=True, slots=True)
class Row:
    """One effective setting, ready to be shown."""

    path: str
    shown: str
    """Secrets are `***`."""
    origin: str
    """`file:line`, `default`, `environment NAME`, `file PATH`, `profile NAME`."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a run needs to know beforehand."""

    file: Path
    directories: tuple[ConfiguredDirectory, ...]
    """At least one; their names differ."""
    service: ServiceSettings
    safety: SafetyPolicy
    state: Location
    """The file of the state store, or its database; relative paths begin at the settings file's folder."""
    schedule: Schedule
    log_level: LogLevel
    mail: MailSettings | None = None
    """None: nobody is written to."""
    history: timedelta = HISTORY
    """How long runs and what they changed are remembered."""
    rules: OwnRules = NO_RULES
    """The administrator's own."""
    drift: DriftPolicy = OVERWRITE_ALL
    """What becomes of edits made at the service."""
    notes: tuple[str, ...] = ()
    """What works and deserves a word, with its place."""
    rows: tuple[Row, ...] = field(default=(), repr=False)
    """Every effective setting with its origin."""

    @property
    def folder(self) -> Path:
        """Return where files beside the state are kept, such as the data docs."""
        if isinstance(self.state, StateFile):
            return self.state.path.parent
        return self.file.parent.absolute() / "state"

    @property
    def synchronises_groups(self) -> bool:
        """Say whether groups are synchronised at all; False for the pair of filters that means *no groups*."""
        ours = [selects_no_ldap_group(directory.settings.group_filter) for directory in self.directories]
        return not (all(ours) and selects_no_scim_group(self.service.group_filter))


def selects_no_ldap_group(ldap_filter: str) -> bool:
    """Say whether an LDAP filter is the manual's `!(cn=*)`, with or without outer parentheses."""
    bare = re.sub(r"\s+", "", ldap_filter).casefold()
    return bare in {"!(cn=*)", "(!(cn=*))"}


def selects_no_scim_group(scim_filter: str) -> bool:
    """Say whether a SCIM filter is the manual's `displayName eq ""`, with or without outer parentheses."""
    bare = scim_filter.strip()
    if bare.startswith("(") and bare.endswith(")"):
        bare = bare[1:-1].strip()
    return re.fullmatch(r'displayname\s+eq\s+""', bare, re.IGNORECASE) is not None
