"""What can be wrong with an entry that is mapped, in the administrator's words. Pure.

No message holds a value: it names the attribute, and the DN is the finding's subject.
"""

from collections.abc import Mapping

from ldap2scim.findings import Finding, Severity
from ldap2scim.mapping.spec import ResourceMapping, ValueRule
from ldap2scim.mapping.values import Unreadable
from ldap2scim.model import Attributes, rfc_name

_NO_RULE = ValueRule()


def unreadable_value(problem: Unreadable, dn: str) -> Finding:
    """Hold an entry with a value that cannot be understood; left out, it would be removed from the service."""
    return Finding(
        "unreadable-value",
        Severity.HOLD,
        f"The value of the LDAP attribute {problem.attribute} {problem.problem}.",
        f"Correct {problem.attribute} of this entry in the directory, or map another attribute.",
        (dn,),
    )


def missing_attribute(path: str, mapping: ResourceMapping, dn: str) -> Finding:
    """Hold an entry that has no value for an attribute that must have one."""
    sources, name = _sources(path, mapping), rfc_name(path)
    remedy = (
        f"Give the entry a value in {' or '.join(sources)}, or write a default for {name}."
        if sources
        else f"Map {name} to an LDAP attribute, or write a default for it."
    )
    return Finding(
        "missing-required-attribute",
        Severity.HOLD,
        f"{name} is required and the entry has no value for it.",
        remedy,
        (dn,),
    )


def control_characters(attributes: Attributes) -> tuple[str, ...]:
    """Return the paths of attributes with a control character in them; line ends and tabs are none here."""
    return tuple(path for path, value in attributes.items() if _is_strange(value))


def _is_strange(value: object) -> bool:
    match value:
        case str():
            return any(sign < " " and sign not in "\t\n\r\b\f" for sign in value)
        case Mapping():
            return any(map(_is_strange, value.values()))
        case tuple():
            return any(map(_is_strange, value))
        case _:
            return False


def control_character(path: str, mapping: ResourceMapping, dn: str) -> Finding:
    """Hold an entry with a character that nobody typed and that services and databases refuse."""
    sources = " or ".join(_sources(path, mapping)) or "the mapping's default"
    return Finding(
        "control-character",
        Severity.HOLD,
        f"{rfc_name(path)} has a control character, which services refuse.",
        f"Take it out of {sources} of this entry in the directory, or out of the value with `convert`.",
        (dn,),
    )


def surplus_primary(name: str, dn: str) -> Finding:
    """Note that only the first of several values marked primary stays so (RFC 7643 §2.4)."""
    return Finding(
        "several-primary",
        Severity.NOTE,
        f"More than one of {rfc_name(name)} is marked primary; the first one is taken as primary.",
        f"Mark one of {rfc_name(name)} primary in the mapping.",
        (dn,),
    )


def one_value_kept(name: str, dn: str) -> Finding:
    """Note that the service takes one value, and which one it gets."""
    return Finding(
        "one-value-kept",
        Severity.NOTE,
        f"{rfc_name(name)} has several values and the service takes one: the primary one is sent, or else the first.",
        f"Nothing needs to be done; mark another of {rfc_name(name)} primary in the mapping if it is the wrong one.",
        (dn,),
    )


def _sources(path: str, mapping: ResourceMapping) -> tuple[str, ...]:
    top, _, sub = path.partition(".")
    items = mapping.multi.get(top, ())
    rules = [mapping.single.get(path, _NO_RULE), *(item.sub_attributes.get(sub or "value", _NO_RULE) for item in items)]
    return tuple(dict.fromkeys(source for rule in rules for source in rule.sources))
