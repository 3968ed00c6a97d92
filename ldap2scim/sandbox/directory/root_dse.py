"""What the server says about itself (RFC 4512 §5.1). Pure."""

from ldap2scim import __version__
from ldap2scim.sandbox.directory.entry import Attribute
from ldap2scim.sandbox.directory.options import Make
from ldap2scim.sandbox.directory.tree import Tree
from ldap2scim.sandbox.directory.wire import MANAGE_DSA_IT, PAGED_RESULTS

WHO_AM_I = "1.3.6.1.4.1.4203.1.11.3"
_ACTIVE_DIRECTORY_OID = "1.2.840.113556.1.4.800"
"""LDAP_CAP_ACTIVE_DIRECTORY_OID of MS-ADTS §3.1.1.3.4.3: how clients tell Active Directory."""


def root_dse(tree: Tree) -> dict[str, Attribute]:
    """Return the attributes of the root DSE by lower-case name."""
    told = {
        "objectClass": ["top"],
        "namingContexts": [tree.suffix],
        "supportedLDAPVersion": ["3"],
        "supportedControl": [PAGED_RESULTS, MANAGE_DSA_IT],
        "supportedExtension": [WHO_AM_I],
        "supportedFeatures": ["1.3.6.1.4.1.4203.1.5.1"],
        "vendorName": ["ldap2scim sandbox"],
        "vendorVersion": [__version__],
    }
    if tree.make is Make.ACTIVE_DIRECTORY:
        told |= {
            "defaultNamingContext": [tree.suffix],
            "rootDomainNamingContext": [tree.suffix],
            "supportedCapabilities": [_ACTIVE_DIRECTORY_OID],
            "highestCommittedUSN": [str(tree.change_number)],
        }
    return {name.lower(): Attribute(name, [value.encode() for value in values]) for name, values in told.items()}


def select(told: dict[str, Attribute], requested: list[str]) -> list[Attribute]:
    """Return what was asked for; everything for `*`, `+` or no list at all."""
    if not requested or {"*", "+"} & set(requested):
        return list(told.values())
    return [told[name.lower()] for name in requested if name.lower() in told]
