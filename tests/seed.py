"""The seed of everything random that is not Hypothesis's: one in CI, another each time with `make test-long`."""

import os
import random

LONG = bool(os.environ.get("LDAP2SCIM_LONG"))
SEED = int(os.environ.get("LDAP2SCIM_SEED") or (random.SystemRandom().randrange(10**6) if LONG else 20261121))
os.environ["LDAP2SCIM_SEED"] = str(SEED)  # for the processes among which the tests are shared out
