"""The container of deleted objects of Active Directory: who may look into it, and what to say to who may not.

By default administrators alone may list it ([MS-ADTS] §6.1.1.4.2). A controller does not refuse: it leaves out.
"""

from ldap2scim.directory import controls, domain_controller, filters
from ldap2scim.directory.controls import Control
from ldap2scim.directory.encoder import Scope, SearchRequest
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.questions import Asked, ask
from ldap2scim.directory.settings import DirectorySettings
from ldap2scim.findings import Finding, Severity

SHOW_DELETED = Control("1.2.840.113556.1.4.417", critical=True)
"""LDAP_SERVER_SHOW_DELETED_OID ([MS-ADTS] §3.1.1.3.4.1.14)."""
NOT_VISIBLE = "the bind user may not see deleted objects"
"""What makes a read of changes unsure."""
_IS_DELETED = filters.equals("isDeleted", "TRUE")


def are_visible(session: Asked, naming_context: str) -> bool:
    """Say whether this bind sees a deleted object. Where none exists yet, nobody can tell, and the answer is no.

    The container itself is no evidence: it may be shown to who may not list it.

    Raises:
        DirectoryUnavailable: the connection was lost or the server is busy.
        ReadIncomplete: what arrived is not LDAP.
    """
    base = f"CN=Deleted Objects,{naming_context}"
    # A page of two: the container, and one more. The rest is not asked for.
    wanted = (SHOW_DELETED, controls.paged_results(2, b""))
    request = SearchRequest(base, Scope.SUBTREE, _IS_DELETED, ("isDeleted",), wanted)
    found: list[LdapEntry] = []
    ask(session, request, f"the search for deleted objects in {naming_context}", found.append)
    return len(found) > 1


def finding(session: Asked, settings: DirectorySettings) -> Finding:
    """Return what to say where changes were read without sight of what was deleted.

    Raises:
        DirectoryUnavailable: the connection was lost or the server is busy.
        ReadIncomplete: what arrived is not LDAP.
    """
    controller = domain_controller.find(session, settings)
    context = controller.naming_context if controller is not None else settings.base_dn
    return not_visible(settings, context)


def not_visible(settings: DirectorySettings, naming_context: str) -> Finding:
    """Build the finding, with the commands that an administrator of the domain would use."""
    container = f"CN=Deleted Objects,{naming_context}"
    return Finding(
        rule="deleted-objects-not-visible",
        severity=Severity.NOTE,
        message=f"{settings.bind_dn or 'The bind user'} may not see what was deleted in {naming_context}: to find out "
        "who is gone, the names of all entries are read whenever something has changed.",
        remedy=f'Let the user read changes: dsacls "{naming_context}" /G "DOMAIN\\user:CA;Replicating Directory '
        f'Changes"; or see deleted objects: dsacls "{container}" /takeownership, then dsacls "{container}" /G '
        '"DOMAIN\\user:LCRP".',
        subjects=(container,),
    )
