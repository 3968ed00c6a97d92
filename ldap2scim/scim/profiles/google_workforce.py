"""Google Cloud, Workforce Identity Federation. Pure data.

https://cloud.google.com/iam/docs/workforce-identity-federation-scim. That Google says 403 to who comes too often is
known of its other interfaces: https://developers.google.com/admin-sdk/directory/v1/limits.
"""

from dataclasses import replace
from typing import Final

from ldap2scim.scim.profiles.generic import GENERIC

GOOGLE_WORKFORCE: Final = replace(
    GENERIC,
    name="google-workforce",
    nested_groups=False,  # groups in groups are resolved before they are sent
    rate_limit_statuses=frozenset({429, 403}),
)
