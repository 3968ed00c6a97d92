"""Describes a state in a process of its own: `python -m validations.describing FOLDER`, two tables on standard input.

Great Expectations takes a hundred megabytes, and seconds to import; a run that waits for neither has more of both.
The tables come as Arrow streams, users before groups; the answer is one line of JSON, a `Told`.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE, SubprocessError, run
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Final

from validations.description import GROUP_COLUMNS, USER_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

PATIENCE: Final = 900
"""Seconds after which a description is given up: nothing depends on it, and the report waits for it."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a description."""

    index: str = ""
    """First page of the Data Docs; empty: there is none."""
    success: bool = False
    error: str = ""
    """Class of what went wrong. Its text may hold values of entries, and is left out."""


def describe_apart(users: "pd.DataFrame", groups: "pd.DataFrame", folder: Path) -> Told:
    """Describe a state as `validations.suites.describe` does, in another process.

    Raises:
        OSError: there is no room for the tables.
    """
    command = (sys.executable, "-m", __name__, str(folder.absolute()))
    root = Path(__file__).parents[1]
    with TemporaryFile() as tables:
        _write(tables, {USER_COLUMNS: users, GROUP_COLUMNS: groups})
        tables.seek(0)
        try:
            done = run(command, cwd=root, stdin=tables, stdout=PIPE, stderr=DEVNULL, timeout=PATIENCE, check=True)  # noqa: S603 - this program
            return Told(**json.loads(done.stdout.splitlines()[-1]))
        except (SubprocessError, LookupError, ValueError, TypeError) as error:
            # It was killed, or could not even begin.
            return Told(error=type(error).__name__)


def _write(stream: IO[bytes], frames: Mapping[tuple[str, ...], "pd.DataFrame"]) -> None:
    import pyarrow as pa

    for columns, frame in frames.items():
        table = pa.Table.from_pandas(frame[[*columns]], preserve_index=False)
        with pa.ipc.new_stream(stream, table.schema) as writer:
            writer.write_table(table)


def _received(stream: IO[bytes]) -> Iterator["pd.DataFrame"]:
    import pyarrow as pa

    for _ in (USER_COLUMNS, GROUP_COLUMNS):
        with pa.ipc.open_stream(stream) as reader:
            yield reader.read_pandas()


def main() -> None:
    """Describe what comes in, and say what became of it."""
    users, groups = _received(sys.stdin.buffer)
    try:
        from validations.suites import describe

        found = describe(users, groups, Path(sys.argv[1]))
        told = Told(str(found.index), success=found.success)
    except Exception as error:  # noqa: BLE001 - a foreign library at work on a side issue
        told = Told(error=type(error).__name__)
    print(json.dumps(asdict(told)))  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
