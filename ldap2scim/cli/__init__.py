"""The command `ldap2scim`."""

from ldap2scim.cli.main import main

__all__ = ["main"]
