"""A proxy between us and a real slapd spoils one answer: nobody is removed, and the next run is right.

Every fault strikes both searches, at their first entry, in the middle, and before the last.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count

import pytest

from ldap2scim.sandbox.service import embedded_service
from ldap2scim.sandbox.world import BASE_DN, GROUPS_DN, Size
from tests.integration.comparing import differences
from tests.integration.installation import Said
from tests.integration.pairs import Console, Pair, paired, world
from tests.servers.available import require
from tests.servers.certificates import Certificates
from tests.servers.ldap_proxy import (
    BUSY,
    REFERRAL,
    SIZE_LIMIT,
    UNAVAILABLE,
    Fault,
    LdapProxy,
    Plan,
    Refusal,
    ldap_proxy,
)
from tests.servers.slapd import SlapdOptions, running_slapd

pytestmark = pytest.mark.slapd

SIZE = Size(people=41, groups=13, largest_group=41)
PAGE = 4
"""So that the last page of either search has one entry."""
TITLES = count(1)


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the two searches."""

    name: str
    marker: bytes
    entries: int


USERS, GROUPS = Kind("users", b"inetOrgPerson", SIZE.people), Kind("groups", b"groupOfNames", SIZE.groups)
both_searches = pytest.mark.parametrize("kind", [USERS, GROUPS], ids=lambda kind: str(kind.name))
everywhere = pytest.mark.parametrize("place", ["first", "middle", "last"])


def entries_before(place: str, kind: Kind) -> int:
    """Return how many entries pass before the fault."""
    return {"first": 0, "middle": kind.entries // 2, "last": kind.entries - 1}[place]


@pytest.fixture(scope="module")
def shared_pair(tmp_path_factory: pytest.TempPathFactory, server_certificates: Certificates) -> Iterator[Pair]:
    """Slapd and the embedded service, in step; every test leaves them so."""
    require("slapd")
    folder = tmp_path_factory.mktemp("faults")
    with ExitStack() as running:
        slapd = running.enter_context(
            running_slapd(folder / "slapd", world(SIZE), SlapdOptions(BASE_DN), server_certificates)
        )
        service = running.enter_context(embedded_service())
        found = running.enter_context(paired(folder / "installed", slapd, service))
        found.program.directory.update(page_size=PAGE, timeouts={"answer": 1})
        found.program.write()
        assert found.program("sync", "--apply").code == 0
        yield found


@pytest.fixture
def proxy(shared_pair: Pair) -> Iterator[LdapProxy]:
    """The way to slapd. A port of its own each time, as another server has, so that everything is read."""
    with ldap_proxy(shared_pair.directory.port) as running:
        yield running


@pytest.fixture
def pair(shared_pair: Pair, proxy: LdapProxy) -> Iterator[Pair]:
    """The pair behind the proxy, with one update waiting in the directory."""
    pair = shared_pair
    pair.program.directory["port"] = proxy.port
    pair.program.write()
    pair.administrator.replace(pair.administrator.people()[0].dn, title=[f"会長{next(TITLES)}"])
    pair.service.clear_requests()
    yield pair
    pair.program.directory["port"] = pair.directory.port
    pair.program.write()


def everything_there(console: Console) -> set[str]:
    """Return who is active, which groups there are and who is in them, as sentences."""
    active = {f"user {name}" for name, user in console.users().items() if user["active"]}
    groups = console.groups().items()
    members = {f"{member['value']} in {name}" for name, group in groups for member in group.get("members", ())}
    return active | {f"group {name}" for name, _ in groups} | members


def run_spoilt(pair: Pair, proxy: LdapProxy, plan: Plan | None) -> Said:
    """Synchronise through the proxy with a fault, and see that nobody and nothing was removed."""
    before = everything_there(pair.console)
    proxy.spoil(plan)
    said = pair.program("sync", "--apply")
    assert "Traceback" not in said.text
    assert before - everything_there(pair.console) == set(), said.text
    return said


def assert_refused(said: Said, code: int, *words: str) -> None:
    """The run ends with the code, and names what an administrator needs."""
    assert said.code == code, said.text
    for word in words:
        assert word in said.text, said.text


def assert_right_again(pair: Pair, proxy: LdapProxy) -> None:
    """Without the fault the next run brings both sides in step."""
    proxy.spoil(None)
    proxy.bind_refusal = None
    said = pair.program("sync", "--apply")
    assert said.code == 0, said.text
    assert differences(pair) == []


@both_searches
@everywhere
@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        pytest.param(Fault.CUT, 1, ("was lost", "Run again"), id="cut"),
        pytest.param(Fault.STALL, 1, ("did not answer in time", "raise the time-out"), id="stall"),
        pytest.param(Refusal(BUSY), 1, ("busy", "Run again later"), id="busy"),
        pytest.param(Refusal(UNAVAILABLE), 1, ("unavailable", "Run again later"), id="unavailable"),
        pytest.param(Refusal(SIZE_LIMIT), 3, ("sizeLimitExceeded", "size=unlimited"), id="size-limit"),
        pytest.param(
            Refusal(REFERRAL, "ldap://elsewhere.example/dc=x"),
            3,
            ("ldap://elsewhere.example/dc=x", "`addresses`"),
            id="referral",
        ),
    ],
)
def test_a_search_does_not_come_to_its_end(
    pair: Pair, proxy: LdapProxy, kind: Kind, place: str, fault: Fault | Refusal, code: int, words: tuple[str, ...]
) -> None:
    """Whatever ends a search before its end, wherever: nothing is written, and server, search and remedy are named."""
    said = run_spoilt(pair, proxy, Plan(fault, kind.marker, entries_before(place, kind)))
    assert proxy.struck
    assert_refused(said, code, f"127.0.0.1:{proxy.port}", f"the search for {kind.name} below {BASE_DN}", *words)
    assert pair.writes() == 0
    assert_right_again(pair, proxy)


