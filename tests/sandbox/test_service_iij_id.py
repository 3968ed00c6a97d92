"""The emulator of the IIJ ID Service: states, refusals, tokens. What the manual says, each with its answer."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from ldap2scim.sandbox.service import (
    DIRECTORY_SCOPES,
    PASSWORD_SCOPES,
    Assumptions,
    EmbeddedService,
    Leaving,
    PendingReads,
    ReadOnlyWrites,
    Restoring,
    UserState,
    WithoutEmail,
    embedded_service,
    iij_id,
)
from tests.servers.scim import bearer, scim_client

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
OIDFJ = "urn:oidfj:params:scim:schemas:extention:enterprisejp:2.0:User"
IIJ_USER = "urn:iij:params:scim:schemas:extension:enterprisejp:2.0:User"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
DOMAINS = frozenset({"example.jp"})
HANAKO = {"schemas": [USER], "userName": "hanako@example.jp", "externalId": "anchor-1"}


@pytest.fixture
def service() -> Iterator[EmbeddedService]:
    """A tenant with one registered domain."""
    with embedded_service(iij_id(DOMAINS)) as running:
        yield running


@pytest.fixture
def http(service: EmbeddedService) -> Iterator[httpx.Client]:
    """A client of the tenant."""
    with scim_client(service) as client:
        yield client


def posted(http: httpx.Client, **attributes: Any) -> httpx.Response:
    """Create Hanako, with these attributes in addition."""
    return http.post("/Users", json={**HANAKO, **attributes})


def added(http: httpx.Client, **attributes: Any) -> dict[str, Any]:
    """Create Hanako, and return her."""
    answer = posted(http, **attributes)
    assert answer.status_code == 201, answer.text
    user: dict[str, Any] = answer.json()
    return user


REFUSED_VALUES: list[tuple[str, dict[str, Any], int, str | None, str]] = [
    ("unregistered domain", {"userName": "hanako@other.example"}, 404, None, "organization is not found."),
    ("no domain", {"userName": "hanako"}, 404, None, "organization is not found."),
    (
        "no issuer",
        {IIJ_USER: {"externalUserName": "HANAKO@ad.example.jp"}},
        400,
        "invalidValue",
        "Issuer is required when externalUserName or subject is specified.",
    ),
    (
        "no issuer for a subject",
        {IIJ_USER: {"subject": "1", "idTokenClaims": {}}},
        400,
        "invalidValue",
        "Issuer is required when externalUserName or subject is specified.",
    ),
    ("no address", {"emails": [{"value": "hanako"}]}, 400, "invalidValue", "emails.value"),
    ("address without a domain", {"emails": [{"value": "hanako@"}]}, 400, "invalidValue", "emails.value"),
    ("national number", {"phoneNumbers": [{"value": "03-1234-5678"}]}, 400, "invalidValue", "phoneNumbers.value"),
    ("local number", {"phoneNumbers": [{"value": "tel:0312345678"}]}, 400, "invalidValue", "phoneNumbers.value"),
    ("number without tel:", {"phoneNumbers": [{"value": "+81312345678"}]}, 400, "invalidValue", "phoneNumbers.value"),
    ("names in kanji", {OIDFJ: {"localNames": {"familyName": "田中"}}}, 400, "invalidValue", "localNames.familyName"),
    ("six addresses", {"emails": [{"value": f"h{n}@x.jp"} for n in range(6)]}, 400, "invalidValue", "emails"),
    ("eleven messengers", {"ims": [{"value": str(n)} for n in range(11)]}, 400, "invalidValue", "ims"),
    (
        "eleven numbers",
        {"phoneNumbers": [{"value": f"tel:+8131234567{n:02}"} for n in range(11)]},
        400,
        "invalidValue",
        "phoneNumbers",
    ),
    ("empty password", {"password": ""}, 400, "invalidValue", "password"),
]


@pytest.mark.parametrize(
    ("attributes", "status", "scim_type", "detail"),
    [case[1:] for case in REFUSED_VALUES],
    ids=[case[0] for case in REFUSED_VALUES],
)
def test_values_that_are_refused(
    http: httpx.Client, attributes: dict[str, Any], status: int, scim_type: str | None, detail: str
) -> None:
    """Each cause of event 12808 that a value has: status, scimType, and a detail that begins as the manual's."""
    answer = posted(http, **attributes)
    error = answer.json()
    assert (answer.status_code, error.get("scimType")) == (status, scim_type)
    assert error["detail"].startswith(detail)
    assert (error["schemas"], error["status"]) == ([ERROR], str(status))
    assert http.get("/Users").json()["totalResults"] == 0


