"""An embedded LDAP directory on a real socket, for the demo and the tests.

Framing and BER come from ldaptor; what its in-memory server lacks is beside it: paging, ranges, operational
attributes, size limits, limited rights and faults on demand. `embedded_directory` is the way in.
"""

from ldap2scim.sandbox.directory.embedded import EmbeddedDirectory, embedded_directory
from ldap2scim.sandbox.directory.options import ACTIVE_DIRECTORY, OPENLDAP, Anonymous, DirectoryOptions, Make

__all__ = [
    "ACTIVE_DIRECTORY",
    "OPENLDAP",
    "Anonymous",
    "DirectoryOptions",
    "EmbeddedDirectory",
    "Make",
    "embedded_directory",
]
