"""Which requests a fault befalls, and what then becomes of them."""

from typing import Any

import httpx
import pytest

from ldap2scim.sandbox.service import EmbeddedService, Fault, FaultKind, Faults, Moment

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def body(number: int = 1, **attributes: Any) -> dict[str, Any]:
    """A user."""
    return {"schemas": [USER], "userName": f"user{number}", **attributes}


def struck(fault: Fault, asked: list[tuple[str, str]]) -> list[bool]:
    """Which of the requests a fault befalls."""
    faults = Faults()
    faults.add(fault)
    return [faults.strike(method, path) is not None for method, path in asked]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(FaultKind.DROP), "1111111111"),
        (Fault(FaultKind.DROP, after=4), "0000111111"),
        (Fault(FaultKind.DROP, times=3), "1110000000"),
        (Fault(FaultKind.DROP, every=3), "1001001001"),
        (Fault(FaultKind.DROP, after=1, every=2, times=3), "0101010000"),
        (Fault(FaultKind.DROP, times=0), "0000000000"),
    ],
)
def test_after_every_and_times_choose_among_the_requests(fault: Fault, expected: str) -> None:
    """`after` spares the first, `every` strikes each n-th of the rest, `times` ends it."""
    assert struck(fault, [("POST", "/Users")] * 10) == [mark == "1" for mark in expected]


def test_method_and_path_choose_among_the_requests_and_others_are_not_counted() -> None:
    """A request that does not match neither is struck nor uses up `after`."""
    asked = [("GET", "/Users"), ("POST", "/Users"), ("POST", "/Groups"), ("POST", "/Users/.search"), ("POST", "/Users")]
    prefixed = Fault(FaultKind.DROP, method="POST", path_prefix="/Users", after=1)
    assert struck(prefixed, asked) == [False, False, False, True, True]
    assert struck(Fault(FaultKind.DROP, method="POST", path="/Users", after=1), asked) == [False] * 4 + [True]


def test_two_faults_take_their_turns() -> None:
    """The first that strikes wins; when it is spent, the other one follows."""
    faults = Faults()
    faults.add(Fault(FaultKind.DROP, times=1))
    faults.add(Fault(FaultKind.HTML, times=2))
    kinds = [fault.kind if (fault := faults.strike("GET", "/Users")) else None for _ in range(4)]
    assert kinds == [FaultKind.DROP, FaultKind.HTML, FaultKind.HTML, None]
    assert faults.struck == 3
    faults.clear()
    assert faults.strike("GET", "/Users") is None


@pytest.mark.parametrize("moment", list(Moment))
def test_a_status_is_answered_before_or_after_the_request_is_carried_out(
    scim_service: EmbeddedService, scim_http: httpx.Client, moment: Moment
) -> None:
    """The answer is the same, the store tells the moment."""
    scim_service.faults.add(Fault(FaultKind.STATUS, status=503, retry_after="12", moment=moment, times=1))
    answer = scim_http.post("/Users", json=body())
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["status"]) == (503, "12", "503")
    assert len(scim_service.store.users) == (moment is Moment.AFTER)
    assert scim_http.get("/Users").status_code == 200


def test_429_can_come_without_retry_after(scim_service: EmbeddedService, scim_http: httpx.Client) -> None:
    """Some services do not say how long to wait."""
    scim_service.faults.add(Fault(FaultKind.STATUS, status=429))
    answer = scim_http.get("/Users")
    assert answer.status_code == 429
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize("moment", list(Moment))
def test_a_dropped_connection_sends_no_byte(
    scim_service: EmbeddedService, scim_http: httpx.Client, moment: Moment
) -> None:
    """The client sees the connection end; the log holds the request without a status; the next one works."""
    scim_service.faults.add(Fault(FaultKind.DROP, moment=moment, times=1))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        scim_http.post("/Users", json=body())
    assert [each.status for each in scim_service.requests] == [None]
    assert len(scim_service.store.users) == (moment is Moment.AFTER)
    assert scim_http.post("/Users", json=body(2)).status_code == 201


def test_a_cut_answer_is_the_beginning_of_the_right_one(scim_service: EmbeddedService, scim_http: httpx.Client) -> None:
    """The request was carried out; its JSON cannot be read."""
    scim_service.faults.add(Fault(FaultKind.CUT, times=1))
    answer = scim_http.post("/Users", json=body())
    assert answer.status_code == 201
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter"):
        answer.json()
    assert len(scim_service.store.users) == 1


@pytest.mark.parametrize(
    ("kind", "status", "content_type"),
    [(FaultKind.HTML, 502, "text/html"), (FaultKind.REDIRECT, 302, "text/html"), (FaultKind.GARBAGE, 200, "scim+json")],
)
def test_a_page_a_redirect_and_garbage_come_in_the_place_of_scim(
    scim_service: EmbeddedService, scim_http: httpx.Client, kind: FaultKind, status: int, content_type: str
) -> None:
    """None of them is JSON, and nothing is carried out."""
    scim_service.faults.add(Fault(kind, status=502))
    answer = scim_http.post("/Users", json=body())
    assert answer.status_code == status
    assert content_type in answer.headers["content-type"]
    with pytest.raises(ValueError, match=r"Expecting|codec"):
        answer.json()
    assert scim_service.store.users == ()


def test_short_pages_and_wrong_totals_spoil_lists_alone(scim_service: EmbeddedService, scim_http: httpx.Client) -> None:
    """Half of the page is missing without a word; a total is one too many; a single resource is untouched."""
    ids = [scim_http.post("/Users", json=body(number)).json()["id"] for number in range(6)]
    scim_service.faults.add(Fault(FaultKind.SHORT_PAGE))
    page = scim_http.get("/Users").json()
    assert (len(page["Resources"]), page["totalResults"]) == (3, 6)
    assert scim_http.get(f"/Users/{ids[0]}").json()["id"] == ids[0]
    scim_service.faults.clear()
    scim_service.faults.add(Fault(FaultKind.WRONG_TOTAL))
    page = scim_http.get("/Users").json()
    assert (len(page["Resources"]), page["totalResults"]) == (6, 7)


def test_an_ignored_attribute_stays_what_it_was_and_the_answer_is_success(
    scim_service: EmbeddedService, scim_http: httpx.Client
) -> None:
    """POST, PUT and PATCH answer success; the attribute has its old value, or none."""
    scim_service.faults.add(Fault(FaultKind.IGNORE_ATTRIBUTE, attribute="title"))
    resource = scim_http.post("/Users", json=body(title="a", nickName="n")).json()
    assert ("title" in resource, resource["nickName"]) == (False, "n")
    scim_service.store.edit("User", resource["id"], title="by hand")
    path = f"/Users/{resource['id']}"
    assert scim_http.put(path, json=body(title="b", nickName="m")).json()["title"] == "by hand"
    operations = [{"op": "replace", "value": {"title": "c", "nickName": "o"}}]
    patched = scim_http.patch(path, json={"schemas": [PATCH_OP], "Operations": operations})
    assert (patched.status_code, patched.json()["title"], patched.json()["nickName"]) == (200, "by hand", "o")


def test_a_slow_answer_is_the_right_one(scim_service: EmbeddedService, scim_http: httpx.Client) -> None:
    """It comes late, and is what would have come at once."""
    scim_service.faults.add(Fault(FaultKind.SLOW, seconds=0.2, times=1))
    answer = scim_http.post("/Users", json=body())
    assert answer.status_code == 201
    assert answer.elapsed.total_seconds() >= 0.2
