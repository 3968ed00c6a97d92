"""Every personality by its name, for the command line. Pure values."""

from ldap2scim.sandbox.service.iij_id import IIJ_ID
from ldap2scim.sandbox.service.personality import IIJ_LIKE, PLAIN

PERSONALITIES = {each.name: each for each in (PLAIN, IIJ_LIKE, IIJ_ID)}
