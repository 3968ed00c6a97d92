"""`ldap2scim probe`: a service is asked, tried out, and left as it was."""

import json
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ldap2scim.cli.main import main
from ldap2scim.run.probe import Depth, probe
from ldap2scim.run.probe_writes import NAME
from ldap2scim.sandbox.service import IIJ_LIKE, PLAIN, EmbeddedService, Personality, embedded_service
from ldap2scim.sandbox.service.faults import Fault, FaultKind, Moment
from ldap2scim.settings import Settings, load
from tests.servers.scim import ScimProcess, ScimServer, scim_client
from tests.waiting import until

DIRECTORY = "directories: {main: {kind: openldap, addresses: [ldap.example], base_dn: 'dc=example'}}\n"


def settings_file(folder: Path, service: ScimServer, profile: str = "generic", lines: str = "") -> Path:
    """Write settings for a service; the directory is never asked."""
    file = folder / "ldap2scim.yml"
    file.write_text(
        f"{DIRECTORY}service:\n  profile: {profile}\n  base_url: {service.base_url}\n  token: {service.token}\n{lines}",
        encoding="utf-8",
    )
    return file


def settings(folder: Path, service: ScimServer, profile: str = "generic", lines: str = "") -> Settings:
    """Return settings for a service."""
    return load(settings_file(folder, service, profile, lines), {})


def fill(service: ScimServer) -> None:
    """Put three people and a group with a member into a service."""
    with scim_client(service) as http:
        for number in range(3):
            answer = http.post(
                "/Users",
                json={
                    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                    "userName": f"user{number}@example.jp",
                    "externalId": f"x-{number}",
                    "active": True,
                },
            )
            assert answer.status_code == 201
        member = {"value": answer.json()["id"]}
        group = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "G", "members": [member]}
        assert http.post("/Groups", json=group).status_code == 201
    service.clear_requests()


def everything(service: ScimServer) -> list[dict[str, object]]:
    """Return what the service holds, without times."""
    with scim_client(service) as http:
        return [
            {name: value for name, value in one.items() if name != "meta"}
            for kind in ("Users", "Groups")
            for one in http.get(f"/{kind}").json().get("Resources", [])
        ]


@pytest.fixture(params=[PLAIN, replace(PLAIN, patch_supported=False), IIJ_LIKE], ids=["plain", "no-patch", "iij-like"])
def service(request: pytest.FixtureRequest) -> Iterator[EmbeddedService]:
    """The embedded service with some people, in several personalities."""
    personality: Personality = request.param
    with embedded_service(personality) as running:
        fill(running)
        yield running


def test_without_a_word_nothing_is_written(service: EmbeddedService, tmp_path: Path) -> None:
    """Every question is a search or a GET; what it found is said."""
    before = everything(service)
    service.clear_requests()

    found = probe(settings(tmp_path, service))

    assert service.writes() == ()
    assert everything(service) == before
    facts = {fact.question: fact.answer for fact in found.facts}
    assert facts["Filter on userName"] == facts["Filter on externalId"] == "works"
    assert facts["count"] == "is kept"
    assert facts["Beyond the end"] == "is empty"
    assert facts["Second page"] == "differs from the first"
    assert facts["Members of groups"] == "are shown in lists"
    assert found.assume["external_id_filter"] is True


def test_what_it_tries_out_it_removes(service: EmbeddedService, tmp_path: Path) -> None:
    """Nothing is left but what was there before, and no write ever went to anybody else."""
    before = everything(service)
    ours = {str(one["id"]) for one in before}
    service.clear_requests()

    found = probe(settings(tmp_path, service), Depth.WRITE)

    assert found.left == ()
    assert everything(service) == before
    assert {write.path.rpartition("/")[2] for write in service.writes()}.isdisjoint(ours)
    assert all(NAME.encode() in write.raw_body for write in service.writes() if write.method == "POST")


def test_the_habits_are_told_apart(tmp_path: Path) -> None:
    """PATCH or PUT, pending or final deletion: each personality gets the settings that fit it."""
    told = {}
    for personality in (PLAIN, replace(PLAIN, patch_supported=False), IIJ_LIKE):
        with embedded_service(personality) as running:
            fill(running)
            told[personality] = probe(settings(tmp_path, running), Depth.WRITE).assume

    plain, no_patch, iij = told.values()
    assert "update" not in plain
    assert "deletion" not in plain
    assert no_patch["update"] == "put"
    assert (iij["deletion"], iij["restore"]) == ("pending", "post")


def test_what_was_assumed_of_the_iij_id_service_is_proven(tmp_path: Path) -> None:
    """What is not documented is printed although the profile says the same: written down, it is unproven no more."""
    with embedded_service(IIJ_LIKE) as running:
        fill(running)
        found = probe(settings(tmp_path, running, "iij-id"), Depth.WRITE)

    assert {"restore", "update", "deletion"} <= found.assume.keys()


