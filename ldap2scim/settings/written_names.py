"""What the settings that shape a plan are called in the file that says them. Pure.

Digests are kept in states and plans under places of our own, which stand whatever the form of the file is; a person is
told the name that is written, or would be.
"""

from collections.abc import Iterable
from typing import Final

from ldap2scim.settings.attribute_names import written_path
from ldap2scim.settings.composed import Settings
from ldap2scim.settings.original_directory import NAME

_NATIVE: Final = {
    "user_filter": "users.filter",
    "user_object_class": "users.object_class",
    "group_filter": "groups.filter",
    "group_object_class": "groups.object_class",
    "member_attribute": "groups.member_attribute",
    "member_reference": "groups.member_reference",
    "nesting": "groups.nesting",
}
_ORIGINAL: Final = {
    "addresses": "server.addresses",
    "port": "server.port",
    "bind_dn": "server.user",
    "base_dn": "base_dn",
    "user_filter": "filter.user",
    "user_object_class": "search.user.object_class",
    "group_filter": "filter.group",
    "group_object_class": "search.group.object_class",
    "member_attribute": "search.group.member_attribute",
    "member_reference": "search.group.member_user_attribute",
}
"""Below `ad.ldap`; the rest of a directory is said in our own block."""
_FILTERS: Final = {"service.user_filter": "filter.user", "service.group_filter": "filter.group"}
_OURS: Final = "ldap2scim"


def written_names(settings: Settings, places: Iterable[str]) -> tuple[str, ...]:
    """Return the names that the settings at some places of `digests` have in the file, sorted, each once.

    Args:
        settings: say which form the file has, the native one or that of the original.
        places: as `changed_settings` returns them.
    """
    changed = frozenset(places)
    form = _Original() if _is_original(settings) else _Native()
    names = set(map(form.name, changed))
    # A directory that was added or taken away is one change, though all that is said of it came or went.
    whole = {place.removesuffix(".name") for place in changed if place.endswith(".name") and place.count(".") == 2}
    return tuple(sorted(name for name in names if name in whole or not name.startswith(tuple(f"{d}." for d in whole))))


def _is_original(settings: Settings) -> bool:
    return any(row.path.startswith("iid.") for row in settings.rows)


class _Native:
    def name(self, place: str) -> str:
        match place.split(".", 2):
            case ["directories", directory, "name"]:
                return f"directories.{directory}"
            case ["directories", directory, rest]:
                return f"directories.{directory}.{self.of_directory(rest)}"
            case ["service", *_]:
                return f"service.{_FILTERS[place]}" if place in _FILTERS else place
            case _:
                return _of_any_form(place)

    def of_directory(self, rest: str) -> str:
        if not rest.startswith("mappings."):
            return _NATIVE.get(rest, rest)
        return f"mapping.{_of_mapping(rest.removeprefix('mappings.'))}"


class _Original:
    def name(self, place: str) -> str:
        match place.split(".", 2):
            case ["directories", directory, rest] if directory == NAME:
                return self.of_directory(rest)
            case ["service", *_]:
                return f"iid.scim.{_FILTERS[place]}" if place in _FILTERS else f"{_OURS}.{place}"
            case ["directories" | "order of directories", *_]:
                return place
            case _:
                return f"{_OURS}.{_of_any_form(place)}"

    def of_directory(self, rest: str) -> str:
        if not rest.startswith("mappings."):
            return f"ad.ldap.{_ORIGINAL[rest]}" if rest in _ORIGINAL else f"{_OURS}.directory.{rest}"
        name = _of_mapping(rest.removeprefix("mappings."))
        return f"{_OURS}.directory.{name}" if name == "phone_country" else f"iid.scim.attribute.{name}"


def _of_mapping(place: str) -> str:
    """Return the name below a mapping: `user.single.user_name.sources` is `user.userName`."""
    kind, _, rest = place.partition(".")
    part, _, path = rest.partition(".")
    match part:
        case "single" if path:
            return f"{kind}.{written_path(path.rpartition('.')[0])}"
        case "multi" if path:
            return f"{kind}.{written_path(path)}"
        case "exclude" if path:
            return f"{kind}.exclude.{written_path(path)}"
        case "phones":
            return "phone_country"
        case "single" | "multi" | "one_value":
            return kind
        case _:
            return f"{kind}.{part}"


def _of_any_form(place: str) -> str:
    """Return the name of what both forms say alike."""
    match place.split(".", 2):
        case ["safety", "attributes", path]:
            return f"safety.attributes.{written_path(path)}"
        case ["safety", "by", "department_attribute"]:
            return "safety.by.department.attribute"
        case ["drift", "attributes", path]:
            kind, _, attribute = path.partition(".")
            return f"drift.{kind.lower()}.{written_path(attribute)}"
        case ["rules" | "drift" as block, *_] if place != "drift.default":
            return block
        case _:
            return place
