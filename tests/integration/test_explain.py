"""Explain answers for every kind of person and writes nothing: not to the state, the directory, or the service."""

import re

import pytest

from ldap2scim.explain.answer import WHO
from tests.integration.everybody import ELSEWHERE, STAFF, Everybody

pytestmark = pytest.mark.slapd


def test_in_scope(everybody: Everybody) -> None:
    """Who is in scope is shown with the clause that let her in, sources of attributes, groups, plan and history."""
    said = everybody.tells(
        "alice@example.jp",
        "In scope; the next run would update it.",
        "holds (employeeType=staff)",
        "title a text of 7 characters (Latin letters) from title [ldap2scim.yml:",
        "member alice → dept-y",
        "not synchronised: the group is out of scope alice → secret-project",
        "status managed, managed since",
        "create, applied (run",
    )
    assert "Captain" not in said


def test_filtered_out(everybody: Everybody) -> None:
    """Of somebody whom the filter keeps out every clause is answered by the server, and the decisive ones are named."""
    everybody.tells(
        "filippa",
        "Not synchronised: the user filter does not select it.",
        "What does not hold: (employeeType=staff) and (!(title=Visitor))",
        "holds (employeeType=guest)",
        "there; the last read did not have it",
    )
    assert everybody.answer("olga").startswith(
        f"cn=olga,{ELSEWHERE} Not synchronised: the entry lies outside of the base DN."
    )


def test_held(everybody: Everybody) -> None:
    """Somebody who is held is found by her login, though it was never mapped, with the finding and what to do."""
    everybody.tells("hana", "Held, and left alone on both sides.", "neither true nor false", "hold: unreadable-value")


def test_duplicate(everybody: Everybody) -> None:
    """A login that two entries share leads to both of them."""
    said = everybody.tells("dora", f"cn=dora2,{STAFF} Held", "hold: duplicate-login")
    assert said.startswith("2 entries or resources go by dora.")


def test_expired(everybody: Everybody) -> None:
    """An account that has expired is at the service and disabled, and the attribute that says so is named."""
    everybody.tells(
        "erik", "The account is disabled: the directory says so, or it has expired.", "active false from shadowExpire"
    )


def test_nested_only(everybody: Everybody) -> None:
    """Who is in a group only through another one is shown with the whole way."""
    everybody.tells("nora", "member nora → team-x → dept-y")


def test_pending(everybody: Everybody) -> None:
    """Who has left, and whose account is disabled until it comes back, is told so; nothing is to be done."""
    everybody.tells(
        "leo",
        "Has left: no directory has its entry any more, and its resource was removed",
        "status left",
        "deactivate, applied (run",
    )


def test_who_has_left_is_found_by_address(everybody: Everybody) -> None:
    """No entry has the address any more; what the service confirmed last has it, be the removal held or done."""
    for login in ("leo", "paula"):
        assert everybody.explain(f"{login}@Example.jp").out == everybody.explain(login).out


def test_recreated(everybody: Everybody) -> None:
    """Of a re-created account both sides are shown: the new entry with what a person must decide, and the old one."""
    said = everybody.tells(
        "rita",
        "Waits for a person: to create is held.",
        "re-created",
        "The next run would deactivate it at the service.",
    )
    assert said.startswith("2 entries or resources go by rita.")
    assert re.search(r"of plan [0-9a-f]{12} ─", said), "the plan is not the one that the last run made"


def test_of_another_instance(everybody: Everybody) -> None:
    """A resource of the service that no entry of ours explains is shown as not ours."""
    everybody.tells("ines", "it is not ours: our state does not know it")


def test_unmapped(everybody: Everybody) -> None:
    """An entry without a required attribute, and a group that the mapping excludes, are told by the rule."""
    everybody.tells(f"CN=uma, {STAFF}", "userName no value from uid, which the entry has not")
    everybody.tells("secret-project", "Not synchronised: the mapping's `exclude` of displayName drops it.")


def test_protected(everybody: Everybody) -> None:
    """Who has left and is protected stays, and the setting that keeps her is named."""
    everybody.tells("paula", f"To deactivate it at the service is held. cn=paula,{STAFF} is protected")


def test_unknown(everybody: Everybody) -> None:
    """Of a name that nobody has nothing is known, whatever characters are in it: an error, and exit code 1."""
    for who in ("*", "a)(uid=*", "cn=nobody,dc=example,dc=com"):
        said = everybody.explain(who)
        nobody = f"Nobody goes by {who!r}, neither in the state, nor in a directory, nor at the service."
        assert (said.code, said.out, said.err) == (1, "", f"ldap2scim: {nobody}\nWHO is {WHO}.\n")


def test_changed_since_the_last_read(everybody: Everybody) -> None:
    """Who was in scope at the last read and is not now is told so, with the clause that has changed."""
    admin = everybody.pair.administrator
    admin.replace(f"cn=crowd7,{STAFF}", employeeType=["guest"], title=["Visitor"])
    try:
        said = everybody.answer("crowd7")
    finally:
        admin.replace(f"cn=crowd7,{STAFF}", employeeType=["staff"], title=[])
    assert "In scope and in step with the service. But that was so at the last read, and has changed since." in said
    assert "What does not hold: (employeeType=staff) and (!(title=Visitor))" in said


def test_groups(everybody: Everybody) -> None:
    """A group is answered for by its name: its members, wanted and confirmed."""
    everybody.tells("dept-y", "In scope and in step with the service.", "wanted 4 at the service 4, as last confirmed")


def test_every_name_leads_to_the_same_person(everybody: Everybody) -> None:
    """Login, e-mail, DN, entryUUID, id at the service and externalId lead to one answer, also as JSON."""
    found = everybody.explain("alice", "--json").document["answers"][0]
    rows = {row["label"]: row["text"] for one in found["sections"] for row in one["rows"]}
    for who in ("ALICE", f"CN=alice, {STAFF}", rows["source anchor"], rows["id"]):
        assert everybody.explain(who, "--json").document["answers"] == [found]


def test_values_are_shown_when_they_are_asked_for(everybody: Everybody) -> None:
    """With `--values` the values stand beside their sources, in the plan too."""
    said = " ".join(everybody.explain("alice", "--values").out.split())
    assert 'title "Captain" from title' in said
    assert 'title: "Mitarbeiter" → "Captain"' in said


def test_without_directory_and_service_the_state_answers(everybody: Everybody) -> None:
    """What cannot be asked is noted, and the state says what it knows."""
    program = everybody.pair.program
    directory, service = dict(program.directory), dict(program.service)
    program.directory["port"], program.service["base_url"] = 1, "http://127.0.0.1:1/v2"
    program.write()
    try:
        said = everybody.answer("alice")
    finally:
        program.directory, program.service = directory, service
        program.write()
    assert "Directory main could not be asked" in said
    assert "The service could not be asked" in said
    assert "now not asked" in said
    assert "member alice → dept-y" in said
