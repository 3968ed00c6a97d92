"""Essences asked for in batches. Pure; the lookup that is handed in does what reading there is."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from ldap2scim.errors import StateError
from ldap2scim.model import Key

BATCH = 5_000
"""Keys of one question: a few megabytes of essences."""


def all_at_once(ask: Callable[[Sequence[Key]], Mapping[Key, str]], keys: Sequence[Key]) -> Iterator[str]:
    """Yield the essence of each key, in the order of `keys`, and let go of it: one question, which is the quickest.

    Raises:
        StateError: an essence is missing though its row is there.
    """
    essences = dict(ask(keys))
    for key in keys:
        yield _there(key, essences.pop(key, None))


def in_batches(ask: Callable[[Sequence[Key]], Mapping[Key, str]], keys: Sequence[Key]) -> Iterator[tuple[Key, str]]:
    """Yield each key with its essence, in the order of `keys`.

    Raises:
        StateError: an essence is missing though its row is there.
    """
    for start in range(0, len(keys), BATCH):
        batch = keys[start : start + BATCH]
        essences = ask(batch)
        for key in batch:
            yield key, _there(key, essences.get(key))


def _there(key: Key, essence: str | None) -> str:
    if essence is None:
        raise StateError(
            f"The state holds a fingerprint of {key} but not its attributes.",
            "Run `ldap2scim recover` to rebuild the snapshot from the service.",
        )
    return essence
