"""A support bundle has no name in it, and the plan that follows from it is the plan with other names."""

import base64
import os
import re
import socket
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from ldap2scim.bundle.essences import without_names
from ldap2scim.bundle.pseudonyms import Pseudonyms
from ldap2scim.bundle.replaying import replay
from ldap2scim.essence import from_essence
from ldap2scim.planning.operation_json import operation_json
from ldap2scim.planning.operations import Operation
from ldap2scim.planning.plan import Plan
from ldap2scim.run.frozen import frozen_decision, frozen_run
from ldap2scim.settings import load
from tests.integration.days import day_of_changes
from tests.integration.everybody import STAFF, Everybody
from tests.integration.pairs import Pair

pytestmark = pytest.mark.slapd
KEY = bytes(range(32))
LEAST = 5
"""Shorter words come about by chance."""


@dataclass(frozen=True, slots=True)
class Bundled:
    """A bundle of the world, and the plan that it is about."""

    file: Path
    plan: Plan
    said: str


@pytest.fixture(scope="module")
def bundled(everybody: Everybody, tmp_path_factory: pytest.TempPathFactory) -> Bundled:
    """Write a bundle under a key that the tests know; nothing else is written."""
    folder = tmp_path_factory.mktemp("bundle")
    program = everybody.pair.program
    (folder / "key").write_bytes(KEY)
    before = program.state.read_bytes()
    everybody.pair.service.clear_requests()
    said = program("bundle", "--out", str(folder / "bundle.tar.gz"), "--key", str(folder / "key"))
    assert said.code == 0, said.text
    assert program.state.read_bytes() == before
    assert everybody.pair.service.requests == ()
    with frozen_run(load(program.settings, os.environ)) as run:
        decision = frozen_decision(run).decision
    assert decision is not None
    return Bundled(folder / "bundle.tar.gz", decision.plan, said.out)


