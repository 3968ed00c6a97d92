"""Each mapped attribute with where its value comes from and by which line of the mapping. Pure.

The hot path of the mapping keeps no record of this; here the same rules are gone through once more for one entry.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ldap2scim.essence import from_essence
from ldap2scim.explain.answer import Values
from ldap2scim.mapping.attributes import with_text_defaults
from ldap2scim.mapping.paths import split_path
from ldap2scim.mapping.spec import ItemRule, ResourceMapping, ValueRule
from ldap2scim.mapping.values import Raw, Value, default_of, text_of
from ldap2scim.model import ResourceType
from ldap2scim.settings import Row as SettingsRow
from ldap2scim.settings.attribute_names import camel, written_path
from validations.values import value_class

ALWAYS = "external_id"
"""Mapped from the source anchor where nothing else is said."""


def mapped_rows(
    mapping: ResourceMapping, raw: Raw, essence: str | None, origins: Mapping[str, str], values: Values
) -> Iterator[tuple[str, str]]:
    """Yield each attribute that is mapped: what the value is, from which source, and by which line.

    Args:
        mapping: of the directory and kind.
        raw: the entry's attributes.
        essence: of the resource that it became; None where it became none, and what the entry has is told.
        origins: where each rule is written, by written path.
        values: whether they are shown.
    """
    attributes = from_essence(essence) if essence is not None else None
    rules = dict(with_text_defaults(mapping.single))
    said = {path: _source(rule, raw, every=path == "active") for path, rule in rules.items()}
    said |= {name: "; ".join(_item(item, raw) for item in items) for name, items in mapping.multi.items()}
    read = {path: _read(rule, raw, values) for path, rule in rules.items()}
    read |= {name: "; ".join(_read_item(item, raw, values) for item in items) for name, items in mapping.multi.items()}
    for path, source in sorted(said.items()):
        what = read[path] if attributes is None else shown(_at(attributes, path), values)
        yield written_path(path), f"{what} from {source}  [{origins.get(written_path(path), 'default')}]"


def origins_of(rows: tuple[SettingsRow, ...], directory: str, kind: ResourceType) -> Mapping[str, str]:
    """Return where each rule of a mapping is written, by written path."""
    found: dict[str, str] = {}
    # Of both native places and of the original's one, which a file of its form alone has.
    blocks = ("mapping", f"directories.{directory}.mapping", "iid.scim.attribute")
    for row in rows:
        for block in blocks:
            path = row.path.removeprefix(f"{block}.{kind.value.lower()}.")
            if path != row.path:
                found[path] = row.origin.rpartition("/")[2]
    return found


def shown(value: Any, values: Values) -> str:  # noqa: ANN401 (what JSON has)
    """Return a value, or its class: what kind of text it is, and how long."""
    match value:
        case bool():
            return str(value).lower()
        case None:
            return "no value"
        case str() | int():
            # That a text has no @ matters where an address is wanted, which is not asked here.
            kind = value_class(str(value)).replace(" and no @)", ")")
            return f'"{value}"' if values is Values.SHOWN else kind
        case list() | tuple():
            return "; ".join(shown(item, values) for item in value)
        case dict():
            return ", ".join(f"{camel(name)} {shown(item, values)}" for name, item in sorted(value.items()))
    return "a value"


def _at(attributes: Any, path: str) -> Any:  # noqa: ANN401 (what JSON has)
    found = attributes
    for step in split_path(path):
        if not isinstance(found, dict) or step not in found:
            return None
        found = found[step]
    return found


def _read(rule: ValueRule, raw: Raw, values: Values) -> str:
    """Return what the entry has where a rule looks first, before any conversion."""
    found = next((had for source in rule.sources if any(had := raw.get(source.lower(), ()))), ())
    if not found:
        default = default_of(rule)
        return shown(default, values)
    return "; ".join(_one(one, values) for one in found)


def _one(value: Value, values: Values) -> str:
    try:
        return shown(text_of(value), values)
    except UnicodeDecodeError:
        return f"{len(value)} bytes that are no text"


def _read_item(item: ItemRule, raw: Raw, values: Values) -> str:
    value = item.sub_attributes.get("value")
    if value is not None:
        return _read(value, raw, values)
    return ", ".join(
        f"{camel(name)} {_read(rule, raw, values)}"
        for name, rule in sorted(item.sub_attributes.items())
        if rule.sources
    )


def _source(rule: ValueRule, raw: Raw, *, every: bool = False) -> str:
    """Say which source gives the value. For `active` every one that has a value counts."""
    present = [source for source in rule.sources if any(raw.get(source.lower(), ()))]
    if every and present:
        return " and ".join(present) + _converted(rule)
    if present:
        missing = rule.sources[: rule.sources.index(present[0])]
        before = f" ({' and '.join(missing)} {'has' if len(missing) == 1 else 'have'} none)" if missing else ""
        count = len(raw.get(present[0].lower(), ()))
        several = f", {count} values" if count > 1 else ""
        return f"{present[0]}{several}{before}{_converted(rule)}"
    if default_of(rule) is not None:
        return f"the default, since {' and '.join(rule.sources)} has no value" if rule.sources else "a fixed value"
    return f"{' or '.join(rule.sources)}, which the entry has not" if rule.sources else "nothing"


def _converted(rule: ValueRule) -> str:
    return "".join(f", converted by {one.written!r}" for one in rule.conversions)


def _item(item: ItemRule, raw: Raw) -> str:
    value = item.sub_attributes.get("value")
    if value is not None:
        return _source(value, raw)
    return ", ".join(
        f"{camel(name)} from {_source(rule, raw)}" for name, rule in sorted(item.sub_attributes.items()) if rule.sources
    )
