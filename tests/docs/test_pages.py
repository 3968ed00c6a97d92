"""What the documents say can be done, can be done."""

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from ldap2scim.cli.parser import build_parser
from ldap2scim.settings import Row, load, rows

ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "deployments/README.md",
    "benchmarks/README.md",
    *(
        f"docs/{name}.md"
        for name in (
            "settings",
            "safety",
            "promises",
            "services",
            "plans",
            "findings",
            "operations",
            "state",
            "accidents",
            "iij-id",
            "own-rules",
            "drift",
            "history",
            "explain",
            "support-bundle",
        )
    ),
    *sorted(page.relative_to(ROOT).as_posix() for page in (ROOT / "docs" / "findings").glob("*.md")),
)
MANUALS = (
    "docs/explain.md",
    "docs/own-rules.md",
    "docs/support-bundle.md",
    "README.md",
    "docs/settings.md",
    "docs/safety.md",
    "docs/plans.md",
    "docs/drift.md",
    "docs/history.md",
    "docs/operations.md",
    "docs/state.md",
    "docs/findings.md",
    "docs/iij-id.md",
)
SECRETS = {"LDAP_PASSWORD": "p", "SCIM_TOKEN": "t", "AD_PASSWORD": "p"}


def _text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def _anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_and_headings_that_exist(page: str) -> None:
    """Every relative link names a file of the repository, and its anchor a heading there."""
    for target in re.findall(r"\]\(([^)\s]+)\)", _text(page)):
        if target.startswith(("http://", "https://")):
            continue
        file, _, anchor = target.partition("#")
        path = (ROOT / page).parent / file if file else ROOT / page
        assert path.exists(), target
        assert not anchor or anchor in _anchors(path), target


@pytest.mark.parametrize("page", MANUALS)
def test_files_named_in_a_manual_exist(page: str) -> None:
    """A path of the repository in backquotes is there."""
    for named in re.findall(r"`((?:docs|deployments|requirements|scripts|benchmarks|flows)/[\w./-]*)`", _text(page)):
        assert (ROOT / named).exists(), named


def _commands(page: str) -> Iterator[list[str]]:
    """Yield the commands in backquotes and behind prompts, without pipes, placeholders and comments."""
    text = _text(page)
    found = re.findall(r"`(?:[A-Z_]+=\S+ )*(?:\S+/bin/)?(ldap2scim(?: [^`\n]+)?)`", text)
    found += re.findall(r"^(?:\$ |    )(?:\S+/bin/)?(ldap2scim[^\n]*)$", text, re.MULTILINE)
    for line in found:
        words = shlex.split(re.split(r" #|\s\||;|…", line)[0].replace("[", "").replace("]", ""))
        if len(words) > 1 and re.fullmatch(r"[a-z-]+", words[1]):
            yield words[1:]


@pytest.mark.parametrize("page", [*MANUALS, "deployments/README.md"])
def test_commands_named_in_a_manual_are_commands(page: str) -> None:
    """Every command line that is shown is one that the parser takes."""
    for words in _commands(page):
        try:
            build_parser().parse_args([word for word in words if word not in {"-h", "--help", "--version"}])
        except SystemExit as exit_:
            pytest.fail(f"{page}: `ldap2scim {' '.join(words)}` ended with {exit_.code}")


def test_the_readme_shows_every_command() -> None:
    """No command of the parser is missing in the README's table."""
    (commands,) = (one for one in build_parser()._actions if isinstance(one, argparse._SubParsersAction))
    section = _text("README.md").partition("## The command")[2].partition("\n## ")[0]
    shown = set(re.findall(r"^\| `([a-z]+)[^`]*` \|", section, re.MULTILINE))
    assert shown == set(commands.choices)


def _yaml_blocks(page: str) -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```", _text(page), re.MULTILINE | re.DOTALL)


def test_the_settings_of_the_readme_load(tmp_path: Path) -> None:
    """The minimal example of the native form loads without a word."""
    native = tmp_path / "ldap2scim.yml"
    native.write_text(_yaml_blocks("README.md")[0], encoding="utf-8")
    assert load(native, SECRETS).notes == ()


def test_the_mapping_of_the_settings_page_loads(tmp_path: Path) -> None:
    """The example that shows every form of a mapping is one."""
    (mapping,) = (block for block in _yaml_blocks("docs/settings.md") if block.startswith("mapping:"))
    directory = "directories: {main: {kind: openldap, addresses: ldap.example.com, base_dn: 'dc=example,dc=com'}}\n"
    file = tmp_path / "ldap2scim.yml"
    file.write_text(f"{directory}service: {{profile: iij-id, token: '${{SCIM_TOKEN}}'}}\n{mapping}", encoding="utf-8")
    user = load(file, SECRETS).directories[0].mappings.user
    assert user.single["user_name"].sources == ("mail", "uid")
    assert "title" not in user.single


def _documented() -> dict[str, set[str]]:
    """Return the words of the default column of the settings page, by key of the native form."""
    section = _text("docs/settings.md").partition("\n## The native form")[2].partition("\n## ")[0]
    table = re.findall(r"^\| `([\w.]+)` \| [^|]+ \| ([^|]+) \|", section, re.MULTILINE)
    return {key: {word.strip("`,;") for word in default.split()} for key, default in table}


def test_every_setting_is_documented_with_its_default(tmp_path: Path) -> None:
    """The keys of the settings page are those of `ldap2scim settings`, and the defaults too."""
    file = tmp_path / "ldap2scim.yml"
    text = (
        "directories: {main: {kind: openldap, addresses: ldap.example.com, base_dn: 'dc=example,dc=com'}}\n"
        "service: {profile: iij-id, proxy: {url: 'http://proxy.example.com:8080'}}\n"
    )
    shown: list[Row] = []
    for state in ("", "state: {url: 'postgresql://db.example.com/ldap2scim'}\n"):
        file.write_text(text + state, encoding="utf-8")
        shown += rows(load(file, {}))
    documented = _documented()
    seen = set()
    for row in shown:
        key = row.path.replace("directories.main.", "directories.NAME.")
        if key.startswith("directories.NAME.mapping."):
            continue
        seen.add(key)
        assert key in documented, f"{key} is not documented"
        if row.origin == "default" or row.origin.startswith("profile "):
            assert row.shown.removeprefix(f"{tmp_path}/") in documented[key], key
    assert seen == documented.keys() - {"directories.NAME.mapping"}
