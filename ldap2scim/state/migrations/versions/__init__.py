"""One file a version: `upgrade` changes the tables of the version before it.

A file repeats what `schema.py` said when it was made, and shares nothing with it: a step that changed with the schema
would make other tables of an old state than the ones that the next step expects.
"""