def test_values_that_are_taken(http: httpx.Client) -> None:
    """As many values as the console allows, global numbers, katakana of both widths, an issuer: kept as sent."""
    attributes: dict[str, Any] = {
        "userName": "Hanako.Tanaka@EXAMPLE.jp",
        "emails": [{"value": f"h{n}@x.example.jp", "primary": n == 0} for n in range(5)],
        "phoneNumbers": [{"value": f"tel:+81-3-1234-56{n:02};ext=7"} for n in range(10)],
        "ims": [{"value": str(n), "display": "chat"} for n in range(10)],
        OIDFJ: {"localNames": {"familyName": "タナカ", "givenName": "ﾊﾅｺー"}},
        IIJ_USER: {"externalUserName": "HANAKO@ad.jp", "idTokenClaims": {"issuer": "https://sts.example.jp/"}},
    }
    user = added(http, **attributes)
    assert {name: user[name] for name in attributes} == attributes


@pytest.mark.parametrize(
    ("other", "detail"),
    [
        ({"userName": "taro@example.jp"}, "externalId has already been taken"),
        ({"userName": "HANAKO@example.jp", "externalId": "anchor-2"}, "userName has already been taken"),
    ],
)
@pytest.mark.parametrize("pending", [False, True], ids=["living", "pending deletion"])
def test_login_and_external_id_are_unique(
    service: EmbeddedService, http: httpx.Client, other: dict[str, Any], detail: str, pending: bool
) -> None:
    """Either alone is refused to somebody else, also while its owner is pending deletion, until he is purged."""
    identifier = added(http)["id"]
    if pending:
        assert http.delete(f"/Users/{identifier}").status_code == 204
    answer = posted(http, **other)
    assert (answer.status_code, answer.json()["scimType"], answer.json()["detail"]) == (409, "uniqueness", detail)
    if pending:
        assert service.store.purge("taro@example.jp") == 0
        assert service.store.purge("Hanako@example.jp") == 1
        assert posted(http, **other).status_code == 201


def test_the_states_of_a_user(service: EmbeddedService, http: httpx.Client) -> None:
    """Active, disabled, pending deletion, restored with the id and the new attributes alone, purged."""
    user = added(http, title="old")
    path = f"/Users/{user['id']}"
    assert service.store.state("hanako@example.jp") is UserState.ACTIVE
    disable = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "active", "value": False}]}
    assert http.patch(path, json=disable).status_code == 200
    assert service.store.state("hanako@example.jp") is UserState.DISABLED
    assert http.delete(path).status_code == 204
    assert service.store.state("hanako@example.jp") is UserState.PENDING
    assert [http.request(method, path, json=HANAKO).status_code for method in ("GET", "PUT", "DELETE")] == [404] * 3
    restored = added(http, department="new")
    assert (restored["id"], restored["active"], "title" in restored) == (user["id"], True, False)
    http.delete(path)
    assert service.store.purge() == 1
    assert service.store.state("hanako@example.jp") is None
    assert added(http)["id"] != user["id"]


