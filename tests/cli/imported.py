"""What the command imports, seen at its end."""

import json
import subprocess
import sys
from pathlib import Path

_DUMP = """
import atexit, json, sys

def dump(place=sys.argv.pop(1)):
    with open(place, "w") as file:
        json.dump(sorted({name.partition(".")[0] for name in sys.modules}), file)

atexit.register(dump)
from ldap2scim.cli import main
raise SystemExit(main())
"""


def imported(folder: Path, *arguments: str) -> frozenset[str]:
    """Return the top-level modules that the command has imported at its end."""
    dump = folder / "modules.json"
    subprocess.run(
        [sys.executable, "-c", _DUMP, dump, *arguments], cwd=folder, capture_output=True, check=False, timeout=120
    )
    return frozenset(json.loads(dump.read_text(encoding="utf-8")))
