"""What all connections of one embedded directory share."""

from dataclasses import dataclass, field

from ldap2scim.sandbox.directory.faults import Faults
from ldap2scim.sandbox.directory.ldif import read_ldif
from ldap2scim.sandbox.directory.options import DirectoryOptions
from ldap2scim.sandbox.directory.tree import Tree


@dataclass(slots=True)
class State:
    """The entries, the habits and the faults in force."""

    tree: Tree
    options: DirectoryOptions
    faults: Faults = field(default_factory=Faults)

    @classmethod
    def of(cls, ldif: str, options: DirectoryOptions) -> "State":
        """Load a world, whose first entry is the suffix.

        Raises:
            LdifError: the text is no LDIF.
            Refused: an entry without its parent, or twice.
        """
        tree = Tree(options.make)
        for record in read_ldif(ldif):
            tree.load(record)
        return cls(tree, options)
