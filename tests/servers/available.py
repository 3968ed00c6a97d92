"""Which real servers and rights this machine has. In CI a missing one fails the test; elsewhere it skips it by name."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_SYSTEM_PATH = os.pathsep.join(
    [os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/local/sbin", "/usr/local/libexec"]
)
_INSTALL = "run `sh scripts/servers.sh` as root"


def program(name: str) -> str | None:
    """Return the path of a program, looking where daemons live as well; None when it is not there."""
    return shutil.which(name, path=_SYSTEM_PATH)


def postgres_program(name: str) -> str | None:
    """Return the path of a program of PostgreSQL's server; Debian keeps each version in a folder of its own."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name))
    return shutil.which(name, path=os.pathsep.join([*map(str, reversed(folders)), _SYSTEM_PATH]))


def missing(server: str) -> str | None:
    """Return why a server, client (`kerberos`, `chromium`) or right (`mounts`, `namespaces`) is missing, or None."""
    match server:
        case "slapd":
            return _missing_programs("slapd", "slapadd", "openssl")
        case "samba":
            return _missing_programs("samba", "samba-tool", "openssl") or _missing_parts()
        case "postgres":
            absent = [name for name in ("initdb", "postgres") if postgres_program(name) is None]
            return f"PostgreSQL ({', '.join(absent)}) not installed; {_INSTALL}" if absent else None
        case "chromium":
            return _missing_programs("chromium")
        case "kerberos":
            return _missing_programs("kinit") or _missing_gssapi()
        case "mounts":
            return _missing_programs("mount", "umount") or _missing_root("to mount a disk of its own")
        case "namespaces":
            return _missing_programs("ip", "unshare") or _missing_root("to make network namespaces")
        case _:
            raise ValueError(f"no such server: {server}")


def require(server: str) -> None:
    """Skip the test with its reason when a server is missing; fail it where CI promises all of them."""
    reason = missing(server)
    if reason is None:
        return
    if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
        pytest.fail(f"{server} is needed in CI: {reason}", pytrace=False)
    pytest.skip(f"{server}: {reason}")


def _missing_programs(*names: str) -> str | None:
    absent = [name for name in names if program(name) is None]
    return f"{', '.join(absent)} not installed; {_INSTALL}" if absent else None


def _missing_root(purpose: str) -> str | None:
    return f"the test needs root {purpose}" if os.geteuid() != 0 else None


def _missing_gssapi() -> str | None:
    # The system's Python has it; for Linux there is no wheel of gssapi.
    found = subprocess.run(["/usr/bin/python3", "-I", "-c", "import gssapi"], capture_output=True, check=False)
    return f"python3-gssapi not installed; {_INSTALL}" if found.returncode else None


def _missing_parts() -> str | None:
    if os.geteuid() != 0:
        # Tried: in a user namespace (`unshare -Urnm`) provisioning dies when it gives files to other groups.
        return "a domain controller needs root: it sets owners and rights that a user namespace cannot"
    if not Path("/usr/share/samba/setup").is_dir():
        return f"samba-ad-provision not installed; {_INSTALL}"
    if not any(any(Path("/usr").glob(f"{place}/samba/vfs/posix_eadb.so")) for place in ("lib*", "lib/*")):
        return f"samba-vfs-modules not installed; {_INSTALL}"
    return None
