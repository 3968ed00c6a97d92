"""`history`, `diff` and `forget`, as an administrator uses them."""

from collections.abc import Iterator

import pytest

from ldap2scim.sandbox.directory import embedded_directory
from ldap2scim.sandbox.service import embedded_service
from ldap2scim.state.runs import RunsReader
from ldap2scim.state.store import open_store
from tests.integration.days import day_of_changes, hire
from tests.integration.pairs import Pair, paired, world


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Pair, list[str]]]:
    """A pair that was loaded, had a day of changes, and one newcomer; with the runs, the first one first."""
    folder = tmp_path_factory.mktemp("installed")
    with (
        embedded_directory(world()) as directory,
        embedded_service() as service,
        paired(folder, directory, service) as pair,
    ):
        pair.program.others["safety"] = {"member_loss_minimum": 20}  # the group of 20 that the day dissolves may go
        runs = []
        for change in (lambda: None, lambda: day_of_changes(pair.administrator), lambda: hire(pair.administrator, 9)):
            change()
            said = pair.program("sync", "--apply", "--json")
            assert said.code == 0, said.text
            runs.append(str(said.document["run_id"]))
        yield pair, runs


def test_the_last_runs_are_listed(lived: tuple[Pair, list[str]]) -> None:
    """Without an argument: when each ran, and what it did."""
    pair, runs = lived
    listed = pair.program("history", "--json").document["runs"]

    assert [one["run_id"] for one in listed if one["mode"] == "apply"][:3] == runs[::-1]
    assert listed[0]["operations"] == {"create user: applied": 1}
    said = pair.program("history")
    assert said.code == 0
    assert runs[1][:8] in said.out
    assert "× update user: applied" in said.out


def test_a_person_has_a_timeline_without_values(lived: tuple[Pair, list[str]]) -> None:
    """Run by run: attributes by path, and the groups that were entered and left; values when they are asked for."""
    pair, runs = lived
    console = pair.console.users()
    login = next(name for name, user in console.items() if user.get("title") == "本部長")
    lines = pair.program("history", login, "--json").document["lines"]

    assert [(line["run_id"], line["verb"]) for line in lines if line["verb"] != "change members"] == [
        (runs[0], "create"),
        (runs[1], "update"),
    ]
    [update] = [line for line in lines if line["verb"] == "update"]
    assert update["what"] == ["name.familyName", "title"]
    assert update["outcome"] == "applied"
    assert any(line["what"] == ["entered the group everybody"] for line in lines) or lines[1]["verb"] == "update"
    said = pair.program("history", login)
    assert "本部長" not in said.out
    assert "title: " in pair.program("history", login, "--values").out
    assert "本部長" in pair.program("history", login, "--values").out
    assert pair.program("history", "nobody.at.all").code == 1


def test_a_run_tells_what_it_changed(lived: tuple[Pair, list[str]]) -> None:
    """By its id, or the first digits of it."""
    pair, runs = lived
    said = pair.program("history", runs[1][:8], "--json").document

    assert said["run_id"] == runs[1]
    verbs = [line["verb"] for line in said["lines"]]
    assert {"create", "update", "delete", "change members"} <= set(verbs)
    assert pair.program("history", runs[2]).out.count("create") == 1
    loaded = pair.program("history", runs[0], "--json").document["lines"]
    proofs = [line["proof"] for line in loaded if line["verb"] == "create"]
    assert proofs.count("read") >= 3, "the first three of a kind are read again"
    assert "applied (read again)" in pair.program("history", runs[0]).out


