#!/bin/sh
# All checks in one go: style, types, import contracts, tests. LDAP2SCIM_LONG=1 runs the full counts.
# The tests are shared by two processes (tests/workers.py); `sh scripts/test.sh -n 4` takes four, `-n 0` none.
set -eu
bin=.venv/bin
# The order of sets is part of what a generated example is made from, and of the order of tests.
export PYTHONHASHSEED=0
export DO_NOT_TRACK=1 PREFECT_SERVER_ANALYTICS_ENABLED=false GX_ANALYTICS_ENABLED=false
export PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS=120
# The tests start hundreds of programs; without it each one would compile all our modules.
unset PYTHONDONTWRITEBYTECODE
"$bin"/ruff check .
"$bin"/ruff format --check .
"$bin"/mypy
"$bin"/lint-imports
exec "$bin"/python -m pytest -n 2 --durations=15 "$@"
