"""Reads the block `drift`, which both forms of the settings file share. No I/O."""

from collections.abc import Mapping

from ldap2scim.model import ResourceType
from ldap2scim.planning.drift_policy import MEMBERS, DriftPolicy, Repair
from ldap2scim.settings.attribute_names import VOCABULARIES, leaves, written_path
from ldap2scim.settings.reading import Section, Unfit
from ldap2scim.settings.values import one_of

_REPAIR = one_of(Repair)


def read_drift(section: Section) -> DriftPolicy:
    """Return the policy; every attribute that is not named has the default."""
    default = section.take("default", _REPAIR, Repair.OVERWRITE)
    attributes = {
        kind: named
        for kind in ResourceType
        if (named := _attributes(section.section(kind.value.lower()), kind, default))
    }
    section.finish()
    return DriftPolicy(default, attributes)


def _attributes(section: Section, kind: ResourceType, default: Repair) -> Mapping[str, Repair]:
    found: dict[str, Repair] = {}
    if kind is ResourceType.GROUP and section.get(MEMBERS) is not None:
        found[MEMBERS] = section.take(MEMBERS, _REPAIR, default)
    written = leaves(section, VOCABULARIES[kind])
    for path, field in {**written.single, **written.multi}.items():
        try:
            found[path] = _REPAIR(field)
        except Unfit as error:
            field.reading.problem(field.node.place, field.path, str(error))
        else:
            section.show(written_path(path), found[path], field.origin)
    return found
