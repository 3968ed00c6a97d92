"""Groups in groups, and members of other domains, from a real directory to a service."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from ldap2scim.sandbox.ldif import LdifEntry, write_ldif
from ldap2scim.sandbox.service import embedded_service
from ldap2scim.sandbox.world import BASE_DN, PEOPLE_DN
from ldap2scim.state.image_rows import ReferenceKind
from tests.integration.conftest import StartPair
from tests.integration.pairs import Pair, paired
from tests.servers.available import require
from tests.servers.samba import BASE_DN as DOMAIN
from tests.servers.samba import Samba, running_samba

GROUPS = f"ou=groups,{BASE_DN}"
ABROAD = "S-1-5-21-1111111111-2222222222-3333333333-1105"
"""Somebody of a domain that trusts ours, or that we trust."""


def members_there(pair: Pair, name: str) -> set[str]:
    """Return logins and names of groups that the service has as members."""
    names = {str(user["id"]): login for login, user in pair.console.users().items()}
    groups = pair.console.groups()
    names |= {str(group["id"]): f"group {other}" for other, group in groups.items()}
    return {names[member["value"]] for member in groups[name].get("members", ())}


def kinds_of_references(pair: Pair) -> set[int]:
    """Return how the groups of the image name their members."""
    with closing(sqlite3.connect(pair.program.state)) as state:
        return {kind for (kind,) in state.execute("SELECT DISTINCT kind FROM image_members")}


def sync(pair: Pair, code: int = 0) -> str:
    """Synchronise, and return what was said."""
    said = pair.program("sync", "--apply")
    assert said.code == code, said.text
    return said.text


def logins(pair: Pair, count: int) -> dict[str, str]:
    """Return some people: login → DN."""
    people = pair.administrator.people(PEOPLE_DN)[:count]
    return {str(person.text("uid")): person.dn for person in people}


def nested(pair: Pair, mode: str, selected: str = "") -> dict[str, str]:
    """Set the nesting, add outer ∋ a, mid; mid ∋ b, low; low ∋ c, outer; and return the people."""
    pair.program.directory["groups"] = {"nesting": mode} | ({"filter": selected} if selected else {})
    pair.program.write()
    people = logins(pair, 3)
    a, b, c = people.values()
    for name, member in (("low", c), ("mid", b), ("outer", a)):
        pair.administrator.add(f"cn={name},{GROUPS}", ["groupOfNames"], member=[member])
    for outer, inner in (("outer", "mid"), ("mid", "low"), ("low", "outer")):
        pair.administrator.insert(f"cn={outer},{GROUPS}", "member", f"cn={inner},{GROUPS}")
    return people


def test_flattened_through_groups_that_the_filter_leaves_out(start_pair: StartPair) -> None:
    """Members of inner groups count at any depth, in a circle, and through groups that are not synchronised."""
    pair = start_pair()
    people = nested(pair, "flatten", "(|(cn=outer)(cn=project*)(description=ours))")
    a, b, c = people
    sync(pair)
    assert set(pair.console.groups()) >= {"outer"}
    assert not {"mid", "low"} & set(pair.console.groups())
    assert members_there(pair, "outer") == {a, b, c}
    assert pair.program("drift").code == 0

    # A change of a group out of scope is one of those that contain it.
    pair.administrator.take(f"cn=low,{GROUPS}", "member", people[c])
    sync(pair)
    assert members_there(pair, "outer") == {a, b}

    # A group comes into scope by a change of its own.
    pair.administrator.replace(f"cn=low,{GROUPS}", description=["ours"])
    sync(pair)
    assert members_there(pair, "low") == {a, b}

    # And leaves it again; what it lists still counts.
    pair.administrator.replace(f"cn=low,{GROUPS}", description=[])
    pair.administrator.insert(f"cn=low,{GROUPS}", "member", people[c])
    sync(pair)
    assert "low" not in pair.console.groups()
    assert members_there(pair, "outer") == {a, b, c}
    pair.writes()
    sync(pair)
    assert pair.writes() == 0


@pytest.mark.parametrize("patch", [True, False], ids=["patch", "put"])
def test_kept_as_members(start_pair: StartPair, patch: bool) -> None:
    """Circular groups are created, then become members of one another; one leaves, and a lost state loses nothing."""
    pair = start_pair(patch=patch)
    a, b, c = nested(pair, "keep")
    sync(pair)
    assert members_there(pair, "outer") == {a, "group mid"}
    assert members_there(pair, "mid") == {b, "group low"}
    assert members_there(pair, "low") == {c, "group outer"}
    kinds = {member["value"]: member.get("type") for member in pair.console.groups()["outer"]["members"]}
    assert kinds[pair.console.groups()["mid"]["id"]] == "Group"
    assert pair.program("drift").code == 0

    pair.administrator.take(f"cn=outer,{GROUPS}", "member", f"cn=mid,{GROUPS}")
    assert pair.program("drift").code == 2
    sync(pair)
    assert members_there(pair, "outer") == {a}
    assert pair.program("drift").code == 0

    pair.program.lose_state()
    pair.writes()
    assert pair.program("recover", "--apply").code == 0
    assert pair.writes() == 0
    assert members_there(pair, "low") == {c, "group outer"}


def test_ignored_and_said(start_embedded_pair: StartPair) -> None:
    """By default neither an inner group nor its members count, and one note says how many there are."""
    pair = start_embedded_pair()
    a, _, _ = nested(pair, "ignore")
    said = sync(pair)
    assert members_there(pair, "outer") == {a}
    assert "3 members of 3 groups are groups, and were left out" in said
    assert "`nesting: flatten` (in `groups` of the directory; in config.yml in `ldap2scim.directory`)" in said


def test_members_come_in_by_themselves(start_embedded_pair: StartPair) -> None:
    """Who is outside the filter is said with all others, and is a member as soon as she comes into scope."""
    pair = start_embedded_pair()
    pair.program.directory["users"] = {"filter": "(!(roomNumber=away))"}
    pair.program.write()
    people = logins(pair, 2)
    a, b = people
    pair.administrator.add(f"cn=pair,{GROUPS}", ["groupOfNames"], member=list(people.values()))
    rooms = next(one for one in pair.administrator.people() if one.dn == people[b]).texts("roomNumber")
    pair.administrator.replace(people[b], roomNumber=["away"])
    said = sync(pair)
    assert members_there(pair, "pair") == {a}
    assert "are not among the entries that were read" in said
    pair.administrator.replace(people[b], roomNumber=rooms)
    sync(pair)
    assert members_there(pair, "pair") == {a, b}


@pytest.fixture(scope="module")
def domain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Samba]:
    """A domain controller, and a unit in it."""
    require("samba")
    unit: LdifEntry = (f"OU=Nest,{DOMAIN}", {"objectClass": ["organizationalUnit"], "ou": ["Nest"]})
    with running_samba(tmp_path_factory.mktemp("samba"), "".join(write_ldif([unit]))) as running:
        yield running


@pytest.mark.samba
def test_domain(domain: Samba, tmp_path: Path) -> None:
    """Primary groups inside of groups, circles, members by GUID through a rename, and a principal of another domain."""
    base = f"OU=Nest,{DOMAIN}"
    connection = {
        "kind": "active-directory",
        "addresses": [domain.host],
        "port": domain.port,
        "encryption": "none",
        "bind_dn": domain.reader_dn,
        "bind_password": domain.reader_password,
        "base_dn": base,
        "groups": {"nesting": "flatten"},
    }
    with ExitStack() as running:
        service = running.enter_context(embedded_service())
        pair = running.enter_context(paired(tmp_path / "installed", domain, service, base, connection))
        administrator = pair.administrator
        for name in ("ida", "taro", "hana"):
            administrator.add(
                f"CN={name},{base}", ["user"], sAMAccountName=name, userPrincipalName=f"{name}@lab.test",
                userAccountControl="544", sn="x",
            )  # fmt: skip
        for name, members in (("prime", ["ida"]), ("inner", ["taro", "prime"]), ("outer", ["hana", "inner"])):
            listed = [f"CN={member},{base}" for member in members]
            administrator.add(f"CN={name},{base}", ["group"], sAMAccountName=f"nest-{name}", member=listed)
        administrator.insert(f"CN=inner,{base}", "member", f"CN=outer,{base}")
        (prime,) = administrator.find("(cn=prime)")
        relative = int.from_bytes(prime.attributes["objectsid"][0][-4:], "little")
        administrator.replace(f"CN=ida,{base}", primaryGroupID=[str(relative)])
        assert administrator.find("(cn=prime)")[0].texts("member") == []
        administrator.insert(f"CN=outer,{base}", "member", f"<SID={ABROAD}>")

        said = sync(pair)
        everybody = {f"{name}@lab.test" for name in ("ida", "taro", "hana")}
        assert members_there(pair, "outer") == members_there(pair, "inner") == everybody
        assert members_there(pair, "prime") == {"ida@lab.test"}
        assert ABROAD in said
        assert "principals of a domain that no directory of this run has" in said
        assert pair.program("drift").code == 0

        assert kinds_of_references(pair) == {ReferenceKind.GUID, ReferenceKind.SID}
        administrator.rename(f"CN=taro,{base}", "CN=taro b")
        pair.writes()
        sync(pair)
        assert members_there(pair, "outer") == everybody
        administrator.replace(f"CN=ida,{base}", primaryGroupID=["513"])
        administrator.take(f"CN=prime,{base}", "member", f"CN=ida,{base}")
        sync(pair)
        assert members_there(pair, "outer") == everybody - {"ida@lab.test"}
        assert pair.program("drift").code == 0
