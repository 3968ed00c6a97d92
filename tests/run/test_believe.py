"""What may be believed of the reads of a run."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ldap2scim.errors import DirectoryUnavailable
from ldap2scim.essence import fingerprint, to_essence
from ldap2scim.findings import Finding, Severity
from ldap2scim.model import ResourceType
from ldap2scim.planning.states import ReadState, Scope
from ldap2scim.run import conclusion
from ldap2scim.run.believe import believe
from ldap2scim.run.context import Mode, Run
from ldap2scim.run.extract import Unread
from ldap2scim.state import journal, runs
from ldap2scim.state.image_rows import MappedRow, Standing
from ldap2scim.state.journal import Intent
from tests.run.conftest import StartRun
from tests.run.readings import read
from tests.run.scripted import ScriptedProvider, row
from tests.run.test_settle import remember
from tests.state import worlds

HELD = Finding("no-source-anchor", Severity.HOLD, "no anchor", "mend it")


def _with_a_keyless_entry(run: Run, directory: str) -> None:
    """Leave an entry without source anchor in the image of a directory, two days old."""
    nameless = worlds.person("nameless", anchored=False)
    worlds.read(run.lease, [nameless], [], directory)
    worlds.map_all(run.lease, {nameless.dn: MappedRow(0, Standing.HELD, (HELD,))}, directory=directory)
    run.now = run.store.clock() + timedelta(days=2)


def test_keyless_entry_of_a_former_directory_stops_nobody(start: StartRun) -> None:
    """Of a directory that is not configured any more nobody can mend an entry, so it is not waited for."""
    run = start(ScriptedProvider())
    _with_a_keyless_entry(run, "former")
    assert believe(run, (read(run, [worlds.person("aiko")], []),)).stops == ()


def test_directory_that_was_not_read(start: StartRun) -> None:
    """Its scopes are failed, which proves nothing, and a finding says why it was left alone."""
    run = start(ScriptedProvider())
    state = believe(run, (Unread(worlds.CORP, DirectoryUnavailable("away", "Look at it.")),))
    assert all(state.desired.read_state(Scope(worlds.CORP, kind)) is ReadState.FAILED for kind in ResourceType)
    assert [(finding.rule, finding.severity) for finding in run.findings if finding.rule == "directory-not-read"] == [
        ("directory-not-read", Severity.HOLD)
    ]


def test_keyless_entry_blocks_and_after_a_day_stops(start: StartRun) -> None:
    """Of a directory that is read, it blocks every removal of its kind, and after a day calls a person."""
    run = start(ScriptedProvider())
    reading = read(run, [worlds.person("aiko")], [])
    _with_a_keyless_entry(run, worlds.CORP)
    state = believe(run, (reading,))
    assert Scope(worlds.CORP, ResourceType.USER) in state.holds.blocked
    assert [finding.rule for finding in state.stops] == ["removals-blocked"]


@pytest.mark.parametrize("in_doubt", [True, False])
def test_a_short_read_is_no_measure_while_something_is_in_doubt(start: StartRun, in_doubt: bool) -> None:
    """Nothing is proposed about who is in doubt, so that nobody seems to wait: she may be the one who is missing."""
    run = start(ScriptedProvider(), Mode.PLAN)
    runs.believe_reads(run.lease, {read(run, [worlds.person("aiko"), worlds.person("bunta")], []).changes.read_no})
    essence = to_essence({"user_name": worlds.person("aiko").dn})
    remember(run, replace(row(key=worlds.key("aiko")), fingerprint=fingerprint(essence), essence=essence))
    if in_doubt:
        journal.begin(run.lease, run.run_id, "p", [Intent(worlds.key("bunta"), "create", ResourceType.USER)])
    reads = (read(run, [worlds.person("aiko")], []),)
    conclusion.bring_in_step(run, reads)
    measure = run.state.runs.last_believed_reads()[worlds.CORP, ResourceType.USER]
    assert measure.entries == (2 if in_doubt else 1)
