"""Profiles: data about makes of services, and what a profile cannot hold is said before the run."""

import pytest

from ldap2scim.errors import SettingsError
from ldap2scim.model import COMPLEX_USER_ATTRIBUTES, SINGLE_GROUP_ATTRIBUTES, SINGLE_USER_ATTRIBUTES
from ldap2scim.scim.profiles import NAMES, by_name, unsupported

CATALOGUE = {*SINGLE_USER_ATTRIBUTES, *SINGLE_GROUP_ATTRIBUTES, *COMPLEX_USER_ATTRIBUTES}


def test_the_iij_id_service_holds_the_whole_catalogue() -> None:
    """Its profile has a place for every attribute, and its base URL."""
    profile = by_name("iij-id")

    assert unsupported(profile, CATALOGUE) == ()
    assert profile.base_url == "https://scim.auth.iij.jp/scim/v2"


def test_a_generic_service_is_not_sent_what_rfc_7643_does_not_know() -> None:
    """Each such path is a problem that names it, the profile and a way out."""
    problems = unsupported(by_name("generic"), ["user_name", "local_names.family_name", "emails.value", "group_type"])

    assert [problem.partition(":")[0] for problem in problems] == ["local_names.family_name", "group_type"]
    assert all("`generic`" in problem and "extensions.URN.attribute" in problem for problem in problems)


def test_an_unknown_profile_is_a_settings_problem() -> None:
    """The message lists the profiles that exist."""
    with pytest.raises(SettingsError, match=r"there is no profile `oktopus`.*generic, iij-id"):
        by_name("oktopus")
    assert NAMES[:2] == ("generic", "iij-id")
