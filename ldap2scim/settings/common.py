"""Blocks that both forms of the settings file share: state, schedule, the service's transport. No I/O."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ldap2scim.directory.settings import DirectorySettings
from ldap2scim.mapping.spec import Mappings, ValueRule
from ldap2scim.scim import profiles
from ldap2scim.scim.profiles import Profile
from ldap2scim.settings.composed import Schedule
from ldap2scim.settings.nodes import SequenceNode
from ldap2scim.settings.reading import Field, Section, Unfit, unknown
from ldap2scim.settings.values import duration, filled, ldap_attribute

PAGE_SIZE = 1000
CONNECT_TIMEOUT = 10.0
"""Seconds."""
ANSWER_TIMEOUT = 3600.0
"""Seconds; the default of the original."""
FULL_READ_EVERY = timedelta(days=1)
LONGEST_WITHOUT_FULL_READ = timedelta(days=31)
LONGEST_LOCK = timedelta(days=366)
SHORTEST_HISTORY = timedelta(days=7)
LONGEST_HISTORY = timedelta(days=36_525)

_CRON_FIELD = r"[0-9A-Za-z*,/#?-]+"
_LOCKED = "pwdaccountlockedtime"


def source_anchor(field: Field) -> str:
    """Return the attribute that names an entry for life: one, since with two of them a key could change."""
    if isinstance(field.node, SequenceNode):
        raise Unfit(
            "must be one attribute: with a second one to fall back on, whoever gets a value in the first would become "
            "somebody else. Keep one that everybody has, and map `externalId` or `downstreamId` from the list."
        )
    return ldap_attribute(field)


def note_idle_lockout(section: Section, settings: DirectorySettings, mappings: Mappings) -> None:
    """Note a lockout duration that nothing looks at."""
    active = mappings.user.single.get("active", ValueRule())
    if settings.lockout_duration is not None and _LOCKED not in map(str.lower, active.sources):
        text = "has no effect: `active` is not mapped from pwdAccountLockedTime, so no lock disables anybody."
        section.note("lockout_duration", text)


def read_schedule(section: Section) -> Schedule:
    """Return the hints for deployments."""
    schedule = Schedule(section.take("cron", cron, None), section.take("timezone", timezone, None))
    section.finish()
    return schedule


def history(field: Field) -> timedelta:
    """Return how long the history is kept."""
    kept = duration(LONGEST_HISTORY)(field)
    if kept < SHORTEST_HISTORY:
        raise Unfit(f"must be at least {SHORTEST_HISTORY.days}d: what a run did is looked for days later.")
    return kept


def cron(field: Field) -> str:
    """Return a cron expression of five fields; what its fields say is left to the scheduler."""
    value = " ".join(filled(field).split())
    if not re.fullmatch(rf"{_CRON_FIELD}( {_CRON_FIELD}){{4}}", value):
        raise Unfit("must be a cron expression of five fields, such as '0 */2 * * *' for every two hours.")
    return value


def timezone(field: Field) -> str:
    """Return the name of a time zone."""
    value = filled(field)
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Unfit(f"`{value[:60]}` is no time zone; write an IANA name such as `Asia/Tokyo`.") from None
    return value


def profile(field: Field) -> Profile:
    """Return the profile of a service."""
    name = filled(field)
    if name not in profiles.NAMES:
        raise Unfit(f"`{name[:60]}` {unknown(name, list(profiles.NAMES))}")
    return profiles.by_name(name)
