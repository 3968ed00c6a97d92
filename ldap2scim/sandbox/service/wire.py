"""JSON as the service keeps it."""

from typing import Any, TypeAlias

Value: TypeAlias = Any
"""Any JSON value."""
Object: TypeAlias = dict[str, Any]
"""A JSON object."""
