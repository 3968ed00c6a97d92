"""The nearest attribute to a misspelt one."""

import pytest

from ldap2scim.directory.schema import nearest

KNOWN = frozenset({"mail", "departmentnumber", "employeenumber", "cn", "2.5.4.3"})


@pytest.mark.parametrize(
    ("written", "meant"),
    [("mial", "mail"), ("departmentNumbr", "departmentnumber"), ("EmployeeNumber;lang-ja", "employeenumber")],
)
def test_a_misspelt_attribute_has_a_nearest_one(written: str, meant: str) -> None:
    """Case and options set aside."""
    assert nearest(written, KNOWN) == meant


def test_what_is_near_to_nothing_is_not_guessed() -> None:
    """A wrong hint is worse than none."""
    assert nearest("nsUniqueId", KNOWN) is None