def test_a_full_name_is_built_and_never_written(http: httpx.Client) -> None:
    """`displayName` is made of the name, or is the login ID; what a client writes there is ignored."""
    user = added(http, displayName="mine")
    assert user["displayName"] == "hanako@example.jp"
    change = {"displayName": "mine", "name": {"familyName": "田中", "givenName": "花子"}}
    patch = {"schemas": [PATCH], "Operations": [{"op": "replace", "value": change}]}
    assert http.patch(f"/Users/{user['id']}", json=patch).json()["displayName"] == "田中 花子"
    (core,) = [each for each in http.get("/Schemas").json()["Resources"] if each["id"] == USER]
    (shown,) = [each for each in core["attributes"] if each["name"] == "displayName"]
    assert shown["mutability"] == "readOnly"


def test_what_the_service_fills_in(http: httpx.Client) -> None:
    """Active, in Japanese, in Tokyo; times of Japan; no version anywhere."""
    answer = posted(http)
    user = answer.json()
    assert (user["active"], user["preferredLanguage"], user["timezone"]) == (True, "ja-JP", "Asia/Tokyo")
    assert user["meta"]["created"].endswith("+09:00")
    assert ("version" in user["meta"], "etag" in answer.headers) == (False, False)


def test_the_search_of_password_sync(http: httpx.Client) -> None:
    """The one search that the manual prints: two attributes, a filter with `pr`, `and`, parentheses, `eq`."""
    user = added(http)
    body = {
        "schemas": [SEARCH],
        "attributes": ["id", "externalId"],
        "filter": 'externalId pr and (externalId eq "anchor-1")',
    }
    found = http.post("/Users/.search", json=body).json()
    assert (found["totalResults"], found["startIndex"], found["itemsPerPage"]) == (1, 1, 1)
    (only,) = found["Resources"]
    assert {"id": only["id"], "externalId": only["externalId"]} == {"id": user["id"], "externalId": "anchor-1"}
    assert "userName" not in only
    group = {"schemas": [GROUP], "displayName": "Sales"}
    assert http.post("/Groups", json=group).status_code == 201
    own_none = {"schemas": [SEARCH], "filter": 'displayName eq ""'}
    assert http.post("/Groups/.search", json=own_none).json()["totalResults"] == 0
    assert http.post("/Groups/.search", json={"schemas": [SEARCH]}).json()["totalResults"] == 1


def test_groups_have_names_of_their_own_and_go_at_once(service: EmbeddedService, http: httpx.Client) -> None:
    """A name is refused twice; a deleted group leaves no pending state, and its name is free again."""
    group = {"schemas": [GROUP], "displayName": "Sales", "externalId": "g"}
    first = http.post("/Groups", json=group).json()["id"]
    assert http.post("/Groups", json={**group, "externalId": "h"}).status_code == 409
    assert http.delete(f"/Groups/{first}").status_code == 204
    assert service.store.pending == ()
    assert http.post("/Groups", json=group).json()["id"] != first


def test_schemas_are_published_under_the_names_of_the_manual(http: httpx.Client) -> None:
    """Six URNs, one of them spelled as its authors did."""
    published = {each["id"] for each in http.get("/Schemas").json()["Resources"]}
    assert published == {
        USER,
        GROUP,
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        OIDFJ,
        IIJ_USER,
        "urn:iij:params:scim:schemas:extension:enterprise:2.0:Group",
        "urn:iij:params:scim:schemas:extension:enterprise:2.0:GroupMember",
    }


