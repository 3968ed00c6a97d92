"""Packages with plain names may be another project's, and `check` must see it."""

import subprocess
import sys
from pathlib import Path

import pytest

import ldap2scim
from ldap2scim.run.ours import PLAIN_NAMES, collisions

ROOT = Path(__file__).parents[2]
ASK = "from ldap2scim.run.ours import collisions; print(*collisions(), sep='\\n')"


def test_our_packages_are_recognised() -> None:
    """In the repository all three are ours."""
    assert collisions() == ()


@pytest.mark.parametrize("name", PLAIN_NAMES)
def test_a_package_that_hides_ours_is_named(name: str, tmp_path: Path) -> None:
    """A package of the same name in the folder one works in is found first, and is named with its place."""
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").touch()

    environment = {"PYTHONPATH": str(ROOT)}
    said = subprocess.run(
        (sys.executable, "-c", ASK), cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    ).stdout

    assert f"`{name}` is that of another project, in {tmp_path / name}" in said
    assert said.count("\n") == 1


def test_a_package_that_overwrote_ours_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one folder with ours, but without our files: another wheel was installed over it."""
    for name in PLAIN_NAMES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    (tmp_path / "ldap2scim").mkdir()
    monkeypatch.setattr(ldap2scim, "__file__", str(tmp_path / "ldap2scim" / "__init__.py"))
    monkeypatch.syspath_prepend(tmp_path)
    for name in [one for one in sys.modules if one.partition(".")[0] in PLAIN_NAMES]:
        monkeypatch.delitem(sys.modules, name)

    assert [sentence.split("`")[1] for sentence in collisions()] == list(PLAIN_NAMES)
    assert all("overwritten" in sentence for sentence in collisions())
