"""The pilot group: whose operations go first, as `safety.canary.pilot` names it."""

from ldap2scim.findings import Finding, Severity
from ldap2scim.model import Key
from ldap2scim.planning.guards import comparable
from ldap2scim.planning.matching import contains_any, texts
from ldap2scim.run.believe import Believed
from ldap2scim.run.context import Run


def pilot_members(run: Run, believed: Believed) -> frozenset[Key]:
    """Return the members of the pilot group, as the directory has them now; nobody where none is named.

    A name that no group has is noted: then a few of each kind go first, as without a name.
    """
    name = run.settings.safety.canary.pilot
    if name is None:
        return frozenset()
    frame, edges = believed.desired.groups, believed.desired.members
    names = zip(frame["key"], frame["login"], frame["dn"], strict=True)
    wanted = comparable(name)
    groups = frozenset(str(key) for key, login, dn in names if wanted in {comparable(login), comparable(dn)})
    if not groups:
        run.note(_missing(name))
        return frozenset()
    return frozenset(map(Key, texts(edges.member, contains_any(edges.group, groups).nonzero()[0])))


def _missing(name: str) -> Finding:
    return Finding(
        rule="pilot-group-missing",
        severity=Severity.NOTE,
        message=f"The directory shows no group {name} in scope, which `safety.canary.pilot` names; in its place the "
        "first few operations of each large kind go first.",
        remedy="Write the name or DN of a group that is synchronised, or take the setting out.",
        subjects=(name,),
    )