def test_two_runs_are_compared(lived: tuple[Pair, list[str]]) -> None:
    """From the end of one to the end of the other; the other way round it is the opposite."""
    pair, runs = lived
    there = pair.program("diff", runs[0], runs[2], "--json").document["differences"]
    back = pair.program("diff", runs[2], runs[0], "--json").document["differences"]

    def names(found: list[dict[str, object]], how: str) -> set[object]:
        return {one["who"] for one in found if one["how"] == how}

    assert names(there, "new") == names(back, "gone") >= {"new.person0", "new.person9", "project-new"}
    assert names(there, "gone") == names(back, "new") != set()
    assert names(there, "changed") == names(back, "changed") != set()
    [everybody] = [one for one in there if (one["who"], one["how"]) == ("everybody", "members")]
    [opposite] = [one for one in back if (one["who"], one["how"]) == ("everybody", "members")]
    assert (everybody["entered"], everybody["left"]) == (opposite["left"], opposite["entered"])
    assert pair.program("diff", runs[2], runs[2], "--json").document["differences"] == []
    said = pair.program("diff", runs[1][:8], runs[2][:8])
    assert said.code == 0
    assert "1 difference" in said.out
    assert "new.person9" in said.out


def test_a_moment_before_everything_is_refused(lived: tuple[Pair, list[str]]) -> None:
    """To go back to it would remove everybody; a wrong year is likelier. What is no moment is refused as well."""
    pair, runs = lived
    said = pair.program("restore", "--as-of", "2020-01-01")

    assert said.code == 1
    assert "nothing was managed yet" in said.err
    assert "is no moment" in pair.program("restore", "--as-of", "Tuesday").err
    assert "There is no run 0123456789" in pair.program("undo", "0123456789").err
    assert "was a dry run" in pair.program("undo", str(pair.program("plan", "--json").document["run_id"])).err
    assert pair.program("undo", runs[2]).code == 2


def test_who_has_left_is_forgotten(lived: tuple[Pair, list[str]]) -> None:
    """Refused while the person is needed; then dry first; and then no byte of the state knows the person."""
    pair, _ = lived
    [entry] = pair.administrator.find("(uid=new.person9)")
    refused = pair.program("forget", "new.person9", "--apply")
    assert refused.code == 1
    assert "is an entry of the directory" in refused.err
    pair.administrator.delete(entry.dn)
    assert pair.program("sync", "--apply").code == 0

    dry = pair.program("forget", "new.person9")
    assert dry.code == 0
    assert "Would be removed: 2 entries of the history, the names in 2 operations" in dry.out
    assert pair.program("history", "new.person9").code == 0
    done = pair.program("forget", "new.person9", "--apply", "--json")
    assert done.code == 0, done.text
    assert done.document["forgotten"] is True
    everything = b"".join(file.read_bytes() for file in sorted(pair.program.folder.glob("state.db*")))
    for value in ("new.person9", str(entry.text("entryUUID")), "新人 9"):
        assert value.encode() not in everything, value
    assert pair.program("history", "new.person9").code == 1
    assert pair.program("sync", "--apply").code == 0


def test_a_look_is_listed_as_what_it_was_and_how_it_ended(embedded_pair: Pair) -> None:
    """It comes to no report and did end all the same; what it noticed can be asked for after it, as after any run."""
    pair = embedded_pair
    pair.program.others = {"rules": "rules.yml"}
    (pair.program.folder / "rules.yml").write_text("rules: {some: {count: user, least: 1}}\n", encoding="utf-8")
    pair.program.write()
    assert pair.program("sync", "--apply").code == 0
    assert pair.program("drift").code == 0
    pair.administrator.insert(pair.administrator.groups()[0].dn, "member", "uid=nobody,dc=elsewhere")
    for words in (("drift",), ("drift", "--sample", "3"), ("drift", "--since-last"), ("rules",)):
        code = pair.program(*words).code

        one = pair.program("history", "--json").document["runs"][0]

        assert (one["mode"], one["exit_code"], one["ended_by"]) == (words[0], code, None), words
        assert one["finished_at"] is not None
        with open_store(pair.program.state) as store:
            assert "member-outside" in {found.rule for found in RunsReader(store).findings(one["run_id"])}, words
