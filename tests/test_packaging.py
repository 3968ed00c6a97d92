"""The wheel: what is in it, and that it runs in an environment away from the sources."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from email.parser import Parser
from pathlib import Path

import pytest

from ldap2scim import __version__

ROOT = Path(__file__).parents[1]
PACKAGES = {"ldap2scim", "flows", "tasks", "validations"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the sources as a release is."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", folder, ROOT],
        capture_output=True,
        check=True,
        timeout=300,
    )
    (built,) = folder.iterdir()
    return built


def test_contents(wheel: Path) -> None:
    """The four packages with all of their files, the marker of types, the licence; no tests and nothing else."""
    names = set(zipfile.ZipFile(wheel).namelist())
    metadata = f"ldap2scim-{__version__}.dist-info"
    assert {name.partition("/")[0] for name in names} == {*PACKAGES, metadata}
    assert {"ldap2scim/py.typed", f"{metadata}/licenses/LICENSE", f"{metadata}/licenses/NOTICE"} <= names
    listed = subprocess.run(
        ["git", "ls-files", "--cached", *sorted(PACKAGES)], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert {name for name in listed if (ROOT / name).exists()} <= names
    assert any(name.startswith("ldap2scim/sandbox/service/") for name in names)
    assert not any("test" in Path(name).name or "__pycache__" in name for name in names)


def test_metadata(wheel: Path) -> None:
    """Name, licence, the command and the extras are as the README says."""
    with zipfile.ZipFile(wheel) as archive:
        metadata = Parser().parsestr(archive.read(f"ldap2scim-{__version__}.dist-info/METADATA").decode())
        commands = archive.read(f"ldap2scim-{__version__}.dist-info/entry_points.txt").decode()
    assert (metadata["Name"], metadata["License-Expression"]) == ("ldap2scim", "Apache-2.0")
    assert metadata.get_all("Provides-Extra") == ["demo", "kerberos", "ntlm", "postgres"]
    assert "ldap2scim = ldap2scim.cli:main" in commands


@dataclass(frozen=True)
class Environment:
    """A virtual environment with the wheel and the libraries, and without the sources."""

    folder: Path

    def run(self, *arguments: str, timeout: float = 60) -> "subprocess.CompletedProcess[str]":
        """Run a program of the environment in an empty folder, with an empty home."""
        empty = self.folder / "empty"
        empty.mkdir(exist_ok=True)
        program = self.folder / "bin" / arguments[0]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV_"))}
        return subprocess.run(
            [program, *arguments[1:]],
            cwd=empty,
            env={**kept, "HOME": str(empty), "PATH": f"{program.parent}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Installed by unpacking, as an installer does with a pure wheel; the libraries are those of this environment."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=120)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    libraries = packages / "libraries"
    libraries.mkdir()
    # A .pth file of ours would run those that are there, the one of the editable installation among them.
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if (
            not path.name.startswith(("ldap2scim", "_editable_impl_ldap2scim", "__editable__"))
            and path.suffix != ".pth"
        ):
            (libraries / path.name).symlink_to(path)
    (packages / "libraries.pth").write_text(f"{libraries}\n", encoding="utf-8")
    script = folder / "bin" / "ldap2scim"
    script.write_text(
        f"#!{folder / 'bin' / 'python'}\nimport sys\nfrom ldap2scim.cli import main\nsys.exit(main())\n",
        encoding="utf-8",
    )
    script.chmod(0o755)
    return Environment(folder)


def test_imported_from_the_wheel(environment: Environment) -> None:
    """All four packages come from the environment, none from the sources."""
    done = environment.run("python", "-c", f"for name in {sorted(PACKAGES)!r}: print(__import__(name).__path__[0])")
    assert done.returncode == 0, done.stderr
    places = done.stdout.split()
    assert len(places) == len(PACKAGES)
    assert all(Path(place).is_relative_to(environment.folder) for place in places)


def test_help_and_version(environment: Environment) -> None:
    """The command answers from an empty folder."""
    assert environment.run("ldap2scim", "--version").stdout == f"ldap2scim {__version__}\n"
    assert "usage: ldap2scim" in environment.run("ldap2scim", "--help").stdout
    missing = environment.run("ldap2scim", "plan")
    assert missing.returncode == 1
    assert "docs/samples" in missing.stderr


@pytest.mark.prefect
def test_demo(environment: Environment) -> None:
    """The whole story is told by the installed wheel."""
    done = environment.run("ldap2scim", "demo", timeout=540)
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(ROOT / "ldap2scim") not in done.stdout + done.stderr