@both_searches
@everywhere
def test_an_empty_page_in_between(pair: Pair, proxy: LdapProxy, kind: Kind, place: str) -> None:
    """A page without entries that has a cookie is not the end (RFC 2696 §3): everything is read."""
    said = run_spoilt(pair, proxy, Plan(Fault.EMPTY_PAGE, kind.marker, entries_before(place, kind)))
    assert proxy.struck == 1
    assert_refused(said, 0)
    assert differences(pair) == []
    assert_right_again(pair, proxy)


@both_searches
@everywhere
def test_the_same_empty_page_again_and_again(pair: Pair, proxy: LdapProxy, kind: Kind, place: str) -> None:
    """A server that pages and does not move is given up."""
    said = run_spoilt(pair, proxy, Plan(Fault.SAME_EMPTY_PAGE, kind.marker, entries_before(place, kind)))
    assert proxy.struck <= 3
    assert_refused(said, 3, f"127.0.0.1:{proxy.port}", f"the search for {kind.name}", "`page_size`")
    assert pair.writes() == 0
    assert_right_again(pair, proxy)


@both_searches
@pytest.mark.parametrize("place", ["first", "middle"])
def test_an_empty_page_that_ends_the_search(pair: Pair, proxy: LdapProxy, kind: Kind, place: str) -> None:
    """An early end that looks like success is a visibly short read, which removes nobody."""
    said = run_spoilt(pair, proxy, Plan(Fault.EARLY_END, kind.marker, entries_before(place, kind)))
    assert proxy.struck
    assert_refused(said, 3, f"127.0.0.1:{proxy.port}", kind.name.removesuffix("s"))
    assert_right_again(pair, proxy)


@both_searches
def test_an_empty_page_in_the_place_of_the_last(pair: Pair, proxy: LdapProxy, kind: Kind) -> None:
    """Where a single entry is missing, too few to be seen, the keys are read once more: it stays, and that is said."""
    said = run_spoilt(pair, proxy, Plan(Fault.EARLY_END, kind.marker, kind.entries - 1, searches=1))
    assert proxy.struck == 1
    assert_refused(said, 0, f"127.0.0.1:{proxy.port} left out 1 entries", "server's log")
    assert_right_again(pair, proxy)


def test_the_bind_is_refused_for_now(pair: Pair, proxy: LdapProxy) -> None:
    """A server that is too busy to bind is named, and nothing is written."""
    proxy.bind_refusal = BUSY
    said = run_spoilt(pair, proxy, None)
    assert_refused(said, 1, f"127.0.0.1:{proxy.port}", "bind", "busy", "Run again later")
    assert pair.writes() == 0
    assert_right_again(pair, proxy)


def test_nothing_is_spoilt(pair: Pair, proxy: LdapProxy) -> None:
    """The proxy alone changes nothing: both searches, and all that is asked beside them, come to their end."""
    said = run_spoilt(pair, proxy, None)
    assert_refused(said, 0)
    assert proxy.struck == 0
    assert pair.console.groups().keys() == {
        group.text("cn") for group in pair.administrator.groups() if group.dn.endswith(GROUPS_DN)
    }
    assert differences(pair) == []
