"""Are the packages with plain names ours? Looks at files, and imports none of them.

`flows`, `tasks` and `validations` lie beside `ldap2scim`, and any other project may bring packages of the same names:
earlier on the path they hide ours, in the same folder they overwrite ours.
"""

import importlib.util
from pathlib import Path
from typing import Final

import ldap2scim

PLAIN_NAMES: Final = ("flows", "tasks", "validations")
_REMEDY: Final = "Install ldap2scim into an environment of its own, and start it from another folder."
_FILES: Final = {
    "flows": ("sync.py", "recover.py", "drift.py"),
    "tasks": ("extract.py", "ending.py"),
    "validations": ("state.py", "settings.py"),
}
"""Files that must be there: another project's wheel may have replaced the rest."""


def collisions() -> tuple[str, ...]:
    """Return a sentence for each package that is missing or another project's; empty when all are ours."""
    home = Path(ldap2scim.__file__).parents[1]
    return tuple(found for name in PLAIN_NAMES if (found := _collision(name, home)))


def _collision(name: str, home: Path) -> str | None:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        return f"The package `{name}` of ldap2scim is not there. {_REMEDY}"
    folder = Path(spec.origin).parent
    if folder.parent.resolve() != home.resolve():
        return f"The package `{name}` is that of another project, in {folder}. {_REMEDY}"
    missing = [file for file in _FILES[name] if not (folder / file).is_file()]
    if missing or "ldap2scim" not in (folder / _FILES[name][0]).read_text(encoding="utf-8"):
        return f"The package `{name}` in {folder} was overwritten by another project's. {_REMEDY}"
    return None
