"""Prefect tasks of ldap2scim: each calls a phase of the domain and publishes what a person wants to see of it.

Nothing phones home: before Prefect is imported, its telemetry and the pages that load from elsewhere are switched
off, unless the environment says otherwise. A worker gets the same from `deployments/prefect.yaml`.
"""

import os
from typing import Final

from ldap2scim.run.memory import keep_little

QUIET: Final = {
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # The newer UI asks a telemetry service from the reader's browser, whatever the switches above say.
    "PREFECT_SERVER_UI_V2_ENABLED": "false",
    # The temporary server of an ad-hoc run makes its database first; 20 seconds do not always suffice.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    # What a thread without a run logs goes to the console alone, without a warning.
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
}

for _name, _value in QUIET.items():
    os.environ.setdefault(_name, _value)

keep_little()  # before Prefect starts its threads
