"""Log lines on standard error: all of them with `--verbose`, else errors alone."""

import logging
import sys

from ldap2scim.planning.document import harmless


class _Harmless(logging.Formatter):
    """Spells control characters out, since messages name entries."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(map(harmless, super().format(record).split("\n")))


def start_logging(*, verbose: bool) -> None:
    """Log from now on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Harmless("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO if verbose else logging.ERROR, handlers=[handler])
