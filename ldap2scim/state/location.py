"""Where a state is kept: in a file, or in a PostgreSQL database. Pure values, and quick to import."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import parse_qs, quote, unquote, urlsplit, urlunsplit

from ldap2scim.secret import Secret

SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")


@dataclass(frozen=True, slots=True)
class StateFile:
    """A file of SQLite."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class StateDatabase:
    """A PostgreSQL database, by URL (postgresql.org/docs: Connection URIs)."""

    url: str
    """Without a password; its query is passed on to libpq (`sslmode`, `host` of a socket, …)."""
    password: Secret | None = None
    """None: libpq looks for it: PGPASSWORD, `~/.pgpass`."""

    def __str__(self) -> str:
        """Return what a person calls it: neither password nor connection options."""
        parts = urlsplit(self.url)
        user = f"{parts.username}@" if parts.username else ""
        host = (parse_qs(parts.query).get("host") or [""])[0] or parts.netloc.rpartition("@")[2]
        return f"postgresql://{user}{host}{parts.path}"


Location: TypeAlias = StateFile | StateDatabase


def is_database_url(text: str) -> bool:
    """Say whether a text is the URL of a PostgreSQL database."""
    return text.partition("://")[0].lower() in SCHEMES and "://" in text


def database_at(text: str) -> StateDatabase:
    """Return the database that a URL names; a password in it is taken out.

    Raises:
        ValueError: it names no database, or is no URL. The message says what is missing, and shows no part of it.
    """
    try:
        parts = urlsplit(text)
        password, _ = parts.password, parts.port
    except ValueError:
        raise ValueError("is not a URL such as postgresql://USER@HOST/DATABASE.") from None
    if not parts.path.strip("/"):
        raise ValueError("names no database; write postgresql://USER@HOST/DATABASE.")
    if "password" in parse_qs(parts.query):
        raise ValueError("has the password among its options; write it as `password`, or into ~/.pgpass.")
    host = parts.netloc.rpartition("@")[2]
    user = f"{quote(unquote(parts.username), safe='')}@" if parts.username else ""
    bare = urlunsplit(("postgresql", f"{user}{host}", parts.path, parts.query, ""))
    return StateDatabase(bare, Secret(unquote(password)) if password else None)
