"""Reads how telephone numbers are written: `phone_country`. No I/O."""

from dataclasses import replace

from ldap2scim.mapping.spec import GlobalNumbers, Mappings
from ldap2scim.scim.profiles import Profile
from ldap2scim.scim.profiles.guidance import Refusal
from ldap2scim.settings.reading import Field, Unfit
from ldap2scim.settings.values import filled


def phone_country(field: Field) -> str:
    """Return the code of a country, such as `81`; a plus sign may stand before it."""
    value = filled(field).removeprefix("+")
    if not (value.isascii() and value.isdecimal() and 1 <= len(value) <= 3 and value[0] != "0"):
        raise Unfit("must be the code of a country for telephones, such as 81 for Japan.")
    return value


def with_phones(mappings: Mappings, profile: Profile, country: str) -> Mappings:
    """Return mappings that write global numbers, where a country is written or the service takes nothing else."""
    if not country and Refusal.PHONE not in profile.guidance.refuses:
        return mappings
    return replace(mappings, user=replace(mappings.user, phones=GlobalNumbers(country)))
