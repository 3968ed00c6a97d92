"""What outlives a run: the directory image, the snapshot, the journal, approvals, runs, the lease.

SQLAlchemy Core over SQLite. Nothing here knows LDAP or SCIM; no secret is ever stored.
"""
