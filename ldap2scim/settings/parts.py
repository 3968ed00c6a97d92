"""What either form of the settings file comes to, before it is composed. Pure."""

from dataclasses import dataclass
from datetime import timedelta

from ldap2scim.mapping.spec import ResourceMapping
from ldap2scim.model import ResourceType
from ldap2scim.planning.drift_policy import OVERWRITE_ALL, DriftPolicy
from ldap2scim.planning.policy import SafetyPolicy
from ldap2scim.scim.settings import ServiceSettings
from ldap2scim.settings.attribute_names import written_path
from ldap2scim.settings.composed import HISTORY, ConfiguredDirectory, LogLevel, Schedule
from ldap2scim.settings.mail_settings import MailSettings
from ldap2scim.settings.own_rule_words import NO_RULES, OwnRules
from ldap2scim.settings.reading import Section
from ldap2scim.settings.rules import Overlay, lay
from ldap2scim.state.location import Location


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that a settings file says."""

    directories: tuple[ConfiguredDirectory, ...]
    service: ServiceSettings
    safety: SafetyPolicy
    state: Location
    schedule: Schedule
    log_level: LogLevel
    mail: MailSettings | None = None
    history: timedelta = HISTORY
    rules: OwnRules = NO_RULES
    drift: DriftPolicy = OVERWRITE_ALL


def finished_mapping(
    section: Section, base: ResourceMapping, overlays: tuple[Overlay, ...], resource_type: ResourceType, path: str
) -> ResourceMapping:
    """Lay overlays over a base, add the rows, and check what only the whole mapping shows.

    `path` is the key path of its rows; those of several directories stand apart.
    """
    mapping, rows = lay(base, overlays, path)
    section.reading.rows.extend(rows)
    places = {name: place for overlay in overlays for name, place in overlay.places.items()}
    section.reading.mapped_at.update({(resource_type, name): place for name, place in places.items()})
    mapped = {*mapping.single, *mapping.multi}
    refused = {problem.place for problem in section.reading.problems if problem.place is not None}
    sources = next((overlay.sources for overlay in overlays if overlay.sources), None)
    for name in mapping.required:
        if name not in mapped and places.get(name) not in refused:
            text = "is required and mapped from nothing, so every entry would be held;"
            advice = "write it." if sources else "map it, or do not require it."
            place = places.get(name) or places.get("required") or section.place
            section.reading.problem(place, f"{sources or path}.{written_path(name)}", f"{text} {advice}")
    for name in mapping.exclude:
        place = places.get(f"exclude.{name}")
        if name not in mapped:
            text = "is not mapped, so none of its values is ever seen; map it, or take the exclusion away."
            section.reading.problem(place, f"{path}.exclude.{written_path(name)}", text)
        elif resource_type is ResourceType.USER and name not in mapping.multi:
            text = "has one value only; `exclude` drops values of lists such as `ims`. Use the filter of users instead."
            section.reading.problem(place, f"{path}.exclude.{written_path(name)}", text)
    return mapping