def test_the_plan_is_the_same_with_other_names(bundled: Bundled, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same operations flow and are held, with the same values and reasons under other names; nobody is asked."""
    monkeypatch.setattr(socket.socket, "connect", _refuse)
    replayed = replay(bundled.file)
    assert replayed.plan is not None
    assert replayed.differences == ()
    names = Pseudonyms(KEY)
    assert {_told(one) for one in replayed.plan.operations} == {_told(one, names) for one in bundled.plan.operations}
    assert {(_told(one.operation), one.reasons) for one in replayed.plan.held} == {
        (_told(one.operation, names), tuple(_with_names(reason, names) for reason in one.reasons))
        for one in bundled.plan.held
    }
    assert len(bundled.plan.held) == 2
    assert "is the one that was decided" in bundled.said


def test_nothing_of_the_originals_is_in_it(everybody: Everybody, bundled: Bundled) -> None:
    """No login, name, address, value of a DN, id, secret or host is in any member, however it may be encoded."""
    originals = set(_originals(everybody))
    assert len(originals) > 60
    content = b"\n".join(_members(bundled.file))
    found = sorted(one for one in originals if any(form in content.lower() for form in _forms(one)))
    assert found == []
    # What is searched for would be found: the attributes and the structure are there.
    for kept in ("employeeType", "groupOfNames", "name.family_name", "duplicate-login", "shadowExpire"):
        assert any(form in content.lower() for form in _forms(kept))


def test_a_search_that_finds_nothing_would_find_something(everybody: Everybody) -> None:
    """The forms that are searched for are those in which a value may hide."""
    for hidden in (
        base64.b64encode(b"xx alice@example.jp yy"),
        base64.b64encode(b"x alice@example.jp yy"),
        "ALICE@example.jp".encode("utf-16-le"),
        b"alice%40example.jp",
        b"alice@example.jp".hex().encode(),
    ):
        assert any(form in hidden.lower() for form in _forms("alice@example.jp")), hidden


def test_a_company_with_too_many_leavers(embedded_pair: Pair, tmp_path: Path) -> None:
    """Of a Japanese company with kanji, kana, telephone numbers and groups the same plan follows, limits and all."""
    program, admin = embedded_pair.program, embedded_pair.administrator
    assert program("sync", "--apply").code == 0
    day_of_changes(admin)
    admin.dismiss(*(entry.dn for entry in admin.people()[10:24]))
    assert program("plan").code == 3
    (tmp_path / "key").write_bytes(KEY)
    said = program("bundle", "--out", str(tmp_path / "b.tar.gz"), "--key", str(tmp_path / "key"), "--json")
    assert (said.code, said.document["differences"]) == (0, []), said.text
    replayed = replay(tmp_path / "b.tar.gz").plan
    assert replayed is not None
    assert len(replayed.held) > 10
    content = b"\n".join(_members(tmp_path / "b.tar.gz")).decode().lower()
    names = ("cn", "sn", "givenname", "displayname", "mail", "telephonenumber", "uid", "title", "entryuuid")
    values = {text for entry in admin.people() for name in names for text in entry.texts(name)}
    # Kanji are so many that even two of them do not come about by chance.
    assert len(values) > 300
    sought = {one.lower() for one in values if len(one) >= (LEAST if one.isascii() else 2)}
    assert [one for one in sought if one in content] == []


def test_replaying_shows_the_plan(everybody: Everybody, bundled: Bundled) -> None:
    """The command shows the plan of a bundle, and says whether it is the one that was decided."""
    said = everybody.pair.program("bundle", "--replay", str(bundled.file))
    assert "ldap2scim approve" not in said.out, "no state knows the id of a plan without names"
    assert said.code == 0, said.text
    assert "Held: create 1 user, deactivate 1 user." in said.out
    assert "duplicate-login" in said.out
    assert "is the one that was decided when it was written." in said.out


def test_what_is_no_bundle_is_refused(everybody: Everybody, tmp_path: Path) -> None:
    """A file that is no bundle is named, with what to give instead; nothing of it is unpacked."""
    text = tmp_path / "text"
    text.write_text("no archive")
    other = tmp_path / "other.tar.gz"
    with tarfile.open(other, "w:gz") as archive:
        archive.add(text, "../../escaped.json")
    for file in (text, other, tmp_path / "missing"):
        said = everybody.pair.program("bundle", "--replay", str(file))
        assert said.code == 1
        assert said.err.startswith(f"ldap2scim: {file} ")
        assert "Traceback" not in said.err
    assert not (tmp_path.parents[1] / "escaped.json").exists()


def _refuse(*_: object) -> None:
    raise AssertionError("somebody was asked")


def _told(one: Operation, names: Pseudonyms | None = None) -> str:
    """Return an operation as JSON, under other names where they are given; fingerprints and versions left out."""
    plain: dict[str, Any] = dict(from_essence(operation_json(one).decode()))
    for left_out in ("inputs", "version"):
        plain.pop(left_out, None)
    if names is not None:
        plain = {name: _renamed(name, value, names) for name, value in plain.items()}
    return str(sorted(plain.items()))


def _renamed(name: str, value: Any, names: Pseudonyms) -> Any:
    match name:
        case _ if value is None:
            return None
        case "key" | "replaces":
            return names.key(value)
        case "added" | "removed":
            return sorted(names.key(key) for key in value)
        case "name":
            return names.reference(value)
        case "service_id":
            return names.name(value)
        case "essence":
            return without_names(value, names) if isinstance(value, str) else _values(value, names)
        case "changes":
            return [
                {part: text if part == "path" else _values(text, names) for part, text in one.items()} for one in value
            ]
        case _:
            return value


def _values(value: Any, names: Pseudonyms) -> Any:
    return names.name(value) if isinstance(value, str) else value


def _with_names(reason: str, names: Pseudonyms) -> str:
    dn = f"cn=paula,{STAFF}"
    return re.sub(r"\b(rita|paula)\b", lambda found: names.name(found.group()), reason.replace(dn, names.reference(dn)))


def _originals(everybody: Everybody) -> Iterator[str]:
    program, admin = everybody.pair.program, everybody.pair.administrator
    for entry in admin.find("(objectClass=*)"):
        yield from (entry.dn, *entry.dn.replace("=", ",").split(","))
        for name, values in entry.attributes.items():
            if name.lower() != "objectclass":
                yield from (value.decode() for value in values)
    for user in everybody.pair.console.all("Users"):
        yield str(user["id"])
    yield from (everybody.pair.service.token, everybody.pair.service.base_url, "127.0.0.1", "reader", "reader-secret")
    yield from (str(program.folder), "Mitarbeiter", "Visitor", "secret-project", "rita@example.jp", "paula@example.jp")


def _members(file: Path) -> Iterator[bytes]:
    with tarfile.open(file) as archive:
        for member in archive.getmembers():
            yield member.name.encode()
            content = archive.extractfile(member)
            assert content is not None
            yield content.read()


def _forms(text: str) -> Iterator[bytes]:
    """Yield what to look for in lower case, in whichever way a value of some length may be encoded."""
    if len(text) < LEAST:
        return
    plain = text.encode()
    yield plain.lower()
    yield quote(text, safe="").encode().lower()
    yield text.lower().encode("utf-16-le")
    yield text.lower().encode("utf-16-be")
    yield plain.hex().encode()
    for padding in range(3):
        # Of the middle alone: both ends depend on what stands beside it.
        middle = base64.b64encode(bytes(padding) + plain)[4 if padding else 0 : -4]
        if len(middle) >= 8:
            yield middle.lower()
            yield middle.lower().translate(bytes.maketrans(b"+/", b"-_"))
