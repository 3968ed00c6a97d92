"""Since when operations have been held."""

from datetime import timedelta

from ldap2scim.model import Key
from ldap2scim.planning.approvals import Approval
from ldap2scim.planning.operations import Inputs
from ldap2scim.state.approvals import HeldPlan, record_held
from ldap2scim.state.held_since import held_since_of, note_held
from ldap2scim.state.lease import Lease
from tests.state.worlds import MONDAY, key

TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
AIKO, BUNTA = (key("aiko"), "delete"), (key("bunta"), "delete")
OTHER = (Key("lab:x"), "deactivate")


def test_what_stays_held_keeps_its_age(lease: Lease) -> None:
    """Over runs and plans, whatever else is held beside it."""
    assert note_held(lease, {AIKO}, MONDAY) == {AIKO: MONDAY}
    assert note_held(lease, {AIKO, BUNTA}, TUESDAY) == {AIKO: MONDAY, BUNTA: TUESDAY}


def test_what_was_free_is_new_again(lease: Lease) -> None:
    """A run that holds it no more ends its age; another verb is another operation."""
    note_held(lease, {AIKO}, MONDAY)
    note_held(lease, {(AIKO[0], "update")}, TUESDAY)
    assert note_held(lease, {AIKO}, WEDNESDAY) == {AIKO: WEDNESDAY}


def test_a_directory_that_was_not_read_makes_nothing_younger(lease: Lease) -> None:
    """What was held of it is not proposed, and is as old as before when it is read again."""
    note_held(lease, {AIKO, OTHER}, MONDAY)
    assert note_held(lease, {AIKO}, TUESDAY, {"lab"}) == {AIKO: MONDAY}
    assert note_held(lease, {AIKO, OTHER}, WEDNESDAY) == {AIKO: MONDAY, OTHER: MONDAY}


def test_thousands_are_written_and_forgotten(lease: Lease) -> None:
    """More than a statement takes."""
    many = {(key(f"u{n}"), "delete") for n in range(2500)}
    note_held(lease, many, MONDAY)
    assert set(note_held(lease, {*many, AIKO}, TUESDAY).values()) == {MONDAY, TUESDAY}
    assert note_held(lease, set(), WEDNESDAY) == {}
    assert set(note_held(lease, many, WEDNESDAY).values()) == {WEDNESDAY}


def test_the_ages_of_a_stored_plan(lease: Lease) -> None:
    """Asked by its id, before it is approved."""
    note_held(lease, {AIKO, OTHER}, MONDAY)
    note_held(lease, {AIKO, BUNTA, OTHER}, TUESDAY)
    covered = tuple(Approval(*one, Inputs(None, "x")) for one in (AIKO, BUNTA))
    record_held(lease, HeldPlan("p" * 64, "run", TUESDAY, {}, covered))
    assert sorted(held_since_of(lease.store, "p" * 64)) == [MONDAY, TUESDAY]
