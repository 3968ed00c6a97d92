"""Which settings have changed since the snapshot was made, and whether it still says what the service has."""

from collections.abc import Iterator, Mapping
from typing import Final, cast

import orjson
from sqlalchemy import select

from ldap2scim.errors import StateError
from ldap2scim.findings import Finding, Severity
from ldap2scim.run.context import Run
from ldap2scim.settings import changed_settings, digests, written_names
from ldap2scim.state import marks
from ldap2scim.state.schema import meta

_NAME: Final = "settings"
_ANOTHER_SERVICE: Final = frozenset(
    {"service.base_url", "service.profile", "service.user_filter", "service.group_filter"}
)
"""With another of these the service shows other resources, or the same ones under other ids or names: the snapshot is
of what was seen before. What the directory says, and how it is mapped and judged, is compared anew in every run."""


_ADDRESS: Final = "service.base_url"
"""With another one of this, ids of the snapshot may be other people's."""


def require_same_service(run: Run) -> None:
    """Refuse to go on from a snapshot that was made at another address; only a recovery reads everything anew.

    A change that is sent to an id which another service gave would meet whoever has that id there.

    Raises:
        StateError: the state is of another service, as far as its address tells.
    """
    then = _remembered(run).get(_ADDRESS)
    if then is None or then == digests(run.settings).get(_ADDRESS) or not run.state.snapshot.counts():
        return
    (name,) = written_names(run.settings, (_ADDRESS,))
    raise StateError(
        f"What is known of the service was learned at another address than the `{name}` of these settings, so that "
        f"its ids may be those of other people there: {run.store.place}.",
        "Where two settings files share this state, write a `state` of its own into each. If the service has moved, or "
        "this one shall take its place: `ldap2scim recover`, and with `--apply` once it shows what you expect.",
    )


def changes_of_settings(run: Run, *, surveyed: bool) -> Iterator[Finding]:
    """Say which settings are not those that the snapshot was made with, and what follows."""
    then = _remembered(run)
    changed = changed_settings(then, digests(run.settings)) if then else ()
    needing = tuple(place for place in changed if place in _ANOTHER_SERVICE)
    if changed:
        names = written_names(run.settings, changed)
        yield Finding(
            rule="settings-changed",
            severity=Severity.NOTE,
            message=f"Settings that changed since the last run that applied anything: {', '.join(names)}.",
            remedy=_remedy(written_names(run.settings, needing), surveyed=surveyed),
            subjects=names,
        )


def _remedy(needing: tuple[str, ...], *, surveyed: bool) -> str:
    if not needing:
        return "No recovery is needed: everything is compared with the new settings."
    if surveyed:
        return "The service was read in full for it: with `--apply` nothing else is needed."
    names = " and ".join(needing)
    return f"{names}: run `ldap2scim recover`, and with `--apply` once it shows what you expect."


def remember_settings(run: Run, *, surveyed: bool) -> None:
    """Remember the settings of a run that writes; those of another service only once the service was read in full.

    Raises:
        RunRefused: the run lost its lease.
        StateError: the state cannot be written.
    """
    now = dict(digests(run.settings))
    if not surveyed:
        then = _remembered(run)
        now |= {place: then[place] for place in _ANOTHER_SERVICE if place in then}
    marks.remember(run.lease, _NAME, orjson.dumps(now, option=orjson.OPT_SORT_KEYS).decode())


def _remembered(run: Run) -> Mapping[str, str]:
    with run.store.read() as connection:
        written = connection.scalar(select(meta.c.value).where(meta.c.name == _NAME))
    return cast("Mapping[str, str]", orjson.loads(written)) if written is not None else {}
