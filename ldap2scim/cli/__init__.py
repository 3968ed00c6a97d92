"""The command `ldap2scim`."""
