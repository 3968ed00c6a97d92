"""The directory goes away in the middle of a read: nothing is concluded, nothing is changed, the next run is right."""

import pytest

from ldap2scim.sandbox.directory import EmbeddedDirectory
from ldap2scim.sandbox.world import Size
from tests.integration.comparing import differences
from tests.integration.conftest import StartPair
from tests.integration.installation import Said
from tests.integration.pairs import Pair
from tests.integration.relay import relaying
from tests.servers.slapd import Slapd

BUSY, UNWILLING, SIZE_LIMIT, ADMIN_LIMIT = 51, 53, 4, 11


def assert_untouched(pair: Pair, said: Said, code: int, *words: str) -> None:
    """The run failed, says why and what to do, and asked the service for nothing."""
    assert said.code == code, said.text
    assert "Traceback" not in said.text
    for word in words:
        assert word in said.text, said.text
    assert pair.writes() == 0


def assert_right_again(pair: Pair) -> None:
    """With the directory back, the next run does what there is to do and nothing else."""
    person = pair.administrator.people()[0]
    pair.administrator.replace(person.dn, title=["会長"])
    assert pair.program("sync", "--apply").code == 0
    assert pair.writes() == 1
    assert differences(pair) == []
    assert pair.program("drift").code == 0


@pytest.fixture
def loaded(embedded_pair: Pair) -> tuple[Pair, EmbeddedDirectory]:
    """The embedded pair after its first load."""
    assert embedded_pair.program("sync", "--apply").code == 0
    embedded_pair.service.clear_requests()
    assert isinstance(embedded_pair.directory, EmbeddedDirectory)
    return embedded_pair, embedded_pair.directory


@pytest.mark.slapd
@pytest.mark.parametrize("share", [0.2, 0.6])
def test_slapd_is_killed_in_the_middle_of_a_read(start_real_pair: StartPair, share: float) -> None:
    """SIGKILL while slapd answers: exit code 1, what to do, nothing removed; restarted, the next run is right."""
    pair = start_real_pair(Size(people=400, groups=12, largest_group=200))
    slapd = pair.directory
    assert isinstance(slapd, Slapd)
    assert pair.program("sync", "--apply").code == 0
    pair.service.clear_requests()
    pair.program.directory["page_size"] = 50
    with relaying(slapd.port, 10**9, slapd.kill) as relay:
        pair.program.directory["port"] = relay.port
        pair.program.write()
        assert pair.program("plan").code == 0
        whole = 10**9 - relay.left
    with relaying(slapd.port, int(whole * share), slapd.kill) as relay:
        pair.program.directory["port"] = relay.port
        pair.program.write()
        said = pair.program("sync", "--apply")
        assert relay.struck
        assert_untouched(pair, said, 1, "connection")
    slapd.start()
    pair.program.directory["port"] = slapd.port
    pair.program.write()
    with pair.administrator.reconnected(slapd):
        assert_right_again(pair)


@pytest.mark.parametrize("entries", [0, 1, 60, 119])
def test_the_connection_is_cut(loaded: tuple[Pair, EmbeddedDirectory], entries: int) -> None:
    """Wherever in the answer the connection breaks, the run fails and says what to do."""
    pair, directory = loaded
    directory.cut_after(entries)
    for command in (("sync", "--apply"), ("recover", "--apply"), ("drift",)):
        assert_untouched(pair, pair.program(*command), 1, "connection")
    directory.mend()
    assert_right_again(pair)


def test_the_directory_stops_answering(loaded: tuple[Pair, EmbeddedDirectory]) -> None:
    """A server that keeps the connection and says nothing is given up after `timeouts.answer`."""
    pair, directory = loaded
    pair.program.directory["timeouts"] = {"answer": 1}
    pair.program.write()
    directory.stall_after(60)
    assert_untouched(pair, pair.program("sync", "--apply"), 1)
    directory.mend()
    assert_right_again(pair)


@pytest.mark.parametrize(("result_code", "code"), [(BUSY, 1), (UNWILLING, 3), (SIZE_LIMIT, 3), (ADMIN_LIMIT, 3)])
def test_a_search_ends_with_an_error(loaded: tuple[Pair, EmbeddedDirectory], result_code: int, code: int) -> None:
    """A search that ends with anything but success proves nothing."""
    pair, directory = loaded
    directory.fail_after(60, result_code)
    assert_untouched(pair, pair.program("sync", "--apply"), code)
    directory.mend()
    assert_right_again(pair)


def test_the_directory_is_down(loaded: tuple[Pair, EmbeddedDirectory]) -> None:
    """A directory that cannot be reached is named with its address."""
    pair, directory = loaded
    directory.stop()
    assert_untouched(pair, pair.program("sync", "--apply"), 1, str(directory.port))
    directory.start()
    with pair.administrator.reconnected(directory):
        assert_right_again(pair)
