"""A run without changes costs next to nothing, says how it read, and knows when it has to look after all."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ldap2scim.directory.entry import LdapEntry
from ldap2scim.directory.reader import Search
from ldap2scim.directory.session import Session
from ldap2scim.run import conclusion
from ldap2scim.run.believe import Believed, believe
from ldap2scim.run.context import Mode, Run
from ldap2scim.run.extract import Unread
from ldap2scim.run.pipeline import synchronise
from ldap2scim.run.reading import Read
from ldap2scim.sandbox.ldif import LdifEntry, write_ldif
from ldap2scim.sandbox.service import embedded_service
from ldap2scim.sandbox.world import BASE_DN, PEOPLE_DN
from ldap2scim.settings import load
from tests.cli.imported import imported
from tests.integration.days import hire
from tests.integration.pairs import SMALL, Pair, paired, world
from tests.servers.fixtures import StartSamba, StartSlapd
from tests.servers.samba import BASE_DN as BASE
from tests.servers.slapd import SlapdOptions

MOST_ENTRIES = 10
COMPARING = frozenset({"pandas", "numpy", "pyarrow"})


@pytest.fixture
def in_step(start_slapd: StartSlapd, tmp_path: Path) -> Iterator[Pair]:
    """A pair in step, on a slapd that tells its changes; the last run found nothing to do."""
    lines = ("syncprov-sessionlog 1000",)
    slapd = start_slapd(world(SMALL), SlapdOptions(suffix=BASE_DN, overlays=("syncprov",), database_lines=lines))
    with embedded_service() as service, paired(tmp_path / "installed", slapd, service) as pair:
        assert pair.program("sync", "--apply").code == 0
        assert pair.program("sync", "--apply").code == 0
        service.clear_requests()
        yield pair


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """The runs that looked at the whole state."""
    runs: list[Run] = []

    def look(run: Run, reads: tuple[Read | Unread, ...]) -> Believed:
        runs.append(run)
        return believe(run, reads)

    monkeypatch.setattr(conclusion, "believe", look)
    return runs


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


def rules(pair: Pair, *arguments: str, code: int = 0) -> list[str]:
    """Run, and return what the report tells of."""
    said = pair.program(*(arguments or ("sync", "--apply")), "--json")
    assert said.code == code, said.text
    return [one["rule"] for one in said.document["findings"]]


def reads(pair: Pair) -> dict[str, object]:
    """Run, and return how its directory was read."""
    said = pair.program("sync", "--apply", "--json")
    assert said.code == 0, said.text
    (line,) = said.document["reads"]
    return dict(line)


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
        with closing(sqlite3.connect(in_step.program.state)) as state:
            state.execute(spoil)
            state.commit()
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


def tell_the_state(pair: Pair, statement: str, *values: str) -> None:
    """Change the state behind the program's back."""
    with closing(sqlite3.connect(pair.program.state)) as state:
        state.execute(statement, values)
        state.commit()


def let_a_full_read_be_due(pair: Pair, *lost: str) -> None:
    """Set the last full read back by two days, and take entries out of the image."""
    with sqlite3.connect(pair.program.state) as state:
        state.execute("PRAGMA foreign_keys = ON")
        state.execute("UPDATE positions SET full_read_at = full_read_at - 172800000000")
        state.executemany("DELETE FROM image WHERE dn = ?", [(dn,) for dn in lost])
    state.close()


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
def test_a_full_read_that_finds_everything_as_it_was_ends_the_run(in_step: Pair, looked: list[Run]) -> None:
    """What was decided of the same image holds on, and is reported again; a change is looked at, and then no more."""
    before = in_step.program("sync", "--apply", "--json").document
    in_step.program.directory["full_read_every"] = "0"
    in_step.program.write()

    said = in_step.program("sync", "--apply", "--json").document

    assert looked == []
    assert said["reads"][0]["by_changes"] is None
    assert in_step.service.requests == ()
    assert (said["accounts"], said["operations"]) == (before["accounts"], [])
    in_step.administrator.replace(in_step.administrator.people()[0].dn, title=["Changed"])
    for _ in range(3):
        assert reads(in_step)["by_changes"] is None
    assert len(looked) == 2, "the run that writes, and the one that finds all in step"


