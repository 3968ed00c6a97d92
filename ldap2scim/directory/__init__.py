"""LDAP in: a directory is read into typed entries, completely or not at all.

`client` alone imports the LDAP library. Nothing here knows SCIM, the state store or the mapping.
"""
