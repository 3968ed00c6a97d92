"""What happens at a directory to somebody, and how that stands at the emulator of the IIJ ID Service."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from ldap2scim.sandbox.service import EmbeddedService, embedded_service, iij_id
from tests.integration.iij import DOMAIN, Moved, dn_of, login, moved_over

Step: TypeAlias = Callable[[Moved], Any]
OUT_OF_SCOPE: list[str] = []


@contextmanager
def at_emulator(folder: Path) -> Iterator[Moved]:
    """Run an Active Directory with a dozen colleagues, in step with the emulator."""
    with embedded_service(iij_id(frozenset({DOMAIN}))) as service, moved_over(folder, service) as moved:
        yield moved


def state(moved: Moved, name: str) -> str | None:
    """Return how a user stands at the service: active, disabled, pending deletion, or None where there is none."""
    if isinstance(moved.service, EmbeddedService):
        found = moved.service.store.state(login(name))
        return None if found is None else found.value
    user = moved.user(name)
    return None if user is None else "active" if user.get("active", True) else "disabled"


def hire(name: str, **attributes: list[str]) -> Step:
    """Return a step that adds a person."""
    return lambda moved: moved.hire(name, **attributes)


def change(name: str, **attributes: list[str]) -> Step:
    """Return a step that changes attributes of a person."""
    return lambda moved: moved.administrator.replace(dn_of(name), **attributes)


def delete(name: str) -> Step:
    """Return a step that deletes a person."""
    return lambda moved: moved.administrator.delete(dn_of(name))


def sync(moved: Moved) -> None:
    """Bring the service in step, as before the event of a row."""
    assert moved.sync() == 0


def groups_of(moved: Moved) -> dict[str, frozenset[str]]:
    """Return the groups at the service by name, with the logins of their members."""
    logins = {user["id"]: user["userName"].partition("@")[0] for user in moved.console.users().values()}
    return {
        name: frozenset(logins[member["value"]] for member in group.get("members", ()))
        for name, group in moved.console.groups().items()
    }
