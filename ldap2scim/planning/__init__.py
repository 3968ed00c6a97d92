"""Pure decisions: what differs, what to do about it, and what may be done without a person.

No I/O here, no clock, no environment; what a decision needs is handed to it.
"""
