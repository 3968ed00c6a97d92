"""A run without changes costs next to nothing, says how it read, and knows when it has to look after all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.reader import Search
from ldap2scim.directory.session import Session
from ldap2scim.run.context import Run
from ldap2scim.sandbox.ldif import LdifEntry, write_ldif
from ldap2scim.sandbox.service import embedded_service
from tests.cli.imported import imported
from tests.integration.in_step import let_a_full_read_be_due, reads, tell_the_state
from tests.integration.pairs import Pair, paired
from tests.servers.fixtures import StartSamba
from tests.servers.samba import BASE_DN as BASE

MOST_ENTRIES = 10
COMPARING = frozenset({"pandas", "numpy", "pyarrow"})


@pytest.mark.samba
def test_on_a_domain_controller_too(start_samba: StartSamba, tmp_path: Path) -> None:
    """As an ordinary user, by DirSync: nothing changed, next to nothing is transferred."""
    samba = start_samba("".join(write_ldif(domain(30))))
    connection = {
        "kind": "active-directory",
        "addresses": [samba.host],
        "encryption": "none",
        "bind_dn": samba.reader_dn,
        "bind_password": samba.reader_password,
        "base_dn": f"OU=World,{samba.base_dn}",
    }
    with embedded_service() as service, paired(tmp_path / "installed", samba, service, connection=connection) as pair:
        assert pair.program("sync", "--apply").code == 0
        assert pair.program("sync", "--apply").code == 0
        service.clear_requests()

        line = reads(pair)

        assert line["by_changes"] == "DirSync"
        assert line["entries"] == 31
        assert isinstance(line["transferred"], int)
        assert line["transferred"] <= MOST_ENTRIES
        assert service.requests == ()


def domain(people: int) -> Iterator[LdifEntry]:
    """Yield a unit of people, all of them in one group."""
    world = f"OU=World,{BASE}"
    yield world, {"objectClass": ["organizationalUnit"], "ou": ["World"]}
    names = [f"person{number}" for number in range(people)]
    for name in names:
        account = {"sAMAccountName": [name], "userPrincipalName": [f"{name}@lab.test"], "userAccountControl": ["544"]}
        yield f"CN={name},{world}", {"objectClass": ["user"], **account, "sn": ["山田"], "givenName": [name]}
    members = [f"CN={name},{world}" for name in names]
    yield f"CN=all,{world}", {"objectClass": ["group"], "sAMAccountName": ["all"], "member": members}


@pytest.mark.slapd
def test_nothing_is_asked_of_the_service_and_next_to_nothing_of_the_directory(in_step: Pair) -> None:
    """A handful of entries, however many there are; the report is that of a run that looked at all."""
    whole = in_step.program("recover", "--apply", "--json").document
    assert in_step.program("sync", "--apply").code == 0
    in_step.service.clear_requests()

    said = in_step.program("sync", "--apply", "--json")

    (line,) = said.document["reads"]
    assert line["by_changes"] == "syncrepl"
    assert line["transferred"] <= MOST_ENTRIES
    assert line["entries"] == whole["reads"][0]["entries"] > 10 * MOST_ENTRIES
    assert in_step.service.requests == ()
    assert said.document["accounts"] == whole["accounts"]
    assert said.document["operations"] == []
    assert "read by changes (syncrepl)" in in_step.program("sync", "--apply").out


@pytest.mark.slapd
def test_a_record_that_says_too_little_or_something_else_is_not_repeated(in_step: Pair, looked: list[Run]) -> None:
    """Accounts of an older version, without rows, or of another snapshot: that run looks at all, the next need not."""
    said = [in_step.program("sync", "--apply", "--json").document["accounts"]]
    assert looked == []
    without_rows = "UPDATE runs SET accounts = json_remove(accounts, '$.rows')"
    another = "UPDATE runs SET accounts = json_set(accounts, '$.rows[0].service.managed_after', 7)"
    for spoil in (without_rows, another):
        tell_the_state(in_step, spoil)
        said += [in_step.program("sync", "--apply", "--json").document["accounts"] for _ in range(2)]
        assert len(looked) == 1
        looked.clear()
    assert said == [said[0]] * 5
    assert [(row["directory"], row["resource_type"]) for row in said[0]["rows"]] == [
        ("main", "User"),
        ("main", "Group"),
    ]


@pytest.mark.slapd
def test_a_change_is_seen_by_the_next_run(in_step: Pair) -> None:
    """One person: a few entries are read, one is written."""
    person = in_step.administrator.people()[0]
    in_step.administrator.replace(person.dn, title=["Changed"])

    line = reads(in_step)

    assert line["by_changes"] == "syncrepl"
    assert isinstance(line["transferred"], int)
    assert line["transferred"] <= MOST_ENTRIES
    assert in_step.writes() == 1


@pytest.mark.slapd
def test_changed_settings_are_looked_at(in_step: Pair) -> None:
    """The same image under another mapping is another desired state."""
    in_step.program.others["mapping"] = {"user": {"title": "description"}}
    in_step.program.write()

    said = in_step.program("sync", "--apply", "--json")

    assert said.document["reads"][0]["why_full"] == "the settings ask for other entries or attributes than before"
    assert said.code == 3, "everybody's title would go, which waits for a person"
    assert said.document["held"]


@pytest.mark.slapd
def test_a_full_read_comes_when_it_is_due_and_says_what_changes_had_missed(in_step: Pair) -> None:
    """An image that is not what the directory says is found, mended and reported."""
    lost = in_step.administrator.people()[0].dn
    let_a_full_read_be_due(in_step, lost)

    said = in_step.program("sync", "--apply", "--json").document

    assert said["reads"][0]["by_changes"] is None
    (missed,) = [one for one in said["findings"] if one["rule"] == "changes-missed"]
    assert missed["subjects"] == [lost]
    assert in_step.writes() == 0


@pytest.mark.slapd
def test_a_full_read_that_agrees_says_nothing(in_step: Pair) -> None:
    """Changes made since the last run are no difference: they were caught up with first."""
    let_a_full_read_be_due(in_step)
    in_step.administrator.replace(in_step.administrator.people()[0].dn, title=["Changed"])

    said = in_step.program("sync", "--apply", "--json").document

    assert said["reads"][0]["why_full"] == "the last full read is as old as `full_read_every` allows"
    assert not [one for one in said["findings"] if one["rule"] == "changes-missed"]


@pytest.mark.slapd
def test_who_wants_everything_read_gets_it(in_step: Pair) -> None:
    """With `full_read_every: 0` no run trusts a report of changes, and says why it read all."""
    in_step.program.directory["full_read_every"] = "0"
    in_step.program.write()

    assert [reads(in_step)["why_full"] for _ in range(2)] == ["`full_read_every` is 0"] * 2


@pytest.mark.slapd
def test_a_run_without_changes_imports_nothing_to_compare_with(in_step: Pair, tmp_path: Path) -> None:
    """Most runs of a day have nothing to compare: what takes a second to import is imported where it is used."""
    command = ("sync", "--apply", "--config", str(in_step.program.settings))
    assert not COMPARING & imported(tmp_path, *command)
    in_step.administrator.replace(in_step.administrator.people()[0].dn, title=["Changed"])
    assert imported(tmp_path, *command) >= COMPARING


@pytest.mark.slapd
@pytest.mark.parametrize("named_by", ["changes", "keys"])
def test_who_moves_between_being_named_and_being_read_has_not_left(
    named_by: str, in_step: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the source of changes nor the read of keys is outrun by a second move: the next run has the new name."""
    person = in_step.administrator.people()[0]
    unit = person.dn.partition(",")[2]
    if named_by == "keys":  # a renamed unit has the keys of all read
        unit = in_step.administrator.rename(unit, "ou=renamed")
        named = f"{person.dn.partition(',')[0]},{unit}"
    else:
        in_step.administrator.replace(person.dn, title=["Changed"])
        named = person.dn
    before = {name for name, user in in_step.console.users().items() if user["active"]}
    original = Session.reread
    moved: list[str] = []

    def outrun(session: Session, name: str, search: Search) -> LdapEntry | None:
        if name == named and not moved:
            moved.append(in_step.administrator.rename(named, "uid=moved-again"))
        return original(session, name, search)

    monkeypatch.setattr(Session, "reread", outrun)

    said = in_step.program("sync", "--apply", "--json")

    assert moved, "the person was not read by name"
    assert said.document["reads"][0]["by_changes"] == "syncrepl"
    assert "deactivate" not in {one["verb"] for one in [*said.document["operations"], *said.document["held"]]}
    assert {name for name, user in in_step.console.users().items() if user["active"]} == before
    assert in_step.program("sync", "--apply").code == 0
    assert len(in_step.console.users()) == len(in_step.administrator.people())
