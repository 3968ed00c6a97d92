"""The shapes of config.yml that the manual of Directory Sync prints, from the file to the bytes that are sent.

Each folder of `tests/samples/iij-id` holds a config.yml in block style, an entry as LDIF and the resource as canonical
JSON (names sorted, no blanks, UTF-8, a line feed at the end), written by hand from the manual's words.
"""

from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from ldap2scim.directory.anchors import source_anchor
from ldap2scim.directory.entry import LdapEntry
from ldap2scim.essence import from_essence
from ldap2scim.mapping.mapper import Mapped, compile_mapping
from ldap2scim.model import ResourceType
from ldap2scim.sandbox.directory.ldif import read_ldif
from ldap2scim.scim.profiles import by_name
from ldap2scim.scim.wire import to_wire
from ldap2scim.settings import load
from tests.settings.texts import SECRET

SAMPLES = Path(__file__).parents[1] / "samples" / "iij-id"
NOW = datetime(2026, 4, 1, tzinfo=UTC)
CASES = sorted(path.relative_to(SAMPLES).with_suffix("").as_posix() for path in SAMPLES.glob("*/*.json"))


def test_there_are_samples() -> None:
    """A folder that is looked for in the wrong place would test nothing."""
    assert len(CASES) == 13


@pytest.mark.parametrize("case", CASES)
def test_a_published_shape_becomes_the_documented_json(case: str, tmp_path: Path) -> None:
    """Settings, mapping and profile make of the entry the very bytes that the sample has."""
    sample, kind = (SAMPLES / case).parent, ResourceType(Path(case).name.capitalize())
    config = tmp_path / "config.yml"
    config.write_bytes((sample / "config.yml").read_bytes())
    secret = tmp_path / "secret.yml"
    secret.write_text(SECRET, encoding="utf-8")
    secret.chmod(0o600)
    (directory,) = load(config, {}).directories
    mapping = directory.mappings.user if kind is ResourceType.USER else directory.mappings.group
    ((dn, values),) = read_ldif((SAMPLES / f"{case}.ldif").read_text(encoding="utf-8"))
    entry = LdapEntry(dn, {name.lower(): tuple(held) for name, held in values.items()})
    anchor = source_anchor(entry, directory.settings)
    assert anchor is not None
    mapped = compile_mapping(directory.settings, mapping, kind).map(entry, anchor, NOW)
    assert isinstance(mapped, Mapped), mapped
    body = to_wire(kind, from_essence(mapped.essence), by_name("iij-id"))
    assert orjson.dumps(body, option=orjson.OPT_SORT_KEYS) + b"\n" == (SAMPLES / f"{case}.json").read_bytes()
