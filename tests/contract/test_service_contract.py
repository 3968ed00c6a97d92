"""What RFC 7644 asks of a service, asked of the embedded one and of scim2-server alike, with a plain HTTP client.

Both pass the same cases, so that what is proven against the embedded service holds against one we did not write.
"""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from ldap2scim.sandbox.service import PLAIN, EmbeddedService, embedded_service
from tests.contract.talking import (
    ENTERPRISE,
    GROUP,
    PATCH_OP,
    SEARCH,
    UNHEARD_OF,
    USER,
    assert_error,
    created,
    found,
    numbers,
    patch,
    user,
)
from tests.servers.scim import ScimProcess, ScimServer, scim_client


@pytest.fixture(scope="module")
def embedded_without_patch() -> Iterator[EmbeddedService]:
    """The embedded service without PATCH."""
    with embedded_service(replace(PLAIN, patch_supported=False)) as service:
        yield service


def test_a_created_user_is_answered_with_id_location_and_version_and_can_be_read(http: httpx.Client) -> None:
    """POST answers 201, Location, ETag and what was sent; GET gives the same resource."""
    sent = user(name={"familyName": "田中", "givenName": "Hanako"}, active=True, title="部長")
    answer = http.post("/Users", json=sent)
    assert answer.status_code == 201
    resource = answer.json()
    assert {name: resource[name] for name in sent if name != "schemas"} == {
        name: value for name, value in sent.items() if name != "schemas"
    }
    assert answer.headers["location"] == resource["meta"]["location"]
    assert answer.headers["etag"] == resource["meta"]["version"]
    assert http.get(f"/Users/{resource['id']}").json() == resource
    assert http.get(resource["meta"]["location"]).json() == resource


def test_put_replaces_the_whole_resource(http: httpx.Client) -> None:
    """An attribute that a PUT does not name is gone, and the id stays."""
    body = user(title="old", displayName="Name")
    resource = created(http, body)
    answer = http.put(f"/Users/{resource['id']}", json={**body, "title": "new", "displayName": None})
    assert answer.status_code == 200
    read = http.get(f"/Users/{resource['id']}").json()
    assert (read["id"], read["title"], read.get("displayName")) == (resource["id"], "new", None)


def test_patch_adds_replaces_and_removes(http: httpx.Client) -> None:
    """One PATCH holds several operations, with simple, sub-attribute and extension paths."""
    resource = created(http, user(title="old", nickName="gone", name={"familyName": "A", "givenName": "B"}))
    read = patch(
        http,
        f"/Users/{resource['id']}",
        {"op": "replace", "path": "title", "value": "new"},
        {"op": "remove", "path": "nickName"},
        {"op": "replace", "path": "name.familyName", "value": "C"},
        {"op": "add", "path": f"{ENTERPRISE}:department", "value": "Sales"},
    )
    assert read["title"] == "new"
    assert "nickName" not in read
    assert read["name"] == {"familyName": "C", "givenName": "B"}
    assert read[ENTERPRISE] == {"department": "Sales"}
    assert ENTERPRISE in read["schemas"]


def test_patch_without_a_path_sets_the_attributes_it_holds(http: httpx.Client) -> None:
    """A value without a path is an object of attributes; those that it does not name stay."""
    resource = created(http, user(title="old", nickName="stays"))
    read = patch(http, f"/Users/{resource['id']}", {"op": "replace", "value": {"title": "new", "active": False}})
    assert (read["title"], read["nickName"], read["active"]) == ("new", "stays", False)


def test_patch_changes_one_of_several_emails_by_a_value_filter(http: httpx.Client) -> None:
    """`emails[type eq "work"].value` changes that value and no other."""
    emails = [{"value": "w@example.test", "type": "work"}, {"value": "h@example.test", "type": "home"}]
    resource = created(http, user(emails=emails))
    read = patch(
        http,
        f"/Users/{resource['id']}",
        {"op": "replace", "path": 'emails[type eq "work"].value', "value": "n@example.test"},
    )
    assert sorted(each["value"] for each in read["emails"]) == ["h@example.test", "n@example.test"]


