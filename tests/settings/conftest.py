"""Settings files written to a folder of their own."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from ldap2scim.errors import SettingsError
from ldap2scim.settings import Settings, load
from tests.settings.texts import CONFIG, ENVIRON, NATIVE, SECRET, Failing, Loader


@pytest.fixture
def native(tmp_path: Path) -> Loader:
    """Load a text as `ldap2scim.yml`."""

    def run(text: str = NATIVE, environ: Mapping[str, str] = ENVIRON) -> Settings:
        path = tmp_path / "ldap2scim.yml"
        path.write_text(text, encoding="utf-8")
        return load(path, environ)

    return run


@pytest.fixture
def original(tmp_path: Path) -> Loader:
    """Load texts as `config.yml` and `secret.yml` (None: there is none)."""

    def run(config: str = CONFIG, secret: str | None = SECRET, environ: Mapping[str, str] = ENVIRON) -> Settings:
        path = tmp_path / "config.yml"
        path.write_text(config, encoding="utf-8")
        if secret is not None:
            hidden = tmp_path / "secret.yml"
            hidden.write_text(secret, encoding="utf-8")
            hidden.chmod(0o600)
        return load(path, environ)

    return run


@pytest.fixture
def problems(tmp_path: Path) -> Failing:
    """Return the problems that a load ends with; the folder is left out of their places."""

    def run(loader: Loader, *args: str | None, **kwargs: Mapping[str, str]) -> tuple[str, ...]:
        with pytest.raises(SettingsError) as caught:
            loader(*args, **kwargs)
        return tuple(problem.replace(f"{tmp_path}/", "") for problem in caught.value.problems)

    return run
