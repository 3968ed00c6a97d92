"""The flows of ldap2scim: orchestration only. No classes, absolute imports, one file a flow (DESIGN §3)."""

import tasks  # noqa: F401 - switches telemetry off before a flow's file imports Prefect
