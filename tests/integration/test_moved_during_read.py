"""Somebody works in the directory while we read it: entries move between our two searches."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from ldap2scim.sandbox.service import embedded_service
from ldap2scim.sandbox.world import BASE_DN, PEOPLE_DN, Size
from tests.integration.comparing import differences
from tests.integration.pairs import Console, Pair, paired, world
from tests.servers.available import require
from tests.servers.certificates import Certificates
from tests.servers.ldap_proxy import LdapProxy, ldap_proxy
from tests.servers.slapd import Slapd, SlapdOptions, running_slapd

pytestmark = pytest.mark.slapd

SALES, MOVED = f"ou=sales,{PEOPLE_DN}", f"ou=sales,ou=finance,{PEOPLE_DN}"
USER_SEARCH, GROUP_SEARCH = b"inetOrgPerson", b"groupOfNames"


@pytest.fixture
def slapd(tmp_path: Path, server_certificates: Certificates) -> Iterator[Slapd]:
    """Forty people in eight units, in groups across the units."""
    require("slapd")
    ldif = world(Size(people=40, groups=13, largest_group=40))
    with running_slapd(tmp_path / "slapd", ldif, SlapdOptions(BASE_DN), server_certificates) as running:
        yield running


@pytest.fixture
def proxy(slapd: Slapd) -> Iterator[LdapProxy]:
    """The way to slapd; nothing has been read over it, so that everything will be."""
    with ldap_proxy(slapd.port) as running:
        yield running


@pytest.fixture
def pair(slapd: Slapd, proxy: LdapProxy, tmp_path: Path) -> Iterator[Pair]:
    """Slapd and the embedded service, brought in step directly; the next run goes through the proxy."""
    with ExitStack() as running:
        service = running.enter_context(embedded_service())
        found = running.enter_context(paired(tmp_path / "installed", slapd, service))
        assert found.program("sync", "--apply").code == 0
        found.program.directory["port"] = proxy.port
        found.program.write()
        service.clear_requests()
        yield found


def everything_there(console: Console) -> tuple[set[str], dict[str, set[str]]]:
    """Return who is active, and the members of each group."""
    active = {name for name, user in console.users().items() if user["active"]}
    groups = console.groups().items()
    return active, {name: {member["value"] for member in group.get("members", ())} for name, group in groups}


def test_a_unit_is_renamed_between_the_searches(pair: Pair, proxy: LdapProxy) -> None:
    """The groups name people as the user search did not: nobody leaves a group, and the next run is in step."""
    before = everything_there(pair.console)
    proxy.once_ended(USER_SEARCH, lambda: _discard(pair.administrator.rename(SALES, "ou=law")))
    said = pair.program("sync", "--apply")
    assert proxy.failed == []
    assert "Traceback" not in said.text
    assert everything_there(pair.console) == before, said.text
    assert_next_run_is_in_step(pair)


def test_a_unit_is_moved_between_the_searches(pair: Pair, proxy: LdapProxy) -> None:
    """The same with a unit that goes into another one."""
    before = everything_there(pair.console)
    proxy.once_ended(
        USER_SEARCH, lambda: _discard(pair.administrator.rename(SALES, "ou=sales", f"ou=finance,{PEOPLE_DN}"))
    )
    pair.program("sync", "--apply")
    assert proxy.failed == []
    assert everything_there(pair.console) == before
    assert pair.administrator.people(MOVED)
    assert_next_run_is_in_step(pair)


def test_a_unit_is_renamed_and_groups_are_corrected_later(pair: Pair, proxy: LdapProxy) -> None:
    """Without referential integrity groups name nobody for a while: whoever they named is known, and leaves nothing."""
    before = everything_there(pair.console)
    correct: list[Callable[[], None]] = []

    def rename_alone() -> None:
        members = {group.dn: group.texts("member") for group in pair.administrator.groups()}
        pair.administrator.rename(SALES, "ou=law")
        after = {group.dn: group.texts("member") for group in pair.administrator.groups()}
        for dn, values in members.items():
            pair.administrator.replace(dn, member=values)
            correct.append(partial(pair.administrator.replace, dn, member=after[dn]))

    proxy.once_ended(USER_SEARCH, rename_alone)
    pair.program("sync", "--apply")
    assert proxy.failed == []
    assert everything_there(pair.console) == before
    said = pair.program("sync", "--apply")
    assert everything_there(pair.console) == before
    assert said.code == 3, "the losses of these groups wait for a person"
    for each in correct:
        each()
    assert_next_run_is_in_step(pair)


def test_somebody_leaves_between_the_searches(pair: Pair, proxy: LdapProxy) -> None:
    """Who was read and is gone from the groups a moment later goes with the next run, and nobody else does."""
    leaver = pair.administrator.people(SALES)[0]
    login = str(leaver.text("uid"))
    before = everything_there(pair.console)
    proxy.once_ended(USER_SEARCH, lambda: pair.administrator.dismiss(leaver.dn))
    pair.program("sync", "--apply")
    assert proxy.failed == []
    assert before[0] - everything_there(pair.console)[0] <= {login}
    assert pair.program("sync", "--apply").code == 0
    assert differences(pair, left=[login]) == []


def test_a_new_unit_is_filled_while_we_read(pair: Pair, proxy: LdapProxy) -> None:
    """Somebody moves during the group search, after the names were read: the next run puts it right."""
    before = everything_there(pair.console)
    proxy.once_ended(GROUP_SEARCH, lambda: _discard(pair.administrator.rename(SALES, "ou=law")))
    pair.program("sync", "--apply")
    assert proxy.failed == []
    assert everything_there(pair.console) == before
    assert_next_run_is_in_step(pair)


def assert_next_run_is_in_step(pair: Pair) -> None:
    """The next run ends with 0 and leaves no difference; no recovery is needed."""
    said = pair.program("sync", "--apply")
    assert said.code == 0, said.text
    assert differences(pair) == []
    assert pair.program("drift").code == 0


def _discard(_: object) -> None:
    """Take what a hook need not return."""
