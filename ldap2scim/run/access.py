"""Looks at the access token at the beginning of each run: does it end soon, may it do what is needed?"""

import logging

from ldap2scim.findings import Finding, Severity
from ldap2scim.model import ResourceType
from ldap2scim.run.context import Run
from ldap2scim.scim.profiles import by_name
from ldap2scim.scim.token import TokenFacts, facts_of, token_findings
from ldap2scim.settings import Settings

logger = logging.getLogger("ldap2scim.token")

TOKEN_RULES = frozenset({"token-expired", "token-expires-soon", "token-scope-missing"})
"""What is said of the token; it depends on the clock, so every run says it anew."""


def token_facts(settings: Settings) -> TokenFacts:
    """Return what is known of the token."""
    return facts_of(settings.service.token, settings.service.token_expires)


def look_at_token(run: Run) -> tuple[Finding, ...]:
    """Return what is to be said of the token, and log it: who only reads logs must see it too."""
    settings = run.settings
    kinds = tuple(ResourceType) if settings.synchronises_groups else (ResourceType.USER,)
    guidance = by_name(settings.service.profile).guidance
    found = token_findings(token_facts(settings), guidance, kinds, run.now)
    for one in found:
        level = logging.ERROR if one.severity is Severity.STOP else logging.WARNING
        logger.log(level, "%s %s", one.message, one.remedy)
    return found
