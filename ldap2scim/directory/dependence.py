"""Does what a search finds depend on other entries than those it finds? Pure.

Somebody who enters a group has not changed: neither Active Directory nor OpenLDAP's memberof overlay stamps the
person. A read of changes does not see her come into the scope of such a filter, or leave it.
"""

from collections.abc import Iterable

from ldap2scim.directory.filters import And, Comparison, Extensible, Filter, Not, Or, Present, Substrings

BACK_LINKS = frozenset({"memberof", "ismemberof", "directreports", "tokengroups", "msds-memberoftransitive"})
"""Attributes in lower case that a server computes from other entries."""


def depends_on_others(wanted: Filter) -> bool:
    """Say whether an entry may begin or cease to match while it stays as it is."""
    match wanted:
        case And(filters) | Or(filters):
            return any(map(depends_on_others, filters))
        case Not(inner):
            return depends_on_others(inner)
        case Extensible(attribute, dn_attributes, rule, _):
            # A matching rule may look at anything (the one of Active Directory follows chains of groups), and the
            # attributes of a DN belong to the entries above (RFC 4511 §4.5.1.7.7).
            return dn_attributes or not _is_bit_rule(rule) or _is_back_link(attribute)
        case Comparison(attribute) | Present(attribute) | Substrings(attribute):
            return _is_back_link(attribute)


def reads_back_links(attributes: Iterable[str]) -> frozenset[str]:
    """Return those of `attributes` whose values change without their entry."""
    return frozenset(name for name in attributes if _is_back_link(name))


def _is_back_link(attribute: str) -> bool:
    return attribute.partition(";")[0].lower() in BACK_LINKS


def _is_bit_rule(rule: str) -> bool:
    """Say whether a matching rule is one of [MS-ADTS] §3.1.1.3.4.4 that look at the bits of a number."""
    return rule in {"1.2.840.113556.1.4.803", "1.2.840.113556.1.4.804"}
