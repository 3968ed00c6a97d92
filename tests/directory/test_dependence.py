"""Which filters may select somebody else while nobody of those has changed?"""

import pytest

from ldap2scim.directory.dependence import depends_on_others, reads_back_links
from ldap2scim.directory.filters import parse


@pytest.mark.parametrize(
    "text",
    [
        "(memberOf=cn=cloud,dc=example)",
        "(&(objectClass=person)(MEMBEROF=cn=cloud,dc=example))",
        "(!(memberOf=*))",
        "(|(cn=a*)(isMemberOf=cn=b,dc=example))",
        "(memberOf:1.2.840.113556.1.4.1941:=cn=cloud,dc=example)",
        "(ou:dn:=people)",
        "(:caseExactMatch:=x)",
        "(directReports=*)",
    ],
)
def test_filters_on_what_others_hold(text: str) -> None:
    """Memberships, chains of groups, and the names of the entries above."""
    assert depends_on_others(parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "(objectClass=person)",
        "(member=cn=a,dc=example)",
        "(!(userAccountControl:1.2.840.113556.1.4.803:=2))",
        "(&)",
        "(cn=memberOf)",
        "(employeeType=a*b)",
    ],
)
def test_filters_on_the_entry_alone(text: str) -> None:
    """A change of the result is a change of the entry, which is reported."""
    assert not depends_on_others(parse(text))


def test_mapped_back_links_are_named() -> None:
    """Their values change without their entry, whatever their case and options."""
    assert reads_back_links(["cn", "memberOf", "tokenGroups;binary"]) == {"memberOf", "tokenGroups;binary"}
