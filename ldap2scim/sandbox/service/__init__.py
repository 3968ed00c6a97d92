"""An embedded SCIM 2.0 service on a real socket: RFC 7643 and 7644, personalities, faults on demand."""

from ldap2scim.sandbox.service.faults import Fault, FaultKind, Faults, Moment
from ldap2scim.sandbox.service.iij_id import IIJ_ID, Assumptions, ReadOnlyWrites, WithoutEmail, iij_id
from ldap2scim.sandbox.service.personality import (
    IIJ_LIKE,
    PLAIN,
    Leaving,
    PendingReads,
    Personality,
    Restoring,
    UnknownMembers,
)
from ldap2scim.sandbox.service.records import UserState
from ldap2scim.sandbox.service.requests import RecordedRequest
from ldap2scim.sandbox.service.server import EmbeddedService, embedded_service
from ldap2scim.sandbox.service.tokens import DIRECTORY_SCOPES, PASSWORD_SCOPES, Tokens

__all__ = [
    "DIRECTORY_SCOPES",
    "IIJ_ID",
    "IIJ_LIKE",
    "PASSWORD_SCOPES",
    "PLAIN",
    "Assumptions",
    "EmbeddedService",
    "Fault",
    "FaultKind",
    "Faults",
    "Leaving",
    "Moment",
    "PendingReads",
    "Personality",
    "ReadOnlyWrites",
    "RecordedRequest",
    "Restoring",
    "Tokens",
    "UnknownMembers",
    "UserState",
    "WithoutEmail",
    "embedded_service",
    "iij_id",
]
