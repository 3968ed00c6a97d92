"""How the personalities of the embedded service differ."""

from typing import Any

import httpx

from ldap2scim.sandbox.service import EmbeddedService

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
OIDFJ = "urn:oidfj:params:scim:schemas:extention:enterprisejp:2.0:User"
IIJ_USER = "urn:iij:params:scim:schemas:extension:enterprisejp:2.0:User"
IIJ_GROUP = "urn:iij:params:scim:schemas:extension:enterprise:2.0:Group"
HANAKO = {"schemas": [USER], "userName": "hanako@example.jp", "externalId": "anchor-1"}


def add(http: httpx.Client, endpoint: str, body: dict[str, Any]) -> str:
    """Create a resource and return its id."""
    answer = http.post(endpoint, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_a_deleted_user_is_hidden_and_its_names_stay_taken(
    iij_like_service: EmbeddedService, iij_like_http: httpx.Client
) -> None:
    """Pending deletion: no read shows the user, and its userName and externalId are refused to others."""
    identifier = add(iij_like_http, "/Users", HANAKO)
    assert iij_like_http.delete(f"/Users/{identifier}").status_code == 204
    assert iij_like_http.get(f"/Users/{identifier}").status_code == 404
    assert iij_like_http.get("/Users").json()["totalResults"] == 0
    assert iij_like_http.get("/Users", params={"filter": 'externalId eq "anchor-1"'}).json()["totalResults"] == 0
    for other in ({**HANAKO, "externalId": "anchor-2"}, {**HANAKO, "userName": "other@example.jp"}):
        answer = iij_like_http.post("/Users", json=other)
        assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")
    assert [each["id"] for each in iij_like_service.store.pending] == [identifier]


def test_the_same_user_posted_again_is_restored_with_its_id(iij_like_http: httpx.Client) -> None:
    """UserName and externalId both equal: 201, the id it had, and the attributes of the new body alone."""
    identifier = add(iij_like_http, "/Users", {**HANAKO, "title": "old"})
    iij_like_http.delete(f"/Users/{identifier}")
    assert add(iij_like_http, "/Users", {**HANAKO, "nickName": "new"}) == identifier
    read = iij_like_http.get(f"/Users/{identifier}").json()
    assert (read.get("title"), read["nickName"]) == (None, "new")


def test_a_purged_user_frees_its_names(iij_like_service: EmbeddedService, iij_like_http: httpx.Client) -> None:
    """After a purge at the console the same POST makes a new user."""
    identifier = add(iij_like_http, "/Users", HANAKO)
    iij_like_http.delete(f"/Users/{identifier}")
    assert iij_like_service.store.purge() == 1
    assert add(iij_like_http, "/Users", HANAKO) != identifier


def test_a_deleted_group_is_gone_for_good_and_group_names_are_unique(iij_like_http: httpx.Client) -> None:
    """Group names are refused twice, in any case; DELETE of a group frees its name and makes no pending state."""
    group = {"schemas": [GROUP], "displayName": "Sales"}
    identifier = add(iij_like_http, "/Groups", group)
    assert iij_like_http.post("/Groups", json={**group, "displayName": "SALES"}).status_code == 409
    iij_like_http.delete(f"/Groups/{identifier}")
    assert add(iij_like_http, "/Groups", group) != identifier


def test_a_member_that_does_not_exist_is_refused(iij_like_http: httpx.Client) -> None:
    """An unknown id and a user in pending deletion cannot become members."""
    identifier = add(iij_like_http, "/Users", HANAKO)
    group = add(iij_like_http, "/Groups", {"schemas": [GROUP], "displayName": "g", "members": [{"value": identifier}]})
    iij_like_http.delete(f"/Users/{identifier}")
    assert "members" not in iij_like_http.get(f"/Groups/{group}").json()
    for unknown in (identifier, "nobody"):
        body = {"schemas": [GROUP], "displayName": "other", "members": [{"value": unknown}]}
        assert iij_like_http.post("/Groups", json=body).status_code == 400


def test_the_extensions_of_the_iij_id_service_are_published_and_kept(iij_like_http: httpx.Client) -> None:
    """Names in kana, application-linking ID and group description come back as sent; attributes nobody knows too."""
    types = {each["id"]: each for each in iij_like_http.get("/ResourceTypes").json()["Resources"]}
    assert {OIDFJ, IIJ_USER} <= {each["schema"] for each in types["User"]["schemaExtensions"]}
    assert [each["schema"] for each in types["Group"]["schemaExtensions"]] == [IIJ_GROUP]
    extensions = {
        OIDFJ: {"localNames": {"familyName": "タナカ", "givenName": "ハナコ"}},
        IIJ_USER: {"downstreamId": "abc", "notInAnyDocument": True},
    }
    user = add(iij_like_http, "/Users", {**HANAKO, "schemas": [USER, OIDFJ, IIJ_USER], **extensions})
    read = iij_like_http.get(f"/Users/{user}").json()
    assert {name: read[name] for name in extensions} == extensions
    group = add(
        iij_like_http, "/Groups", {"schemas": [GROUP, IIJ_GROUP], "displayName": "g", IIJ_GROUP: {"description": "d"}}
    )
    assert iij_like_http.get(f"/Groups/{group}").json()[IIJ_GROUP] == {"description": "d"}


def test_the_plain_service_deletes_for_good_and_shares_external_ids(
    scim_service: EmbeddedService, scim_http: httpx.Client
) -> None:
    """DELETE leaves nothing behind; two users may have one externalId; a group's name is not unique."""
    identifier = add(scim_http, "/Users", HANAKO)
    add(scim_http, "/Users", {**HANAKO, "userName": "other@example.jp"})
    scim_http.delete(f"/Users/{identifier}")
    assert scim_service.store.pending == ()
    assert add(scim_http, "/Users", HANAKO) != identifier
    assert add(scim_http, "/Groups", {"schemas": [GROUP], "displayName": "g"}) != add(
        scim_http, "/Groups", {"schemas": [GROUP], "displayName": "g"}
    )


def test_an_administrator_can_change_and_remove_by_hand(scim_service: EmbeddedService, scim_http: httpx.Client) -> None:
    """What the store's console helpers do is what a client reads next, with a new version."""
    identifier = add(scim_http, "/Users", HANAKO)
    before = scim_http.get(f"/Users/{identifier}").json()
    scim_service.store.edit("User", identifier, title="by hand", externalId=None)
    after = scim_http.get(f"/Users/{identifier}").json()
    assert (after["title"], "externalId" in after) == ("by hand", False)
    assert after["meta"]["version"] != before["meta"]["version"]
    scim_service.store.remove("User", scim_service.store.find("User", "HANAKO@example.jp")["id"])
    assert scim_http.get(f"/Users/{identifier}").status_code == 404
    assert scim_service.writes()[0].method == "POST"
    assert len(scim_service.writes()) == 1
