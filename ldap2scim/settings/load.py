"""Loads the settings from a file of either form. Reads files."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ldap2scim.errors import SettingsError
from ldap2scim.mapping.spec import Mappings
from ldap2scim.model import ResourceType
from ldap2scim.scim import profiles
from ldap2scim.settings import native, original
from ldap2scim.settings.attribute_names import written_path
from ldap2scim.settings.composed import ConfiguredDirectory, Settings
from ldap2scim.settings.fitting import fitted, left_out
from ldap2scim.settings.nodes import MappingNode, merge, not_a_block
from ldap2scim.settings.parts import Parts
from ldap2scim.settings.problems import Problem, in_reading_order
from ldap2scim.settings.reading import Reading, SecretBlocks, Section, no_secret_blocks
from ldap2scim.settings.secret_values import exposure, read_secret_file, unreadable
from ldap2scim.settings.yaml_reader import read


def load(path: Path, environ: Mapping[str, str], secret_blocks: SecretBlocks = no_secret_blocks) -> Settings:
    """Read `ldap2scim.yml`, or `config.yml` with the `secret.yml` beside it; the roots tell which it is.

    Args:
        path: The settings file.
        environ: Environment variables, for `${NAME}`.
        secret_blocks: Reads a secret kept by Prefect; the command has no such thing.

    Raises:
        SettingsError: with every problem of every file, each with file, line and column.
    """
    problems: list[Problem] = []
    tree = read(path, problems)
    reading = Reading(
        path.parent.absolute(), environ, read_secret_file, unreadable, problems=problems, secret_blocks=secret_blocks
    )
    parts = None
    if tree is not None and is_original(tree):
        parts = _load_original(path, tree, reading)
    elif tree is not None:
        parts = native.read_native(Section(reading, "", tree, tree.place))
    if parts is not None:
        _check_placements(parts, reading)
        _check_exposure(reading)
        parts = _fitted(parts, reading)
    if problems or parts is None:
        ordered = in_reading_order(problems)
        raise SettingsError(tuple(map(str, ordered)), tuple(one.fault for one in ordered))
    return Settings(
        file=path,
        directories=parts.directories,
        service=parts.service,
        safety=parts.safety,
        state=parts.state,
        schedule=parts.schedule,
        log_level=parts.log_level,
        mail=parts.mail,
        history=parts.history,
        rules=parts.rules,
        drift=parts.drift,
        notes=tuple(dict.fromkeys(reading.notes)),
        rows=tuple(reading.rows),
    )


def is_original(tree: MappingNode) -> bool:
    """Say whether a file has the original's form: a root `ad` or `iid`, or `log` and no root of ours. Pure."""
    roots = {entry.name for entry in tree.entries}
    return bool(roots & {"ad", "iid"}) or ("log" in roots and not roots & (set(native.ROOTS) - {"log"}))


def _load_original(path: Path, tree: MappingNode, reading: Reading) -> Parts:
    secret_path = path.with_name(original.SECRET_FILE)
    hint: str | None = f" in {secret_path}"
    if secret_path.exists() and secret_path != path:
        reading.secret_places = frozenset({str(secret_path)})
        reading.clear_files.add(str(secret_path))
        secrets = read(secret_path, reading.problems)
        if secrets is None:
            hint = None
        else:
            tree, clashes = merge(tree, secrets)
            for name, kept, left in clashes:
                if isinstance(kept.node, MappingNode):
                    reading.problem(left.node.place, name, not_a_block(left.node))
                else:
                    reading.problem(left.place, name, f"is written in {path.name} as well; keep one of them.")
    else:
        hint = f"{hint}, a file that does not exist yet"
    return original.read_original(Section(reading, "", tree, tree.place), hint)


def _check_placements(parts: Parts, reading: Reading) -> None:
    """Refuse attributes that the profile has no schema for."""
    profile = profiles.profile_of(parts.service)
    for directory in parts.directories:
        for kind, mapping in zip(ResourceType, (directory.mappings.user, directory.mappings.group), strict=True):
            for path in (*mapping.single, *mapping.multi):
                for problem in profiles.unsupported(profile, (path,)):
                    key = written_path(path)
                    text = problem.replace(path, f"`{key}`", 1)
                    reading.problems.append(Problem(reading.mapped_at.get((kind, path)), text, key))


def _fitted(parts: Parts, reading: Reading) -> Parts:
    """Take out of the mappings what the service does not keep; what was written for nothing is noted."""
    profile = profiles.profile_of(parts.service)
    directories: list[ConfiguredDirectory] = []
    for directory in parts.directories:
        whole = directory.mappings
        user = fitted(whole.user, ResourceType.USER, profile)
        group = fitted(whole.group, ResourceType.GROUP, profile)
        directories.append(replace(directory, mappings=Mappings(user, group)))
        for kind, before, after in ((ResourceType.USER, whole.user, user), (ResourceType.GROUP, whole.group, group)):
            for path in left_out(before, after):
                if place := reading.mapped_at.get((kind, path)):
                    text = (
                        f"is not sent: a {kind.value.lower()} at a service of `{profile.name}` keeps no such attribute."
                    )
                    reading.note(place, written_path(path), text)
    return replace(parts, directories=tuple(directories))


def _check_exposure(reading: Reading) -> None:
    for file in sorted(reading.clear_files):
        try:
            note = exposure(Path(file), Path(file).stat().st_mode)
        except OSError:
            continue
        if note:
            reading.notes.append(note)
