"""The directory's clock."""

from datetime import UTC, datetime


def generalized_now() -> str:
    """Return the present second as GeneralizedTime in UTC (RFC 4517 §3.3.13)."""
    return f"{datetime.now(UTC):%Y%m%d%H%M%SZ}"
