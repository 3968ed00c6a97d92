"""How an embedded directory behaves. Pure values."""

from dataclasses import dataclass
from enum import Enum, auto


class Make(Enum):
    """Whose habits are imitated where the makes differ."""

    OPENLDAP = auto()
    """entryUUID, memberOf as an operational attribute, dangling members stay."""
    ACTIVE_DIRECTORY = auto()
    """objectGUID, memberOf among the ordinary attributes, the in-chain rule, links that follow renames and deletes."""


class Anonymous(Enum):
    """What somebody without a name may do."""

    REFUSED = auto()
    READS = auto()


@dataclass(frozen=True, slots=True)
class DirectoryOptions:
    """Limits and habits; `dataclasses.replace` makes another one."""

    make: Make = Make.OPENLDAP
    anonymous: Anonymous = Anonymous.REFUSED
    size_limit: int | None = None
    """Most entries of one search, pages together, for everybody but the administrator (slapd's `sizelimit`)."""
    max_page_size: int | None = None
    """Most entries of one answer; a larger page is cut, an unpaged search stops there (MS-ADTS MaxPageSize)."""
    max_values: int | None = None
    """Most values of one attribute in one answer; more come in ranges (MS-ADTS MaxValRange)."""


OPENLDAP = DirectoryOptions()
ACTIVE_DIRECTORY = DirectoryOptions(make=Make.ACTIVE_DIRECTORY, max_page_size=1000, max_values=1500)