@pytest.mark.slapd
def test_a_second_entry_with_an_anchor_is_told_though_the_image_is_the_same(
    start_slapd: StartSlapd, tmp_path: Path
) -> None:
    """The first one stays in the image, so that nothing changes there; a person has to look all the same."""
    slapd = start_slapd(world(SMALL), SlapdOptions(suffix=BASE_DN))
    with embedded_service() as service, paired(tmp_path / "installed", slapd, service) as pair:
        for entry in (*pair.administrator.people(), *pair.administrator.groups()):
            pair.administrator.replace(entry.dn, description=[entry.dn.partition(",")[0]])
        pair.program.directory |= {"source_anchor": "description", "full_read_every": "0"}
        pair.program.write()
        assert [pair.program("sync", "--apply").code for _ in range(3)] == [0, 0, 0]
        pair.service.clear_requests()
        first = pair.administrator.people()[0]
        second = f"uid={hire(pair.administrator, 1)},ou=research,{PEOPLE_DN}"
        pair.administrator.replace(second, description=[first.dn.partition(",")[0]])
        assert "duplicate-source-anchor" in rules(pair, code=3)

        pair.administrator.replace(first.dn, title=["Changed"])
        assert "duplicate-source-anchor" in rules(pair, code=3)
        assert pair.writes() == 0, "who of the two is meant, nobody knows"
        pair.administrator.delete(second)

        assert "duplicate-source-anchor" not in rules(pair)
        assert pair.writes() == 1


@pytest.mark.slapd
def test_everything_is_compared_once_a_day(in_step: Pair, looked: list[Run]) -> None:
    """What nobody thought of is found within a day, though nothing changed."""
    settings = load(in_step.program.settings, {})
    days = [datetime.now(UTC) + timedelta(days=days) for days in (0, 1, 1, 2)]

    assert [synchronise(settings, Mode.APPLY, now=day).exit_code for day in days] == [0] * 4

    assert [run.now for run in looked] == [days[1], days[3]]


@pytest.mark.slapd
def test_a_run_that_left_a_doubt_alone_settles_nothing_for_the_next(in_step: Pair, looked: list[Run]) -> None:
    """A dry run does not ask what became of a request; what it was about is not compared, and is by the next run."""
    tell_the_state(
        in_step,
        "INSERT INTO journal (op_no, run_id, plan_id, key, verb, resource_type, removal, service_id, started_at) "
        "SELECT (SELECT max(op_no) + 1 FROM journal), 'killed', 'a plan', key, 'update', resource_type, 0, service_id, "
        "managed_since FROM snapshot WHERE resource_type = ? ORDER BY key LIMIT 1",
        "User",
    )
    assert "in-doubt" in rules(in_step, "plan", code=3)
    assert len(looked) == 1

    assert "in-doubt" not in rules(in_step)
    assert len(looked) == 2, "the run before was content, but for what it left alone"


@pytest.mark.slapd
def test_changed_settings_are_named_by_one_run_that_applies(in_step: Pair) -> None:
    """Though a dry run has found all in step with them, so that this one has nothing to compare."""
    in_step.program.others["safety"] = {"users": {"most": 7}}
    in_step.program.write()
    told = [
        rules(in_step, *words).count("settings-changed")
        for words in (("plan",), ("sync", "--apply"), ("sync", "--apply"))
    ]

    assert told == [1, 1, 0]


@pytest.mark.slapd
def test_a_run_without_changes_imports_nothing_to_compare_with(in_step: Pair, tmp_path: Path) -> None:
    """Most runs of a day have nothing to compare: what takes a second to import is imported where it is used."""
    command = ("sync", "--apply", "--config", str(in_step.program.settings))
    assert not COMPARING & imported(tmp_path, *command)
    in_step.administrator.replace(in_step.administrator.people()[0].dn, title=["Changed"])
    assert imported(tmp_path, *command) >= COMPARING


@pytest.mark.slapd
@pytest.mark.parametrize("change", ["leaves", "leaves a group"])
def test_what_was_caught_up_with_before_a_full_read_is_looked_at(in_step: Pair, change: str) -> None:
    """The full read finds the image as the changes have just left it, which is not as the last run had left it."""
    let_a_full_read_be_due(in_step)
    group = in_step.administrator.groups()[0]
    member = group.texts("member")[0]
    if change == "leaves":
        in_step.administrator.dismiss(member)
    else:
        in_step.administrator.take(group.dn, "member", member)

    said = in_step.program("sync", "--apply", "--json").document

    assert said["reads"][0]["why_full"] == "the last full read is as old as `full_read_every` allows"
    assert in_step.writes() > 0
    assert in_step.program("plan", "--json").document["operations"] == []


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
