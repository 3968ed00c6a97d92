"""Who runs the command: root sees every file, and the tests are often root."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

NOBODY = 65534


@contextmanager
def as_an_ordinary_user() -> Iterator[None]:
    """Take away the rights of root while the block lasts, where the tests have them."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
