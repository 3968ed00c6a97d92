"""Settings: what the files say, checked and composed of the adapters' own settings."""

from ldap2scim.settings.composed import ConfiguredDirectory, LogLevel, Row, Schedule, Settings
from ldap2scim.settings.effective import changed_settings, digest, digests, mapping_digest, rows
from ldap2scim.settings.load import load
from ldap2scim.settings.written_names import written_names

__all__ = [
    "ConfiguredDirectory",
    "LogLevel",
    "Row",
    "Schedule",
    "Settings",
    "changed_settings",
    "digest",
    "digests",
    "load",
    "mapping_digest",
    "rows",
    "written_names",
]
