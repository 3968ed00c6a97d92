"""Object classes and those above them: an entry belongs to all of them (RFC 4512 §2.4). Pure."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from ldap2scim.sandbox.directory.comparing import Comparable
from ldap2scim.sandbox.directory.options import Make

_COMMON = {
    "organizationalPerson": "person",
    "person": "top",
    "organizationalUnit": "top",
    "organization": "top",
    "domain": "top",
    "groupOfNames": "top",
    "groupOfUniqueNames": "top",
    "organizationalRole": "top",
    "posixAccount": "top",
    "posixGroup": "top",
}
_SUPERIOR: Mapping[Make, Mapping[str, str]] = {
    Make.OPENLDAP: {**_COMMON, "inetOrgPerson": "organizationalPerson"},
    Make.ACTIVE_DIRECTORY: {
        **_COMMON,
        "user": "organizationalPerson",
        "inetOrgPerson": "user",
        "computer": "user",
        "contact": "organizationalPerson",
        "group": "top",
        "container": "top",
    },
}
_SPELLED = {make: {name.lower(): name for name in superior} for make, superior in _SUPERIOR.items()}


def with_superiors(classes: Iterable[str], make: Make) -> list[str]:
    """Return classes after all those above them, the most general first, as Active Directory stores them."""
    ordered: dict[str, str] = {}
    for given in classes:
        chain = [given]
        while above := _SUPERIOR[make].get(_SPELLED[make].get(chain[-1].lower(), "")):
            chain.append(above)
        for name in reversed(chain):
            ordered.setdefault(name.lower(), name)
    return list(ordered.values())


@lru_cache(maxsize=1024)
def comparable_classes(classes: frozenset[Comparable], make: Make) -> frozenset[Comparable]:
    """Return folded class names with those above them, for filters."""
    return frozenset(name.lower() for name in with_superiors(map(str, classes), make))
