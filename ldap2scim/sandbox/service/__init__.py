"""An embedded SCIM 2.0 service on a real socket: RFC 7643 and 7644, two personalities, faults on demand."""

from ldap2scim.sandbox.service.faults import Fault, FaultKind, Faults, Moment
from ldap2scim.sandbox.service.personality import IIJ_LIKE, PLAIN, Leaving, Personality, UnknownMembers
from ldap2scim.sandbox.service.requests import RecordedRequest
from ldap2scim.sandbox.service.server import EmbeddedService, embedded_service

__all__ = [
    "IIJ_LIKE",
    "PLAIN",
    "EmbeddedService",
    "Fault",
    "FaultKind",
    "Faults",
    "Leaving",
    "Moment",
    "Personality",
    "RecordedRequest",
    "UnknownMembers",
    "embedded_service",
]
