"""Other settings on the same image and snapshot: what they would do is told apart from what the directory did."""

import json
from hashlib import sha256
from typing import Any

import pytest

from tests.integration.installation import Said
from tests.integration.pairs import Pair


@pytest.fixture
def pair(embedded_pair: Pair) -> Pair:
    """In step; one person has another title that no run has seen."""
    assert embedded_pair.program("sync", "--apply").code == 0
    person = embedded_pair.administrator.people()[0]
    embedded_pair.administrator.replace(person.dn, title=["unseen"])
    embedded_pair.service.clear_requests()
    return embedded_pair


def what_if(pair: Pair, **directory: Any) -> Said:
    """Ask what another directory section would do; the service must not notice, nor the state change."""
    before = contents(pair)
    other = pair.program.folder / "other.yml"
    document = json.loads(pair.program.settings.read_text("utf-8"))
    document["directories"]["main"].update(directory)
    document["state"] = "nobody-looks-at-this.db"
    other.write_text(json.dumps(document, indent=1), encoding="utf-8")
    said = pair.program("plan", "--what-if", str(other), "--json")
    assert "Traceback" not in said.text
    assert pair.service.requests == ()
    assert contents(pair) == before
    assert not (pair.program.folder / "nobody-looks-at-this.db").exists()
    return said


def contents(pair: Pair) -> dict[str, str]:
    """Return what the state has: its file, and a log that is not folded into it yet (an empty one says nothing)."""
    files = (pair.program.state, pair.program.state.with_name(f"{pair.program.state.name}-wal"))
    return {file.name: sha256(found).hexdigest() for file in files if file.exists() and (found := file.read_bytes())}


def test_another_mapping_is_compared_on_what_is_there(pair: Pair) -> None:
    """Attributes that the image has: nobody is asked, and the unseen title plays no part."""
    said = what_if(pair, mapping={"user": {"nickName": "sn"}})
    found = said.document
    assert said.code == 2, said.text
    assert found["read_again"] == []
    added = found["tables"]["Added"]
    assert len(added) == 120
    assert {row["changes"] for row in added} == {"nickName"}
    assert all("would change" in row["waits"] for row in added[:1])
    assert found["settings"] == ["directories.main.mapping.user.nickName"]


def test_another_filter_is_read_anew_and_the_directory_is_told_apart(pair: Pair) -> None:
    """Whoever the filter drops is the difference; the title that moved meanwhile is counted apart."""
    leaver = pair.administrator.people()[5]
    said = what_if(pair, users={"filter": f"(!(uid={leaver.text('uid')}))"})
    found = said.document
    assert said.code == 2, said.text
    assert found["read_again"] == ["main"]
    assert [row["verb"] for row in found["tables"]["Added"] if row["type"] == "User"] == ["deactivate"]
    assert any("1 operations differ because the directory has moved on" in line for line in found["summary"])
    assert "unseen" not in said.out
    assert found["settings"] == ["directories.main.users.filter"]


def test_settings_that_change_nothing(pair: Pair) -> None:
    """The same settings: no difference, exit code 0."""
    said = what_if(pair)
    assert said.code == 0, said.text
    assert said.document["tables"] == {}


def test_a_filter_that_selects_nobody_is_refused(pair: Pair) -> None:
    """What would stop a run stops here too, with its finding, and exit code 3."""
    said = what_if(pair, users={"filter": "(uid=nobody-at-all)"})
    assert said.code == 3, said.text
    assert "empty-read" in said.out


def test_another_service_is_not_known(pair: Pair) -> None:
    """The snapshot is of one service; of another nothing can be said."""
    other = pair.program.folder / "other.yml"
    document = json.loads(pair.program.settings.read_text("utf-8"))
    document["service"]["base_url"] = "http://127.0.0.1:9/scim/v2"
    other.write_text(json.dumps(document), encoding="utf-8")
    said = pair.program("plan", "--what-if", str(other))
    assert said.code == 1
    assert "another service" in said.err
