"""Who may do what: two names of the sandbox's own, and every entry that has a userPassword. Pure."""

from dataclasses import dataclass
from enum import Enum, auto
from hmac import compare_digest

from ldap2scim.sandbox.directory.names import key_of
from ldap2scim.sandbox.directory.options import Anonymous
from ldap2scim.sandbox.directory.results import Refused, Result
from ldap2scim.sandbox.directory.tree import Tree

ADMIN_DN = "cn=admin,cn=sandbox"
ADMIN_PASSWORD = "admin-secret"  # noqa: S105 — of a made-up world on 127.0.0.1
READER_DN = "cn=reader,cn=sandbox"
READER_PASSWORD = "reader-secret"  # noqa: S105 — of a made-up world on 127.0.0.1


class Role(Enum):
    """What a bound name may do."""

    NOBODY = auto()
    """May ask the root DSE only."""
    READER = auto()
    """Reads within the limits and the rights."""
    ADMINISTRATOR = auto()
    """Above limits and rights, and may write."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Who is on the other side of a connection."""

    dn: str
    role: Role


def anonymous(policy: Anonymous) -> Bound:
    """Return who somebody without a name is."""
    return Bound("", Role.READER if policy is Anonymous.READS else Role.NOBODY)


def bind(dn: str, password: bytes, tree: Tree, policy: Anonymous) -> Bound:
    """Check a simple bind (RFC 4513 §5.1).

    Raises:
        Refused: invalidCredentials, and the same for a name that does not exist; unwillingToPerform for a name
            without a password; inappropriateAuthentication where nobody may be anonymous.
    """
    if not dn:
        if policy is Anonymous.REFUSED:
            raise Refused(Result.INAPPROPRIATE_AUTHENTICATION, "anonymous bind is not allowed")
        return anonymous(policy)
    if not password:
        # RFC 4513 §5.1.2: taken for success, this has let many in who gave no password at all.
        raise Refused(Result.UNWILLING_TO_PERFORM, "unauthenticated bind (a name without a password) is not allowed")
    key = key_of(dn)
    if key == key_of(ADMIN_DN):
        return _checked(dn, Role.ADMINISTRATOR, password, [ADMIN_PASSWORD.encode()])
    if key == key_of(READER_DN):
        return _checked(dn, Role.READER, password, [READER_PASSWORD.encode()])
    entry = tree.find(key)
    return _checked(dn, Role.READER, password, entry.values("userpassword") if entry else [])


def _checked(dn: str, role: Role, given: bytes, known: list[bytes]) -> Bound:
    if not any(compare_digest(given, each) for each in known):
        raise Refused(Result.INVALID_CREDENTIALS, "invalid credentials")
    return Bound(dn, role)
