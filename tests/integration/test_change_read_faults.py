"""A proxy spoils the answer to our question for changes: nobody is removed, no change is lost."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ldap2scim.sandbox.service import embedded_service
from ldap2scim.sandbox.world import BASE_DN, PEOPLE_DN, Size
from tests.integration.comparing import differences
from tests.integration.days import hire
from tests.integration.pairs import Pair, paired, world
from tests.servers.available import require
from tests.servers.certificates import Certificates
from tests.servers.ldap_proxy import (
    BUSY,
    REFERRAL,
    SIZE_LIMIT,
    SYNC_REQUEST,
    UNAVAILABLE,
    Fault,
    LdapProxy,
    Plan,
    Refusal,
    ldap_proxy,
)
from tests.servers.slapd import Slapd, SlapdOptions, running_slapd

pytestmark = pytest.mark.slapd

SESSION_LOG = ("syncprov-sessionlog 1000",)


@pytest.fixture
def slapd(tmp_path: Path, server_certificates: Certificates) -> Iterator[Slapd]:
    """Forty people in thirteen groups, on a server that names all that happens."""
    require("slapd")
    ldif = world(Size(people=40, groups=13, largest_group=40))
    options = SlapdOptions(BASE_DN, overlays=("syncprov",), database_lines=SESSION_LOG)
    with running_slapd(tmp_path / "slapd", ldif, options, server_certificates) as running:
        yield running


@pytest.fixture
def proxy(slapd: Slapd) -> Iterator[LdapProxy]:
    """The way to slapd."""
    with ldap_proxy(slapd.port) as running:
        yield running


@pytest.fixture
def pair(slapd: Slapd, proxy: LdapProxy, tmp_path: Path) -> Iterator[Pair]:
    """The pair behind the proxy, in step, so that its next run reads changes."""
    with ExitStack() as running:
        service = running.enter_context(embedded_service())
        found = running.enter_context(paired(tmp_path / "installed", slapd, service))
        found.program.directory.update(port=proxy.port, timeouts={"answer": 1})
        found.program.write()
        assert found.program("sync", "--apply").code == 0
        service.clear_requests()
        yield found


@pytest.mark.parametrize("position", [0, 1], ids=["first", "second"])
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault.CUT, id="cut"),
        pytest.param(Fault.STALL, id="stall"),
        pytest.param(Refusal(BUSY), id="busy"),
        pytest.param(Refusal(UNAVAILABLE), id="unavailable"),
        pytest.param(Refusal(SIZE_LIMIT), id="size-limit"),
        pytest.param(Refusal(REFERRAL, "ldap://elsewhere.example"), id="referral"),
    ],
)
def test_changes_are_not_heard_to_the_end(pair: Pair, proxy: LdapProxy, fault: Fault | Refusal, position: int) -> None:
    """Either all is read, and right, or the run names the server and writes nothing; the next run is right."""
    login = hire(pair.administrator, 1)
    leaver = pair.administrator.people(f"ou=sales,{PEOPLE_DN}")[0]
    gone = str(leaver.text("uid"))
    pair.administrator.replace(pair.administrator.people(f"ou=legal,{PEOPLE_DN}")[0].dn, title=[login])
    pair.administrator.dismiss(leaver.dn)
    before = {name for name, user in pair.console.users().items() if user["active"]}
    proxy.spoil(Plan(fault, SYNC_REQUEST, position))
    said = pair.program("sync", "--apply")
    assert proxy.struck
    assert "Traceback" not in said.text
    active = {name for name, user in pair.console.users().items() if user["active"]}
    if said.code == 0:
        assert differences(pair, left=[gone]) == []
    else:
        assert f"127.0.0.1:{proxy.port}" in said.text
        assert "changes" in said.text
        assert (active, pair.writes()) == (before, 0)

    proxy.spoil(None)
    said = pair.program("sync", "--apply")
    assert said.code == 0, said.text
    assert differences(pair, left=[gone]) == []


def test_one_name_of_which_the_server_says_nothing_stops_nobody_else(pair: Pair) -> None:
    """Everything is read instead: the same refusal would come in each run, and nobody would come or leave any more."""
    unit = f"ou=legal,{PEOPLE_DN}"
    pair.administrator.delete(*(one.dn for one in pair.administrator.people(unit)), unit)
    pair.administrator.add(unit, ["referral", "extensibleObject"], ou="legal", ref=f"ldap://elsewhere.example/{unit}")
    hired = hire(pair.administrator, 1)
    said = pair.program("sync", "--apply")
    assert "is asked for it by name" in said.text
    assert pair.console.users()[hired]["active"]


def test_a_source_anchor_that_was_copied_makes_nobody_somebody_else(slapd: Slapd, tmp_path: Path) -> None:
    """Somebody new is made as a copy of somebody, number and all: both are held, as a full read holds them."""
    with ExitStack() as running:
        service = running.enter_context(embedded_service())
        pair = running.enter_context(paired(tmp_path / "anchored", slapd, service))
        everything = pair.administrator.people() + pair.administrator.groups()
        for number, one in enumerate(everything):
            pair.administrator.replace(one.dn, businessCategory=[f"{number}"])
        pair.program.directory.update(source_anchor="businessCategory")
        pair.program.write()
        assert pair.program("sync", "--apply").code == 0
        before, original = pair.console.users(), pair.administrator.people(f"ou=sales,{PEOPLE_DN}")[0]
        service.clear_requests()
        hire(pair.administrator, 1)
        new = next(one for one in pair.administrator.people() if one.text("uid") == "new.person1")
        pair.administrator.replace(new.dn, businessCategory=original.texts("businessCategory"))
        for _ in range(2):
            said = pair.program("sync", "--apply")
            assert (said.code, pair.writes()) == (3, 0), said.text
            assert "duplicate-source-anchor" in said.text
        assert pair.console.users() == before
