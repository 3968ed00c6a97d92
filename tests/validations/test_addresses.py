"""Shared and missing e-mail addresses."""

import pandas as pd

from ldap2scim.model import Key
from tests.validations.worlds import dn_of, frame, rules
from validations.addresses import check_addresses


def people(**emails: str | None) -> pd.DataFrame:
    """Return a frame of people with these addresses."""
    held = {f"ad:{name}": email for name, email in emails.items() if email is not None}
    return frame([(f"ad:{name}", name, name) for name in emails], held)


def test_a_shared_address_is_noted_and_holds_nobody() -> None:
    """Mailboxes are often shared on purpose; case and width are no difference."""
    users = people(a="desk@example.jp", b="Desk@example.jp", c="\uff44esk@example.jp", d="other@example.jp")
    found = check_addresses(users, unique=False, needed=False)

    assert rules(found.findings) == [("duplicate-email", "note")]
    assert found.findings[0].subjects == (dn_of("ad:a"), dn_of("ad:b"), dn_of("ad:c"))
    assert found.holds == frozenset()


def test_a_shared_address_holds_where_the_service_refuses_it() -> None:
    """Each of them would be the one that is refused."""
    found = check_addresses(people(a="x@example.jp", b="x@example.jp", c=None), unique=True, needed=False)

    assert rules(found.findings) == [("duplicate-email", "hold")]
    assert found.holds == {Key("ad:a"), Key("ad:b")}


def test_absent_addresses_are_no_duplicates() -> None:
    """Nobody shares what nobody has."""
    assert check_addresses(people(a=None, b=None), unique=True, needed=False).findings == ()


def test_somebody_without_an_address_cannot_be_notified() -> None:
    """Said where the service writes to new users; whoever is disabled needs no password."""
    users = people(a=None, b="b@example.jp", c=None)
    users["active"] = pd.array([True, True, False], dtype="boolean")
    found = check_addresses(users, unique=False, needed=True)

    assert rules(found.findings) == [("no-notification-address", "note")]
    assert found.findings[0].subjects == (dn_of("ad:a"),)
    assert check_addresses(users, unique=False, needed=False).findings == ()
