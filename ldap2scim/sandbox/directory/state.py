"""What all connections of one embedded directory share."""

from collections.abc import Callable
from dataclasses import dataclass, field

from ldap2scim.sandbox.directory.faults import Faults
from ldap2scim.sandbox.directory.ldif import read_ldif
from ldap2scim.sandbox.directory.options import DirectoryOptions
from ldap2scim.sandbox.directory.searching import RunningSearch
from ldap2scim.sandbox.directory.tree import Tree


@dataclass(slots=True)
class State:
    """The entries, the habits and the faults in force."""

    tree: Tree
    options: DirectoryOptions
    faults: Faults = field(default_factory=Faults)
    meanwhile: Callable[[RunningSearch], None] | None = None
    """Called before each entry of a search is sent: somebody may be at work here while others read."""

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
