"""What is checked of the settings as a whole: the pair of filters that means *no groups*. Pure."""

from collections.abc import Iterable

from ldap2scim.findings import Finding, Severity
from ldap2scim.settings.composed import Settings, selects_no_ldap_group, selects_no_scim_group

NO_LDAP_GROUPS = "!(cn=*)"
NO_SCIM_GROUPS = 'displayName eq ""'


def check_settings(settings: Settings) -> tuple[Finding, ...]:
    """Check what the settings say together. That each filter parses is checked when they are read."""
    return tuple(_no_groups_pair(settings))


def _no_groups_pair(settings: Settings) -> Iterable[Finding]:
    """Half of the pair would delete every group, or claim those of others (the manual's section on several domains)."""
    here = [one.settings.name for one in settings.directories if selects_no_ldap_group(one.settings.group_filter)]
    there = selects_no_scim_group(settings.service.group_filter)
    if there and len(here) < len(settings.directories):
        others = [one.settings.name for one in settings.directories if one.settings.name not in here]
        yield Finding(
            rule="no-groups-pair",
            severity=Severity.STOP,
            message=f"The SCIM filter `{NO_SCIM_GROUPS}` says that no group is ours, but the group filter of directory "
            f"{', '.join(others)} selects groups: each run would create them again.",
            remedy=f"Write the group filter `{NO_LDAP_GROUPS}` as well, or take the SCIM filter away.",
        )
    if here and not there:
        yield Finding(
            rule="no-groups-pair",
            severity=Severity.STOP,
            message=f"The group filter `{NO_LDAP_GROUPS}` of directory {', '.join(here)} selects no group, but the "
            "SCIM filter does not say that none is ours: groups of others would be taken for leavers.",
            remedy=f"Write the SCIM filter for groups `{NO_SCIM_GROUPS}` as well, or take the group filter away.",
        )
