"""Whose resource an externalId may be that no entry has, and who of these keeps what she has until a person decides.

Where externalId is the source anchor, it says so itself; otherwise a filter of the settings says what is ours.
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from ldap2scim.directory import syntaxes
from ldap2scim.directory.anchors import GUID_ATTRIBUTES
from ldap2scim.mapping.spec import ValueRule
from ldap2scim.model import GuidForm, Key, ResourceType, make_key
from ldap2scim.planning.correlate import ServiceResource
from ldap2scim.planning.orphans import orphan_removal
from ldap2scim.planning.states import Leaving
from ldap2scim.run.context import Run
from ldap2scim.scim.settings import Leavers
from ldap2scim.settings import ConfiguredDirectory

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_GUID_OCTETS: Final = 16
_UNMISTAKABLE: Final = GUID_ATTRIBUTES | {"entryuuid"}
"""Anchors that no other kind of ID looks like."""


def waiting(run: Run, kind: ResourceType, orphaned: Iterable[ServiceResource]) -> frozenset[str]:
    """Return the ids of orphans that may be ours: as members they are left alone, since their removal waits.

    Whatever the reads prove: where they prove nothing yet, their removal is not even proposed. Who is disabled already
    has nothing to lose.
    """
    leaving = leaving_of(run)
    likely = like_ours(run, kind, orphaned, is_filter_enough=True)
    return frozenset(one.service_id for one, _ in likely if orphan_removal(kind, one, leaving) is not None)


def like_ours(
    run: Run, kind: ResourceType, resources: Iterable[ServiceResource], *, is_filter_enough: bool
) -> Iterator[tuple[ServiceResource, frozenset[Key]]]:
    """Yield those whose externalId may be one of ours, with the keys that it would be.

    Args:
        run: whose settings count.
        kind: of the resources.
        resources: that no entry has.
        is_filter_enough: whether what our own filter shows may be ours where externalId is not the anchor.
    """
    readers = [reader for one in run.settings.directories if (reader := _reader(one, kind)) is not None]
    by_filter = is_filter_enough and len(readers) < len(run.settings.directories) and bool(filter_of(run, kind))
    for resource in resources:
        keys = frozenset(key for reader in readers if (key := reader(resource.external_id or "")) is not None)
        if keys or by_filter:
            yield resource, keys


def leaving_of(run: Run) -> Leaving:
    """Return what becomes of who has left."""
    return Leaving.DEACTIVATE if run.settings.service.leavers is Leavers.DEACTIVATE else Leaving.DELETE


def filter_of(run: Run, kind: ResourceType) -> str:
    """Return our own filter, or an empty text."""
    service = run.settings.service
    return service.user_filter if kind is ResourceType.USER else service.group_filter


def _reader(directory: ConfiguredDirectory, kind: ResourceType) -> Callable[[str], Key | None] | None:
    """Return what tells whose key an externalId would be; None where it is not the anchor, or anything may be one."""
    mapping = directory.mappings.user if kind is ResourceType.USER else directory.mappings.group
    anchor = directory.settings.source_anchor.lower()
    rule = mapping.single.get("external_id") or ValueRule((anchor,), guid_form=directory.settings.guid_form)
    is_plain = not rule.conversions and rule.default is None and [*map(str.lower, rule.sources)] == [anchor]
    if not is_plain or anchor not in _UNMISTAKABLE:
        return None
    as_base64 = anchor in GUID_ATTRIBUTES and rule.guid_form is GuidForm.BASE64

    def key_of(external_id: str) -> Key | None:
        text = _guid_of(external_id) if as_base64 else external_id
        return make_key(directory.settings.name, text) if text is not None and _UUID.fullmatch(text) else None

    return key_of


def _guid_of(text: str) -> str | None:
    try:
        octets = b64decode(text, validate=True)
    except (NotBase64, ValueError):
        return None
    return syntaxes.guid_text(octets) if len(octets) == _GUID_OCTETS else None
