"""What entries are mapped to at another moment: tells a clock that moved on from an entry that changed."""

from collections.abc import Collection, Mapping
from datetime import datetime

from ldap2scim.directory.anchors import source_anchor
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.mapping.kept import with_kept_ids
from ldap2scim.mapping.mapper import Mapped
from ldap2scim.model import Key, ResourceType, directory_of
from ldap2scim.run.context import Run
from ldap2scim.run.mapping import mapper_of
from ldap2scim.state.encoding import unpack
from ldap2scim.state.kept_ids import read_kept_ids
from ldap2scim.state.mapped import rows_of


def fingerprints_at(run: Run, keys: Collection[Key], moment: datetime) -> Mapping[Key, str]:
    """Return the fingerprint that the entries of today would have had at a moment; whoever is not in scope is left out.

    Raises:
        StateError: the image cannot be read.
    """
    found: dict[Key, str] = {}
    directories = {one.settings.name: one for one in run.settings.directories}
    kept = read_kept_ids(run.store)
    for name in sorted({directory_of(key) for key in keys} & {*directories}):
        directory = directories[name]
        mappers = {kind: mapper_of(run.settings, directory, kind) for kind in ResourceType}
        for row in rows_of(run.store, [key for key in keys if directory_of(key) == name]):
            entry = LdapEntry(row.dn, unpack(row.entry))
            anchor = source_anchor(entry, directory.settings)
            if anchor is None or row.key is None:
                continue
            mapped = mappers[row.resource_type].map(entry, anchor, moment)
            if isinstance(mapped, Mapped):
                decided = kept.get(row.key)
                as_kept = mapped if decided is None else with_kept_ids(mapped, decided.external_id, decided.linking_id)
                found[row.key] = as_kept.fingerprint
    return found