def test_a_patch_is_carried_out_whole_or_not_at_all(http: httpx.Client) -> None:
    """When a later operation is refused, the earlier ones have changed nothing."""
    resource = created(http, user(title="old"))
    operations = [
        {"op": "replace", "path": "title", "value": "new"},
        {"op": "replace", "path": 'emails[type eq "work"].value', "value": "x@example.test"},
    ]
    answer = http.patch(f"/Users/{resource['id']}", json={"schemas": [PATCH_OP], "Operations": operations})
    assert_error(answer, 400, "noTarget")
    assert http.get(f"/Users/{resource['id']}").json() == resource


def test_a_deleted_user_is_gone(http: httpx.Client) -> None:
    """DELETE answers 204; then the id is unknown to GET, PUT, PATCH and DELETE."""
    body = user()
    path = f"/Users/{created(http, body)['id']}"
    assert http.delete(path).status_code == 204
    operations = [{"op": "replace", "path": "title", "value": "x"}]
    for answer in (
        http.get(path),
        http.put(path, json=body),
        http.patch(path, json={"schemas": [PATCH_OP], "Operations": operations}),
        http.delete(path),
    ):
        assert_error(answer, 404)
    assert created(http, body)["id"] != path.rpartition("/")[2]


def test_a_user_name_that_is_taken_is_refused_whatever_its_case(http: httpx.Client) -> None:
    """409 with scimType uniqueness, for POST and for PUT; nothing is made."""
    body = user()
    created(http, body)
    twin = {**user(), "userName": body["userName"].upper()}
    assert_error(http.post("/Users", json=twin), 409, "uniqueness")
    assert found(http, "/Users", f'externalId eq "{twin["externalId"]}"') == []
    other = created(http, user())
    assert_error(http.put(f"/Users/{other['id']}", json=twin), 409, "uniqueness")


def test_a_stale_version_is_refused(http: httpx.Client) -> None:
    """If-Match with the old ETag is 412 and changes nothing; with the present one it is carried out."""
    resource = created(http, user(title="first"))
    path, version = f"/Users/{resource['id']}", resource["meta"]["version"]
    changed = patch(http, path, {"op": "replace", "path": "title", "value": "second"})
    body = {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "path": "title", "value": "third"}]}
    assert_error(http.patch(path, json=body, headers={"If-Match": version}), 412)
    assert_error(http.delete(path, headers={"If-Match": version}), 412)
    assert http.get(path).json()["title"] == "second"
    accepted = http.patch(path, json=body, headers={"If-Match": changed["meta"]["version"]})
    assert accepted.status_code in (200, 204)


def test_members_enter_and_leave_by_patch(http: httpx.Client) -> None:
    """An add to `members` keeps those that are there; remove takes a value filter and leaves the others."""
    one, two, three = (created(http, user())["id"] for _ in range(3))
    group = created(http, {"schemas": [GROUP], "displayName": f"g{next(numbers)}", "members": [{"value": one}]})
    path = f"/Groups/{group['id']}"
    added = [{"value": two}, {"value": three}, {"value": one}]
    read = patch(http, path, {"op": "add", "path": "members", "value": added})
    assert sorted(each["value"] for each in read["members"]) == sorted([one, two, three])
    removals = [{"op": "remove", "path": f'members[value eq "{gone}"]'} for gone in (one, three)]
    read = patch(http, path, *removals)
    assert [each["value"] for each in read["members"]] == [two]
    read = patch(http, path, {"op": "remove", "path": f'members[value eq "{two}"]'})
    assert read.get("members") or [] == []


def test_a_group_holds_1500_members(http: httpx.Client) -> None:
    """All come back, one leaves by one small PATCH, and a read without members leaves them out."""
    ids = [f"member-{number}" for number in range(1500)]
    group = created(
        http,
        {"schemas": [GROUP], "displayName": f"g{next(numbers)}", "members": [{"value": each} for each in ids]},
    )
    path = f"/Groups/{group['id']}"
    assert {each["value"] for each in http.get(path).json()["members"]} == set(ids)
    read = patch(http, path, {"op": "remove", "path": 'members[value eq "member-700"]'})
    assert {each["value"] for each in read["members"]} == set(ids) - {"member-700"}
    assert "members" not in http.get(path, params={"excludedAttributes": "members"}).json()


