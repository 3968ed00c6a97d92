"""A missing server is never passed over in silence."""

import pytest

from tests.servers import available


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any server."""
    monkeypatch.setattr(available, "program", lambda _: None)
    monkeypatch.setattr(available, "postgres_program", lambda _: None)
    monkeypatch.delenv("CI", raising=False)


@pytest.mark.parametrize("server", ["slapd", "samba", "postgres", "kerberos", "mounts", "namespaces"])
def test_skipped_by_name(server: str) -> None:
    """On a person's machine the test is skipped, and the reason names the server and the way to get it."""
    with pytest.raises(pytest.skip.Exception, match=rf"{server}: .* not installed; run `sh scripts/servers.sh`"):
        available.require(server)


@pytest.mark.parametrize("server", ["slapd", "mounts"])
def test_failed_in_ci(monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    """In CI the test fails."""
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=f"{server} is needed in CI"):
        available.require(server)


@pytest.mark.parametrize("means", ["mounts", "namespaces"])
def test_root_is_asked_for(monkeypatch: pytest.MonkeyPatch, means: str) -> None:
    """With the programs and without root the reason is root; in CI that fails too."""
    monkeypatch.setattr(available, "program", lambda name: name)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(pytest.skip.Exception, match="needs root to"):
        available.require(means)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="needs root to"):
        available.require(means)


def test_unknown_server() -> None:
    """A server that nobody knows is a mistake of the test."""
    with pytest.raises(ValueError, match="no such server: oracle"):
        available.require("oracle")
