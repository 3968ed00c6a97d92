"""The essence of a resource, what is remembered of it, and its fingerprint.

Pure. The essence is canonical JSON (sorted names, no blanks, UTF-8) of the mapped attributes; the same
attributes give the same bytes on any machine, so a fingerprint of them tells whether anything differs.
"""

from hashlib import blake2b
from typing import cast

import orjson

from ldap2scim.model import Attributes

FINGERPRINT_BYTES = 16


def to_essence(attributes: Attributes) -> str:
    """Return the canonical JSON of `attributes`."""
    return orjson.dumps(attributes, option=orjson.OPT_SORT_KEYS).decode()


def sealed(attributes: Attributes) -> tuple[str, str]:
    """Return the essence of `attributes` and its fingerprint: as `to_essence` and `fingerprint`, from one writing."""
    written = orjson.dumps(attributes, option=orjson.OPT_SORT_KEYS)
    return written.decode(), blake2b(written, digest_size=FINGERPRINT_BYTES).hexdigest()


def from_essence(essence: str) -> Attributes:
    """Return the attributes of an essence. Multi-valued attributes come back as lists."""
    return cast("Attributes", orjson.loads(essence))


def fingerprint(essence: str) -> str:
    """Return 32 hexadecimal digits that differ when the essences differ."""
    return blake2b(essence.encode(), digest_size=FINGERPRINT_BYTES).hexdigest()
