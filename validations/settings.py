"""What is checked of the settings as a whole: filters that cannot mean what they say, claims without issuer. Pure.

That each filter parses is checked when the settings are read (`settings.filter_checks`), with file and line.
"""

from collections.abc import Iterable, Sequence

from ldap2scim.directory.active_directory import IN_CHAIN
from ldap2scim.directory.settings import DirectoryKind, Nesting
from ldap2scim.findings import Finding, Severity
from ldap2scim.mapping.spec import ValueRule
from ldap2scim.scim.profiles import profile_of
from ldap2scim.settings.composed import ConfiguredDirectory, Settings, selects_no_ldap_group, selects_no_scim_group
from validations.filters import check_filters

NO_LDAP_GROUPS = "!(cn=*)"
NO_SCIM_GROUPS = 'displayName eq ""'
UPSTREAM_NAMES = {"external_user_name": "externalUserName", "subject": "subject"}
"""Names at the upstream identity provider, of the IIJ ID Service, by path; each needs an issuer."""
ISSUER = "id_token_claims.issuer"


def check_settings(settings: Settings) -> tuple[Finding, ...]:
    """Check what the settings say together."""
    return (
        *_no_groups_pair(settings),
        *check_filters(settings),
        *(found for directory in settings.directories for found in _in_chain(directory)),
        *(found for directory in settings.directories for found in _issuer(directory)),
        *(found for directory in settings.directories for found in _primary(directory)),
        *_nested_groups(settings),
    )


def _no_groups_pair(settings: Settings) -> Iterable[Finding]:
    """Half of the pair would create groups again in every run, or take all for leavers.

    The pair is that of the manual's section on several domains. One directory among several may well give people
    alone, so that the LDAP half is only wrong where no directory gives groups.
    """
    without = [one.settings.name for one in settings.directories if selects_no_ldap_group(one.settings.group_filter)]
    others = [one.settings.name for one in settings.directories if one.settings.name not in without]
    none_there = selects_no_scim_group(settings.service.group_filter)
    if none_there and others:
        yield Finding(
            rule="no-groups-pair",
            severity=Severity.STOP,
            message=f"The SCIM filter `{NO_SCIM_GROUPS}` says that no group of the service is ours, but the group "
            f"filter of {_directories(others)} selects groups: each run would create them again.",
            remedy=f"Write the group filter `{NO_LDAP_GROUPS}` for {_directories(others)} as well, or take the SCIM "
            "filter for groups away.",
            subjects=tuple(others),
        )
    if not none_there and not others:
        yield Finding(
            rule="no-groups-pair",
            severity=Severity.STOP,
            message=f"The group filter `{NO_LDAP_GROUPS}` of {_directories(without)} selects no group, but the SCIM "
            "filter for groups does not say that none of the service is ours: all of them would be taken for leavers.",
            remedy=f"Write the SCIM filter for groups `{NO_SCIM_GROUPS}` as well, or take the group filter away.",
            subjects=tuple(without),
        )


def _in_chain(directory: ConfiguredDirectory) -> Iterable[Finding]:
    """OpenLDAP answers a rule that it does not know with success and nobody, so that everybody would be a leaver."""
    if directory.settings.kind is not DirectoryKind.OPENLDAP:
        return
    written = {"user": directory.settings.user_filter, "group": directory.settings.group_filter}
    for kind, text in written.items():
        if f":{IN_CHAIN}:=" in text:
            yield Finding(
                rule="filter-selects-nobody",
                severity=Severity.STOP,
                message=f"The {kind} filter of directory {directory.settings.name} has the rule {IN_CHAIN}, which "
                "Active Directory alone knows; in OpenLDAP it holds for no entry.",
                remedy="Compare with `memberOf=DN` (the server needs the overlay memberof; members of groups in groups "
                "do not count), or correct the directory's `kind`.",
                subjects=(directory.settings.name,),
            )


def _issuer(directory: ConfiguredDirectory) -> Iterable[Finding]:
    """The IIJ ID Service answers 400 for a name at an upstream provider without the provider's issuer."""
    mapping = directory.mappings.user
    names = [wire for path, wire in UPSTREAM_NAMES.items() if _gives(mapping.single.get(path))]
    if not names:
        return
    issuer = mapping.single.get(ISSUER)
    shown, where = " and ".join(names), f"directory {directory.settings.name}"
    if not _gives(issuer):
        yield Finding(
            rule="issuer-missing",
            severity=Severity.STOP,
            message=f"The user mapping of {where} sets {shown} without idTokenClaims.issuer: the service would refuse "
            "(400) everybody who has such a name.",
            remedy="Write the issuer that the console shows under upstream ID providers as the default of "
            f"idTokenClaims.issuer, or leave {shown} out.",
            subjects=(directory.settings.name,),
        )
    elif issuer is not None and not issuer.default and ISSUER not in mapping.required:
        yield Finding(
            rule="issuer-missing",
            severity=Severity.NOTE,
            message=f"The user mapping of {where} sets {shown}, and takes idTokenClaims.issuer from the directory "
            "without a default: the service refuses (400) people who have no value there.",
            remedy="Write a default for idTokenClaims.issuer.",
            subjects=(directory.settings.name,),
        )


def _primary(directory: ConfiguredDirectory) -> Iterable[Finding]:
    """Which of several addresses is the one to write to is the directory's word, not the service's guess."""
    items = directory.mappings.user.multi.get("emails", ())
    if len(items) > 1 and not any("primary" in item.sub_attributes for item in items):
        yield Finding(
            rule="no-primary-email",
            severity=Severity.NOTE,
            message=f"The user mapping of directory {directory.settings.name} makes several e-mail addresses, and "
            "marks none of them primary: the service chooses one.",
            remedy="Write `primary: true` beside one of `emails`.",
            subjects=(directory.settings.name,),
        )


def _nested_groups(settings: Settings) -> Iterable[Finding]:
    """A group in a group can only be kept where the service is sent such members."""
    kept = [one.settings.name for one in settings.directories if one.settings.nesting is Nesting.KEEP]
    if kept and not profile_of(settings.service).nested_groups:
        yield Finding(
            rule="nesting-not-supported",
            severity=Severity.STOP,
            message=f"`nesting: keep` of {_directories(kept)} would make groups members of groups, which "
            f"the profile `{settings.service.profile}` does not send to its service.",
            remedy="Write `nesting: flatten`, so that the members of inner groups are members of the outer ones, or "
            "`nesting: ignore`.",
            subjects=tuple(kept),
        )


def _gives(rule: ValueRule | None) -> bool:
    """Say whether a rule can give a value at all."""
    return rule is not None and (bool(rule.sources) or rule.default not in {None, ""})


def _directories(names: Sequence[str]) -> str:
    return f"director{'y' if len(names) == 1 else 'ies'} {', '.join(names)}"
