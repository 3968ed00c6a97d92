"""Bad worlds, each through the whole pipeline: the findings expected, nobody removed, and accounts that add up."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ldap2scim import errors
from ldap2scim.errors import Ldap2ScimError
from ldap2scim.run import pipeline
from ldap2scim.run.context import Mode
from ldap2scim.run.report import Report
from ldap2scim.sandbox.directory import EmbeddedDirectory, embedded_directory
from ldap2scim.sandbox.service import IIJ_LIKE, PLAIN, EmbeddedService, RecordedRequest, embedded_service
from ldap2scim.sandbox.service.records import Kept
from ldap2scim.settings import load
from tests.integration.installation import Installation, openldap, scim
from tests.servers.scim import scim_client
from tests.worlds.bad_worlds import BASE, NAMES, TEAMS, World, catalogue, well_ldif

WORLDS = tuple(catalogue())
PERSONALITIES = {"plain": PLAIN, "iij": IIJ_LIKE}


def test_the_catalogue_is_large_and_each_world_has_its_own_name() -> None:
    """At least forty of them, and each expects something."""
    assert len(WORLDS) >= 40
    assert len({world.name for world in WORLDS}) == len(WORLDS)
    assert all(world.findings or world.error for world in WORLDS)


@dataclass(frozen=True, slots=True)
class Well:
    """The company, synchronised while it was well: made once, and the start of almost every world."""

    service: EmbeddedService
    state: Path
    port: int
    """Of the directory, which is the same server on the bad day."""
    kept: Kept
    nothing: Kept


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Well]:
    """One service for all worlds; the state and the resources of the good day are put back for each."""
    folder = tmp_path_factory.mktemp("well")
    with embedded_service() as service:
        nothing = service.store.keep()
        with embedded_directory(well_ldif()) as directory:
            program = installation(folder, directory, None, service)
            report, refused = run(program)
        assert refused is None
        assert report is not None
        assert report.exit_code == 0, [one.message for one in report.findings]
        yield Well(service, program.state, directory.port, service.store.keep(), nothing)


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_a_bad_world_is_named_and_removes_nobody(world: World, well: Well, tmp_path: Path) -> None:
    """Exactly the expected findings, no request that takes something away, and every entry accounted for."""
    with bad_world(world, well, tmp_path) as (program, service):
        report, refused = run(program)
        writes = service.writes()
    removals = [request for request in writes if takes_away(request)]

    assert len(removals) == world.removals, removals
    if world.error:
        assert isinstance(refused, getattr(errors, world.error)), refused
        assert refused.message
        assert refused.remedy
        assert writes == ()
        return
    assert refused is None
    assert report is not None
    # Where the world is bad by its settings, the run says as well that they are not those of the good day.
    found = sorted((one.rule, one.severity.value) for one in report.findings if one.rule != "settings-changed")
    assert tuple(found) == world.findings, [one.message for one in report.findings]
    assert all(one.message and one.remedy for one in report.findings)
    stopped = any(severity == "stop" for _, severity in world.findings)
    assert (report.accounts is None) is stopped
    assert report.accounts is None or report.accounts.balanced
    assert not report.failed, [outcome.error for outcome in report.outcomes]
    assert not (stopped and writes), "nothing is written where the state may not be believed"


@contextmanager
def bad_world(world: World, well: Well, folder: Path) -> Iterator[tuple[Installation, EmbeddedService]]:
    """Give an installation whose company was well until just now, and its service."""
    with ExitStack() as running:
        service = well.service
        if world.personality != "plain":
            service = running.enter_context(embedded_service(PERSONALITIES[world.personality]))
        else:
            service.store.put_back(well.nothing if world.first else well.kept)
        create_by_hand(world, service)
        service.clear_requests()
        directory = running.enter_context(embedded_directory(world.ldif(), port=well.port))
        if world.hide:
            directory.hide(world.hide)
        if world.withhold:
            directory.withhold(world.withhold)
        if world.fail_after:
            directory.fail_after(*world.fail_after)
        program = installation(folder, directory, world, service)
        if not world.first:
            shutil.copy(well.state, program.state)
        yield program, service


def installation(
    folder: Path, directory: EmbeddedDirectory, world: World | None, service: EmbeddedService
) -> Installation:
    """Write the settings: the usual ones, or those of a world over them."""
    connection = openldap(directory, BASE, full_read_every="0", **(world.directory if world else {}))
    program = Installation(folder, connection, scim(service, **(world.service if world else {})))
    program.others = dict(world.others) if world else {}
    for name, text in program.others.pop("files", {}).items():
        (folder / name).write_text(text, encoding="utf-8")
    program.write()
    return program


def create_by_hand(world: World, service: EmbeddedService) -> None:
    """Make the resources that somebody made at the service's console."""
    with scim_client(service) as console:
        for resource in world.console:
            kind = "User" if "userName" in resource else "Group"
            body = {"schemas": [f"urn:ietf:params:scim:schemas:core:2.0:{kind}"], **resource}
            console.post(f"/{kind}s", json=body).raise_for_status()


def run(program: Installation) -> tuple[Report | None, Ldap2ScimError | None]:
    """Synchronise for good; any other exception than ours is a traceback for a user's mistake."""
    try:
        return pipeline.synchronise(load(program.settings, {}), Mode.APPLY), None
    except Ldap2ScimError as error:
        return None, error


def takes_away(request: RecordedRequest) -> bool:
    """Say whether a request takes away a resource, an account's use, or a membership."""
    if request.method == "DELETE":
        return True
    text = request.raw_body.decode("utf-8", "replace").replace(" ", "").lower()
    return request.method in {"PUT", "PATCH"} and ('"active":false' in text or '"op":"remove"' in text)


def test_the_company_itself_is_well(well: Well, tmp_path: Path) -> None:
    """Without any accident there is no finding and no write: what the worlds report is theirs."""
    with bad_world(World("well", "nothing"), well, tmp_path) as (program, service):
        report, refused = run(program)

    assert refused is None
    assert report is not None
    assert report.findings == ()
    assert report.exit_code == 0
    assert service.writes() == ()
    assert report.accounts is not None
    assert report.accounts.directory.unchanged == len(NAMES) + len(TEAMS)


@pytest.mark.parametrize("body", ['{"active": false}', '{"Operations":[{"op":"Remove","path":"members"}]}'])
def test_a_removal_in_a_body_is_seen(body: str) -> None:
    """The measure of this catalogue can fail."""
    assert takes_away(RecordedRequest("PATCH", "/Users/1", "", body.encode(), 200))
