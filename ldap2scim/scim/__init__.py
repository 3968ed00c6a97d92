"""SCIM out: operations become requests, answers become outcomes.

Requests and responses are plain values and pure functions; `client` alone imports httpx. Wire names
(camelCase, schema URNs) exist here and nowhere else. Nothing here knows LDAP or the state store.
"""