def test_a_service_that_is_not_ours(shared_scim2: ScimProcess, tmp_path: Path) -> None:
    """scim2-server is asked and tried out, and is as it was."""
    fill(shared_scim2)
    before = everything(shared_scim2)

    found = probe(settings(tmp_path, shared_scim2), Depth.WRITE)

    assert found.left == ()
    assert everything(shared_scim2) == before
    facts = {fact.question: fact.answer for fact in found.facts}
    assert facts["PATCH of a user"] == "works, with the path written"
    assert facts["PATCH that adds a member"] == "works"
    assert facts["PATCH that removes a member"] == "works by-filter"
    assert facts["Deactivation"] == "works, and so does the way back"
    assert facts["Re-creation of the deleted user"] == "makes a new user with another id"


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C counts, even where the tests were started in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("after", [1, 2, 3, 5, 8, 11, 12])
def test_an_interruption_removes_what_was_made(tmp_path: Path, after: int) -> None:
    """Ctrl-C after any write, while the next one is under way; the last of them remove what was made."""
    with embedded_service(PLAIN) as running:
        fill(running)
        before, loaded = everything(running), settings(tmp_path, running)
        running.clear_requests()
        running.faults.add(Fault(FaultKind.SLOW, seconds=0.05))  # or the next might be over by then
        stop = threading.Thread(target=_interrupt_after, args=(running, after), daemon=True)
        stop.start()

        with pytest.raises(KeyboardInterrupt):
            probe(loaded, Depth.WRITE)

        stop.join(10)
        assert everything(running) == before


def _interrupt_after(service: EmbeddedService, writes: int) -> None:
    until(lambda: len(service.writes()) >= writes, f"{writes} writes", pause=0.001)
    # A real signal: a simulated one does not wake a thread that waits for the network.
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def test_the_command_prints_facts_and_a_block_that_loads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What it stores can be written into the settings as it is."""
    with embedded_service(replace(PLAIN, patch_supported=False)) as running:
        fill(running)
        file, out = settings_file(tmp_path, running), tmp_path / "found.yml"
        assert main(["probe", "--write", "--config", str(file), "--out", str(out)]) == 0
        shown = capsys.readouterr().out
        assert main(["probe", "--write", "--config", str(file), "--json"]) == 0

    assert "PATCH of a user" in shown
    assert "    update: put" in shown
    assert json.loads(capsys.readouterr().out)["assume"]["update"] == "put"
    block = out.read_text(encoding="utf-8").removeprefix("service:\n")
    file.write_text(file.read_text(encoding="utf-8") + block, encoding="utf-8")
    assert load(file, {}).service.assume.update == "put"


@pytest.mark.parametrize(
    ("fault", "question", "answer"),
    [
        (Fault(FaultKind.IGNORE_FILTER), "Filter on userName", "is ignored: everybody comes back"),
        (Fault(FaultKind.EMPTY_FILTER), "Filter on externalId", "finds 0 in place of the one who has it"),
        (Fault(FaultKind.PAGE_ONE_AGAIN), "Beyond the end", "gives resources again"),
        (Fault(FaultKind.STATUS, status=403, path_prefix="/Schemas"), "Schemas", "none are published"),
        (Fault(FaultKind.IGNORE_WRITE, method="PATCH", path_prefix="/Users"), "PATCH of a user", "changes nothing"),
        (Fault(FaultKind.DROP, method="POST", path_prefix="/Users", moment=Moment.AFTER), "Creation", ""),
        (Fault(FaultKind.STATUS, status=400, method="POST", path_prefix="/Groups"), "Creation", "400"),
    ],
    ids=["filter ignored", "filter empty", "page one again", "no schemas", "patch ignored", "answer lost", "no groups"],
)
def test_bad_habits_are_answers_and_nothing_is_left(tmp_path: Path, fault: Fault, question: str, answer: str) -> None:
    """Whatever the service does wrong, it is said, and what was made is found and removed."""
    with embedded_service(PLAIN) as running:
        fill(running)
        before, loaded = everything(running), settings(tmp_path, running, lines="  retry_budget: 0\n")
        running.faults.add(fault)
        found = probe(loaded, Depth.WRITE)
        running.faults.clear()
        assert everything(running) == before

    assert any(answer in fact.answer for fact in found.facts if fact.question == question)
    assert found.left == ()


def test_attributes_that_are_dropped_are_named(tmp_path: Path) -> None:
    """A synchronisation would find them changed in each run; the block leaves them out."""
    with embedded_service(PLAIN) as running:
        fill(running)
        running.faults.add(Fault(FaultKind.IGNORE_ATTRIBUTE, attribute="nickName"))
        found = probe(settings(tmp_path, running), Depth.WRITE)

    assert found.assume["ignored"] == {"user": ["nickName"]}


def test_what_cannot_be_removed_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A service without DELETE keeps them: the names are printed, and the exit code says so."""
    with embedded_service(PLAIN) as running:
        fill(running)
        running.faults.add(Fault(FaultKind.STATUS, status=405, method="DELETE"))
        code = main(["probe", "--write", "--config", str(settings_file(tmp_path, running))])

    shown = capsys.readouterr().out
    assert code == 1
    assert shown.count(f"NOT REMOVED: user {NAME}-") == shown.count(f"NOT REMOVED: group {NAME}-") == 1


def test_a_refused_token_ends_it_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No further question would be answered, and nothing was begun."""
    with embedded_service(PLAIN) as running:
        file = settings_file(tmp_path, running)
        file.write_text(file.read_text(encoding="utf-8").replace(running.token, "wrong"), encoding="utf-8")
        code = main(["probe", "--write", "--config", str(file)])

        assert code == 1
        assert running.writes() == ()
    assert "401" in capsys.readouterr().err
