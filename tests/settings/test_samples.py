"""The samples that administrators start from."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ldap2scim.errors import SettingsError
from ldap2scim.settings import load
from tests.settings.texts import ENVIRON, SAMPLES

SAMPLE_FILES = [
    "ldap2scim.yml",
    "ldap2scim-ad.yml",
    "ldap2scim-ppolicy.yml",
    "ldap2scim-domains.yml",
    "directory-sync/config.yml",
]


@pytest.mark.parametrize("name", SAMPLE_FILES)
def test_a_sample_loads_without_a_word(name: str, tmp_path: Path) -> None:
    """Every sample is right as it is, and leaves nothing to note."""
    folder = tmp_path / "samples"
    shutil.copytree(SAMPLES, folder)
    (folder / "directory-sync" / "secret.yml").chmod(0o600)  # a checkout leaves it readable by everybody
    loaded = load(folder / name, ENVIRON)
    assert loaded.notes == ()
    assert loaded.synchronises_groups


def test_the_sample_pair_means_what_the_original_means() -> None:
    """Positions with `null`, lists of sources, conversions and the proxy of the pair arrive."""
    loaded = load(SAMPLES / "directory-sync" / "config.yml", ENVIRON)
    user = loaded.directories[0].mappings.user
    types = [item.sub_attributes.get("type") for item in user.multi["phone_numbers"]]
    assert [rule.default if rule else None for rule in types] == ["work", None, "fax"]
    assert user.single["active"].sources == ("userAccountControl", "accountExpires")
    (conversion,) = user.single["external_user_name"].conversions
    assert conversion.pattern.sub(conversion.replacement, "TARO") == "TARO@corp.example"
    assert user.exclude == {"ims": frozenset({"none"})}
    assert loaded.service.proxy is not None


_VALUES = st.sampled_from(
    ["", "x", "[x]", "{a: b}", "'", "- x", "true", "-1", "1e9", "~", "${NOPE}", "&a x", "\t", "(", "🗝", "[", "  x: y"]
)


@pytest.mark.parametrize("name", SAMPLE_FILES)
@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
def test_no_edit_of_a_sample_ends_in_a_traceback(name: str, data: st.DataObject, tmp_path: Path) -> None:
    """Whatever line is lost, doubled, moved or given another value: settings, or one SettingsError with places."""
    lines = (SAMPLES / name).read_text(encoding="utf-8").splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        key = lines[at].split(":")[0]
        change = data.draw(st.sampled_from(["drop", "double", "indent", "value", "swap"]))
        match change:
            case "drop":
                lines[at] = ""
            case "double":
                lines.insert(at, lines[at])
            case "indent":
                lines[at] = "  " + lines[at]
            case "value":
                lines[at] = f"{key}: {data.draw(_VALUES)}"
            case _:
                lines[at], lines[0] = lines[0], lines[at]
    path = tmp_path / Path(name).name
    path.write_text("\n".join(lines), encoding="utf-8")
    shutil.copyfile(SAMPLES / "directory-sync" / "secret.yml", tmp_path / "secret.yml")
    assert "bind password" not in _outcome(path)


def _outcome(path: Path) -> str:
    """Return the message that a load ends with, or nothing."""
    try:
        load(path, ENVIRON)
    except SettingsError as error:
        return str(error)
    return ""
