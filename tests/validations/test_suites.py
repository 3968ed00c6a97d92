"""The suites describe a state, offline and without anybody's data."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ldap2scim.errors import Ldap2ScimError
from ldap2scim.findings import Severity
from tests.validations.worlds import Row, frame
from validations.data_docs import WITHHELD, offline
from validations.description import CrashedRule, Description, FailedRule, SuiteOutcome
from validations.suites import LONGEST_LOGIN, crash, describe

USERS: list[Row] = [(f"ad:{i}", f"yamada-{i}@corp.example", f"e{i}") for i in range(20)]
GROUPS: list[Row] = [("ad:g1", "Sales", "g1"), ("ad:g2", "営業部", "g2")]
MAILS = {key: str(login) for key, login, _ in USERS}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Description:
    """Return the description of a state without faults."""
    return describe(frame(USERS, MAILS), frame(GROUPS), tmp_path_factory.mktemp("good") / "docs")


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Description:
    """Return the description of a state in which every rule about rows is broken."""
    users: list[Row] = [
        *USERS,
        ("ad:0", "ＹＡＭＡＤＡ-1@corp.example ", "e0"),
        ("ad:21", None, None),
        ("ad:22", "x" * (LONGEST_LOGIN + 1), None),
    ]
    groups: list[Row] = [*GROUPS, ("ad:g3", "sales ", "g2"), ("ad:g4", None, None)]
    mails = MAILS | {"ad:22": "no address"}
    return describe(frame(users, mails), frame(groups), tmp_path_factory.mktemp("bad") / "docs")


def test_a_good_state_breaks_no_rule(good: Description) -> None:
    """Both suites succeed, and absent values are nulls that break nothing they may be missing from."""
    assert good.success
    assert good.users == SuiteOutcome("users", 9, (), ())
    assert good.groups == SuiteOutcome("groups", 7, (), ())


def test_broken_rules_are_named_with_their_rows(bad: Description) -> None:
    """Each rule that fails has the word of our findings and the number of rows."""
    assert not bad.success
    assert {(one.rule, one.severity.value, one.unexpected, one.rows) for one in bad.users.failed} == {
        ("duplicate-source-anchor", "stop", 2, 23),
        ("missing-required-attribute", "hold", 1, 23),
        ("duplicate-login", "hold", 2, 23),
        ("long-login", "note", 1, 23),
        ("email-syntax", "note", 1, 23),
        ("duplicate-external-id", "hold", 2, 23),
    }
    assert {(one.rule, one.unexpected) for one in bad.groups.failed} == {
        ("missing-required-attribute", 1),
        ("duplicate-group-name", 2),
        ("duplicate-external-id", 2),
    }
    assert bad.users.crashed == bad.groups.crashed == ()


def test_an_empty_table_breaks_the_rule_of_rows(tmp_path: Path) -> None:
    """Great Expectations finds nothing wrong in no rows, so that their number is a rule; no groups are a note."""
    found = describe(frame([]), frame([]), tmp_path)

    assert [(one.rule, one.severity) for one in found.users.failed] == [("empty-read", Severity.STOP)]
    assert [(one.rule, one.severity) for one in found.groups.failed] == [("no-groups-read", Severity.NOTE)]
    assert not found.users.success
    assert found.groups.success


def test_a_rule_that_crashes_is_told_apart_from_one_that_fails(tmp_path: Path) -> None:
    """Without its column a rule cannot be asked: it has crashed, the others go on, and no text of it is shown."""
    found = describe(frame(USERS).drop(columns="dn"), frame(GROUPS), tmp_path)

    assert [(one.rule, one.error) for one in found.users.crashed] == [
        ("no-dn", "InvalidMetricAccessorDomainKwargsKeyError")
    ]
    assert found.users.failed == ()
    assert not found.users.success
    pages = read_all(found)
    assert WITHHELD in pages
    assert "Traceback" not in pages


TRACEBACK = """Traceback (most recent call last):
  File "metric.py", line 9, in _pandas
pandas.errors.InvalidIndexError: yamada

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
great_expectations.exceptions.exceptions.MetricResolutionError: yamada
"""


@pytest.mark.parametrize(
    ("info", "error"),
    [
        (None, None),
        ({"raised_exception": False, "exception_traceback": None, "exception_message": None}, None),
        ({"raised_exception": True, "exception_traceback": TRACEBACK}, "InvalidIndexError"),
        ({"metric": {"raised_exception": True, "exception_traceback": TRACEBACK}}, "InvalidIndexError"),
        ({"metric": {"raised_exception": True}}, "unknown"),
    ],
    ids=["nothing", "fine", "flat", "nested", "without words"],
)
def test_an_exception_is_found_in_either_shape(info: dict[str, object] | None, error: str | None) -> None:
    """The information about exceptions is flat or nested by metric; only the class of the cause is taken."""
    assert crash(info) == error


class _Fetches(HTMLParser):
    """Collects what a browser would fetch or follow."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "action", "data"}]