def test_an_extension_nobody_has_heard_of_is_kept_or_refused(http: httpx.Client, server: ScimServer) -> None:
    """The embedded service keeps it, also through PATCH; scim2-server refuses it with 400; neither drops it unsaid."""
    body = {**user(), "schemas": [USER, UNHEARD_OF], UNHEARD_OF: {"badge": "7", "floors": [1, 2]}}
    answer = http.post("/Users", json=body)
    if not isinstance(server, EmbeddedService):
        assert_error(answer, 400)
        return
    resource = answer.json()
    assert resource[UNHEARD_OF] == {"badge": "7", "floors": [1, 2]}
    path = f"/Users/{resource['id']}"
    read = patch(http, path, {"op": "replace", "path": f"{UNHEARD_OF}:badge", "value": "8"})
    assert read[UNHEARD_OF] == {"badge": "8", "floors": [1, 2]}
    assert UNHEARD_OF in read["schemas"]
    assert UNHEARD_OF not in patch(http, path, {"op": "remove", "path": UNHEARD_OF})


def test_what_cannot_be_a_user_is_refused(http: httpx.Client) -> None:
    """Broken JSON, a missing userName and text where an array belongs are 400, and nothing is made."""
    answer = http.post("/Users", content=b'{"schemas": [', headers={"Content-Type": "application/scim+json"})
    assert_error(answer, 400, "invalidSyntax")
    nameless = {name: value for name, value in user().items() if name != "userName"}
    assert_error(http.post("/Users", json=nameless), 400, "invalidValue")
    wrong = user(emails="not an array")
    assert_error(http.post("/Users", json=wrong), 400)
    assert found(http, "/Users", f'externalId eq "{wrong["externalId"]}"') == []


def test_discovery_says_what_there_is(http: httpx.Client) -> None:
    """Configuration, resource types and schemas are there, one by one as well."""
    config = http.get("/ServiceProviderConfig").json()
    assert (config["patch"]["supported"], config["filter"]["supported"], config["etag"]["supported"]) == (True,) * 3
    types = {each["id"]: each for each in http.get("/ResourceTypes").json()["Resources"]}
    assert {name: each["endpoint"] for name, each in types.items()} == {"User": "/Users", "Group": "/Groups"}
    assert ENTERPRISE in {each["schema"] for each in types["User"]["schemaExtensions"]}
    schemas = {each["id"] for each in http.get("/Schemas").json()["Resources"]}
    assert {USER, GROUP, ENTERPRISE} <= schemas
    assert http.get(f"/Schemas/{USER}").json()["id"] == USER
    assert_error(http.get("/Schemas/urn:nobody:knows:2.0:This"), 404)


def test_without_its_token_nobody_is_let_in(server: ScimServer) -> None:
    """No token and a wrong token are 401, and change nothing."""
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        answer = httpx.post(f"{server.base_url}/Users", json=user(), headers=headers, trust_env=False)
        assert answer.status_code == 401


def test_every_request_is_counted_at_the_service(http: httpx.Client, server: ScimServer) -> None:
    """Writes are counted apart from reads, with the body as it was sent; a search by POST is a read."""
    server.clear_requests()
    body = user()
    created(http, body)
    http.get("/Users", params={"filter": "userName pr", "count": "1"})
    http.post("/Users/.search", json={"schemas": [SEARCH], "count": 1})
    assert [(each.method, each.path, each.status) for each in server.requests] == [
        ("POST", "/Users", 201),
        ("GET", "/Users", 200),
        ("POST", "/Users/.search", 200),
    ]
    (write,) = server.writes()
    assert write.body == body


@pytest.mark.parametrize("which", ["embedded_without_patch", "scim2_without_patch"])
def test_a_service_without_patch_says_so_and_answers_501(which: str, request: pytest.FixtureRequest) -> None:
    """The configuration denies PATCH, PATCH is 501, and PUT still works."""
    server: EmbeddedService | ScimProcess = request.getfixturevalue(which)
    with scim_client(server) as http:
        assert http.get("/ServiceProviderConfig").json()["patch"]["supported"] is False
        body = user()
        path = f"/Users/{created(http, body)['id']}"
        operations = [{"op": "replace", "path": "title", "value": "x"}]
        assert_error(http.patch(path, json={"schemas": [PATCH_OP], "Operations": operations}), 501)
        assert http.put(path, json={**body, "title": "x"}).json()["title"] == "x"
