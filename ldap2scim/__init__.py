"""Keeps a SCIM 2.0 service in step with an LDAP directory."""

__version__ = "0.1.0"
