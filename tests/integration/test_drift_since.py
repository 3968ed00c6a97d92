"""Drift of what changed since the last look: the same edits for a few requests, or a clear word why not."""

import pytest

from ldap2scim.sandbox.world import Size
from tests.integration.conftest import StartPair

SMALL = Size(people=60, groups=4, largest_group=20)


@pytest.mark.parametrize("pair_of", ["embedded", pytest.param("real", marks=pytest.mark.slapd)])
def test_what_changed_is_seen_with_few_requests(request: pytest.FixtureRequest, pair_of: str) -> None:
    """Our own writes are no drift; an edit, a membership and a deletion are told, again and again until repaired."""
    start: StartPair = request.getfixturevalue(f"start_{pair_of}_pair")
    pair = start(SMALL)
    early = pair.program("drift", "--since-last")
    assert (early.code, "Run `ldap2scim drift` once" in early.err) == (1, True), early.text
    assert pair.program("sync", "--apply").code == 0
    assert pair.program("drift").code == 0
    first = pair.administrator.people()[0]
    pair.administrator.replace(first.dn, title=["chief"])
    assert pair.program("sync", "--apply").code == 0
    pair.writes()
    assert pair.program("drift", "--since-last").code == 0

    users, groups = pair.console.users(), pair.console.groups()
    name = sorted(users)[3]
    pair.console.edit("Users", users[name], title="Emperor")
    group = groups["everybody"]
    pair.console.edit("Groups", group, members=group["members"][:-2])
    pair.writes()
    told = [("title", "edited in the service"), ("members −2", "edited in the service")]
    for _ in range(2):
        said = pair.program("drift", "--since-last", "--json")
        assert said.code == 2, said.text
        assert len(pair.service.requests) < 20, "whatever the size of the service"
        assert sorted((one["what"], one["which side"]) for one in said.document["edits"]) == sorted(told)
        assert pair.writes() == 0
    assert pair.program("recover", "--apply").code == 0
    assert pair.program("drift", "--since-last").code == 0

    pair.console.dismiss(users[sorted(users)[5]])
    missed = pair.program("drift", "--since-last")
    assert (missed.code, "1 user fewer than it should have" in missed.out) == (2, True), missed.text
    assert pair.program("drift", "--apply").code == 0
    assert pair.program("drift").code == 0
    assert pair.program("drift", "--since-last").code == 0


def test_a_service_that_cannot_be_asked_is_told_so(start_embedded_pair: StartPair) -> None:
    """One whose profile knows no `ge`: exit code 1, and what to use instead."""
    pair = start_embedded_pair(SMALL, profile="atlassian")
    assert pair.program("sync", "--apply").code == 0
    assert pair.program("drift").code == 0
    said = pair.program("drift", "--since-last")
    assert said.code == 1
    assert "cannot be asked of this service" in said.err
    assert "drift --sample" in said.err
