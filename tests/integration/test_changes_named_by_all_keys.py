"""A directory whose changes do not tell who has gone: the keys of all are read, and one read of them proves nothing."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ldap2scim.sandbox.directory import EmbeddedDirectory, embedded_directory
from ldap2scim.sandbox.service import embedded_service
from ldap2scim.sandbox.world import Size
from tests.integration.comparing import differences
from tests.integration.pairs import Pair, paired, world
from tests.servers.ldap_proxy import Fault, LdapProxy, Plan, ldap_proxy

SIZE = Size(people=21, groups=13, largest_group=21)
PAGE = 4
"""So that the last page of either search has one entry."""
LONG_AGO = "modifyTimestamp: 20260101000000Z\n"


@pytest.fixture
def directory() -> Iterator[EmbeddedDirectory]:
    """People and groups that have not changed for long, so that nobody is read again for a change."""
    with embedded_directory(world(SIZE).replace("objectClass:", f"{LONG_AGO}objectClass:")) as running:
        yield running


@pytest.fixture
def proxy(directory: EmbeddedDirectory) -> Iterator[LdapProxy]:
    """The way to it."""
    with ldap_proxy(directory.port) as running:
        yield running


@pytest.fixture
def pair(directory: EmbeddedDirectory, proxy: LdapProxy, tmp_path: Path) -> Iterator[Pair]:
    """Both in step; the next run reads changes, and the keys of all."""
    with ExitStack() as running:
        service = running.enter_context(embedded_service())
        found = running.enter_context(paired(tmp_path / "installed", directory, service))
        found.program.directory.update(port=proxy.port, page_size=PAGE)
        found.program.write()
        assert found.program("sync", "--apply").code == 0
        service.clear_requests()
        yield found


@pytest.mark.parametrize(("marker", "entries"), [(b"inetOrgPerson", SIZE.people), (b"groupOfNames", SIZE.groups)])
def test_the_keys_end_too_early(pair: Pair, proxy: LdapProxy, marker: bytes, entries: int) -> None:
    """Who is missing on a page that looks like the end has not left: the keys are read once more, and that is said."""
    proxy.spoil(Plan(Fault.EARLY_END, marker, entries - 1, searches=1))
    assert_everybody_is_kept(pair)
    assert proxy.struck == 1


def assert_everybody_is_kept(pair: Pair) -> None:
    """The run writes nothing, and says what happened; the next one is in step."""
    said = pair.program("sync", "--apply", "--json")
    assert said.document["reads"][0]["by_changes"] == "entryCSN", said.text
    assert (said.code, pair.writes()) == (0, 0), said.text
    assert "read-contradicts-itself" in [one["rule"] for one in said.document["findings"]]
    assert pair.program("sync", "--apply").code == 0
    assert differences(pair) == []
