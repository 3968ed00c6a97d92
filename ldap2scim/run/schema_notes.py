"""Attributes that the settings name and the server's schema does not have: asked once after the settings changed."""

from collections.abc import Iterator

from ldap2scim.directory import filters
from ldap2scim.directory.schema import nearest, without_options
from ldap2scim.directory.searches import group_filter, user_filter
from ldap2scim.directory.session import Session
from ldap2scim.errors import DirectoryError
from ldap2scim.findings import Finding, Severity
from ldap2scim.run.context import Run
from ldap2scim.settings import ConfiguredDirectory


def named_attributes(directory: ConfiguredDirectory) -> frozenset[str]:
    """Return every LDAP attribute that the settings name: mapped, compared in filters, anchor and members."""
    settings, mappings = directory.settings, directory.mappings
    names = mappings.user.ldap_attributes | mappings.group.ldap_attributes
    names |= {settings.source_anchor, settings.member_attribute}
    asked = filters.attributes_of(user_filter(settings)) | filters.attributes_of(group_filter(settings))
    return names | (asked - {name.lower() for name in names})


def note_unknown_attributes(run: Run, directory: ConfiguredDirectory, session: Session) -> None:
    """Note what the schema does not have, where the settings are others than those of the last run.

    The schema is some hundred kilobytes in one entry, and the answer is the same until somebody changes something.
    """
    before = [one for one in run.state.runs.latest_runs(2) if one.run_id != run.run_id]
    if before and before[0].settings_digest == run.settings_digest:
        return
    try:
        known = session.known_attributes()
    except DirectoryError:
        return  # what the read itself needs is said by the read
    run.note(*_notes(directory, known))


def _notes(directory: ConfiguredDirectory, known: frozenset[str]) -> Iterator[Finding]:
    name = directory.settings.name
    unknown = sorted(one for one in named_attributes(directory) if known and without_options(one) not in known)
    for one in unknown:
        meant = nearest(one, known)
        hint = f"; nearest is `{meant}`" if meant is not None else ""
        yield Finding(
            rule="unknown-attribute",
            severity=Severity.NOTE,
            message=f"The mapping or a filter of directory {name} names `{one}`, which the server's schema does not "
            f"have{hint}.",
            remedy="Correct the name; a comparison with an attribute that does not exist holds for nobody.",
            subjects=(name,),
        )
