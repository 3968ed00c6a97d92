"""One file a version: `upgrade` changes the tables of the version before it."""
