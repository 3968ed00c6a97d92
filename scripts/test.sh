#!/bin/sh
# All checks in one go: style, types, import contracts, tests with coverage. LDAP2SCIM_LONG=1 runs the full counts.
set -eu
bin=.venv/bin
# The order of sets is part of what a generated example is made from.
export PYTHONHASHSEED=0
export DO_NOT_TRACK=1 PREFECT_SERVER_ANALYTICS_ENABLED=false GX_ANALYTICS_ENABLED=false
export PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS=120
"$bin"/ruff check .
"$bin"/ruff format --check .
"$bin"/mypy
"$bin"/lint-imports
exec "$bin"/python -m pytest --cov --cov-report=term:skip-covered --durations=15 "$@"
