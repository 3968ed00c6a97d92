"""Folders that are costly to make, kept as tar files between runs of the tests."""

import fcntl
import hashlib
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

_REPOSITORY = Path(__file__).parents[2]


def cache_folder() -> Path:
    """Return where the tar files are: below `$XDG_CACHE_HOME`, or in the checkout's `.cache`."""
    home = os.environ.get("XDG_CACHE_HOME")
    folder = Path(home) / "ldap2scim-tests" if home else _REPOSITORY / ".cache" / "servers"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def unpack_cached(name: str, inputs: tuple[str, ...], folder: Path, make: Callable[[Path], None]) -> None:
    """Fill an empty folder from the cache, or by `make` and into the cache.

    `inputs` is everything that decides the content: versions, texts, options.
    """
    digest = hashlib.sha256("\0".join(inputs).encode()).hexdigest()[:16]
    archive = cache_folder() / f"{name}-{digest}.tar"
    if not archive.exists():
        with archive.with_suffix(".lock").open("w") as turn:
            # Another process may be making it at this moment; then it is there when our turn comes.
            fcntl.flock(turn, fcntl.LOCK_EX)
            if not archive.exists():
                make(folder)
                _pack(folder, archive)
                return
    _tar("-xf", str(archive), "-C", str(folder))


def _pack(folder: Path, archive: Path) -> None:
    with tempfile.NamedTemporaryFile(dir=archive.parent, prefix=archive.name, delete=False) as unfinished:
        _tar("-cf", unfinished.name, "--sparse", "-C", str(folder), ".")
    # Another run sees a whole archive or none.
    Path(unfinished.name).replace(archive)


def _tar(*arguments: str) -> None:
    done = subprocess.run(["tar", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"tar {' '.join(arguments)}: {done.stderr}")