@pytest.mark.parametrize(
    ("scopes", "method", "path", "status"),
    [
        (DIRECTORY_SCOPES, "GET", "/Users", 200),
        (DIRECTORY_SCOPES, "POST", "/Groups", 201),
        (PASSWORD_SCOPES, "GET", "/Users", 200),
        (PASSWORD_SCOPES, "GET", "/Groups", 403),
        ({"escim_read_users"}, "POST", "/Users/.search", 200),
        ({"escim_read_users"}, "POST", "/Users", 403),
        ({"escim_write_users"}, "GET", "/Users", 403),
        ({"escim_read_groups"}, "POST", "/Groups", 403),
        (set(), "GET", "/ServiceProviderConfig", 200),
        (set(), "POST", "/.search", 403),
    ],
)
def test_a_token_allows_what_its_scopes_say(
    service: EmbeddedService, http: httpx.Client, scopes: set[str], method: str, path: str, status: int
) -> None:
    """Users and groups, read and write, have a scope each; without it the answer is 403."""
    token = service.tokens.issue(scopes)
    body: dict[str, Any] = (
        {"schemas": [SEARCH]} if path.endswith("search") else {"schemas": [GROUP], "displayName": "g"}
    )
    answer = http.request(method, path, json=body if method == "POST" else None, headers=bearer(token))
    assert answer.status_code == status
    if status == 403:
        assert "escim_" in answer.json()["detail"]


def test_a_token_ends(service: EmbeddedService, http: httpx.Client) -> None:
    """Expired, revoked and unknown tokens get 401; the clock is the sandbox's, so that no test waits."""
    now = datetime(2026, 4, 1, tzinfo=UTC)
    service.tokens.clock = lambda: now
    token = service.tokens.issue(expires_at=now + timedelta(days=1))
    assert token.startswith("eyJ")
    assert http.get("/Users", headers=bearer(token)).status_code == 200
    now += timedelta(days=1)
    expired = http.get("/Users", headers=bearer(token))
    assert (expired.status_code, expired.headers["www-authenticate"]) == (401, "Bearer")
    revoked = service.tokens.issue()
    service.tokens.revoke(revoked)
    assert http.get("/Users", headers=bearer(revoked)).status_code == 401
    assert http.get("/Users", headers=bearer("nobody's")).status_code == 401


def test_deletion_may_be_final() -> None:
    """Assumption turned round: DELETE is for good, and the names are free."""
    assumed = Assumptions(user_leaving=Leaving.FINAL)
    with embedded_service(iij_id(assumptions=assumed)) as service, scim_client(service) as http:
        identifier = added(http)["id"]
        http.delete(f"/Users/{identifier}")
        assert service.store.pending == ()
        assert added(http)["id"] != identifier


def test_a_restore_may_be_an_activation() -> None:
    """Assumption turned round: POST of the same user is refused, PATCH of `active` by the id restores."""
    assumed = Assumptions(restoring=Restoring.BY_ACTIVATION, pending_reads=PendingReads.SHOWN)
    with embedded_service(iij_id(assumptions=assumed)) as service, scim_client(service) as http:
        path = f"/Users/{added(http)['id']}"
        http.delete(path)
        assert http.get(path).json()["active"] is False
        assert [user["active"] for user in http.get("/Users").json()["Resources"]] == [False]
        assert posted(http).status_code == 409
        title = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "title", "value": "x"}]}
        assert http.patch(path, json=title).status_code == 404
        assert http.delete(path).status_code == 404
        activate = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "active", "value": True}]}
        assert http.patch(path, json=activate).status_code == 200
        assert service.store.state("hanako@example.jp") is UserState.ACTIVE


def test_writing_a_read_only_attribute_may_be_refused() -> None:
    """Assumption turned round: a written full name is 400 mutability, and a change of the name alone is none."""
    assumed = Assumptions(read_only_writes=ReadOnlyWrites.REFUSED, without_email=WithoutEmail.LOGIN_ID)
    with embedded_service(iij_id(assumptions=assumed)) as service, scim_client(service) as http:
        assert posted(http, displayName="mine").json()["scimType"] == "mutability"
        user = added(http)
        assert user["emails"] == [{"value": "hanako@example.jp", "primary": True}]
        name = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "name.familyName", "value": "田中"}]}
        assert http.patch(f"/Users/{user['id']}", json=name).json()["displayName"] == "田中"