def test_no_page_refers_to_anything_elsewhere(bad: Description) -> None:
    """A reader's browser fetches nothing: no address, no script, no style sheet, no picture; links stay inside."""
    pages = sorted(bad.index.parent.rglob("*.html"))

    assert len(pages) == 5
    for page in pages:
        text = page.read_text(encoding="utf-8")
        seen = _Fetches()
        seen.feed(text)
        assert "http://" not in text
        assert "https://" not in text
        assert "Content-Security-Policy" in text
        assert not seen.tags & {"script", "link", "img", "iframe", "object", "form"}
        assert "url(" not in text
        assert "@import" not in text
        for link in seen.links:
            assert link.startswith("#") or (page.parent / link).is_file(), link


def test_the_first_page_leads_to_every_other(bad: Description) -> None:
    """The first page shows what is broken and links the pages of both suites."""
    text = bad.index.read_text(encoding="utf-8")

    assert "duplicate-login" in text
    assert "2 of 23" in text
    for page in bad.index.parent.rglob("*.html"):
        assert page == bad.index or page.relative_to(bad.index.parent).as_posix() in text


def test_no_page_holds_anything_of_anybody(bad: Description) -> None:
    """Counts are shown, never a login, a name, an address, a key or a DN."""
    pages = read_all(bad)

    assert "No two users have the same login" in pages
    for value in ("yamada", "YAMADA", "corp.example", "Sales", "営業部", "no address", "ad:0", "dc=example"):
        assert value not in pages, value
    # As a word: the pages hold random ids, in which these three characters may stand by chance.
    assert not re.search(r"\be19\b", pages)


def test_writing_again_leaves_no_page_of_the_last_time(tmp_path: Path) -> None:
    """A folder that is used twice shows the last state alone, and keeps what is not ours."""
    (tmp_path / "notes.txt").write_text("mine")
    describe(frame(USERS), frame(GROUPS), tmp_path)
    describe(frame(USERS), frame(GROUPS), tmp_path)

    assert len(list((tmp_path / "validations").rglob("*.html"))) == 2
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    """No traceback: the folder, what is wrong with it, and what to do."""
    (tmp_path / "docs").write_text("a file")

    with pytest.raises(Ldap2ScimError, match="cannot be written") as caught:
        describe(frame(USERS), frame(GROUPS), tmp_path / "docs")
    assert caught.value.remedy


def test_a_page_keeps_its_words_and_loses_the_rest() -> None:
    """What is read stays, with its entities; what runs, loads or leads away goes."""
    page = (
        '<!DOCTYPE html><html><head><title>x</title><script src="https://a/b.js">if (1 < 2) {}</script></head>'
        '<body onload="go()"><p class="a" style="background:url(//x)">1 &lt; 2 &#8776; <a href="HTTPS://x">there</a>'
        '<a href="../index.html">here</a><img src="//x/y.png"><br/><code>secret<br>more</code></p></body></html>'
    )
    rest = offline(page).partition("</head>")[2]

    assert rest == (
        '<body><p class="a">1 &lt; 2 &#8776; <a>there</a><a href="../index.html">here</a><br>'
        f"<code>{WITHHELD}</code></p></body></html>"
    )


def test_success_is_what_a_run_could_live_with() -> None:
    """Notes leave a suite successful; a hold or a crash does not."""
    note = FailedRule("long-login", Severity.NOTE, "e", 1, 2)
    hold = FailedRule("duplicate-login", Severity.HOLD, "e", 2, 2)

    assert SuiteOutcome("users", 2, (note,), ()).success
    assert not SuiteOutcome("users", 2, (note, hold), ()).success
    assert not SuiteOutcome("users", 2, (), (CrashedRule("r", "e", "KeyError"),)).success


def test_a_run_starts_without_great_expectations() -> None:
    """It takes seconds to import, and the checks that decide do not need it."""
    code = (
        "import sys, validations.state, validations.settings, validations.description, ldap2scim.run.pipeline\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('great_expectations', 'prefect')])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert shown.stdout.strip() == "[]"


def read_all(description: Description) -> str:
    """Return the text of every page."""
    return "".join(page.read_text(encoding="utf-8") for page in description.index.parent.rglob("*.html"))
