"""An embedded directory and an embedded SCIM service, for the demo and the tests.

Shares no code with the adapters, so that a mistake cannot hide by being made on both sides.
"""
