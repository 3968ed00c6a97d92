"""Status, headers and bytes → an answer or a typed error."""

import json
import pickle
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.errors import (
    AccessRefused,
    NotScim,
    OutcomeUnknown,
    RequestRejected,
    ResourceNotFound,
    ServiceError,
    ServiceUnavailable,
    UniquenessConflict,
    VersionConflict,
)
from ldap2scim.scim.provider import ScimRequest
from ldap2scim.scim.responses import judge, retry_after
from tests.scim.strategies import sample

GET = ScimRequest("GET", "/Users/1")
POST = ScimRequest("POST", "/Users", {})
PATCH = ScimRequest("PATCH", "/Users/1", {})
DELETE = ScimRequest("DELETE", "/Users/1")
SEARCH = ScimRequest("POST", "/Users/.search", {})
SCIM = {"content-type": "application/scim+json;charset=utf-8"}
HTML = {"content-type": "text/html"}
PAGE = b"<html>secret page</html>"


def error(status: int, detail: str = "no", scim_type: str | None = None) -> bytes:
    """Return an error body of RFC 7644 §3.12."""
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(status), "detail": detail}
    return json.dumps(body | ({"scimType": scim_type} if scim_type else {})).encode()


def test_an_answer_keeps_what_matters() -> None:
    """Status, body, ETag, Location; an empty body is None."""
    created = judge(POST, 201, {**SCIM, "etag": 'W/"1"', "location": "/x"}, b'{"id":"1"}')

    assert (created.status, created.body, created.etag, created.location) == (201, {"id": "1"}, 'W/"1"', "/x")
    assert judge(PATCH, 204, {}, b"").body is None
    assert judge(GET, 200, {"content-type": "application/json"}, b"{}").body == {}
    assert judge(GET, 200, {}, b'{"id":"1"}').body == {"id": "1"}


@pytest.mark.parametrize(
    ("request_", "status", "headers", "content", "expected"),
    [
        (GET, 401, {}, b"", AccessRefused),
        (GET, 403, HTML, PAGE, AccessRefused),
        (POST, 409, SCIM, error(409), UniquenessConflict),
        (POST, 409, {}, b"", UniquenessConflict),
        (POST, 400, SCIM, error(400, scim_type="uniqueness"), UniquenessConflict),
        (PATCH, 412, SCIM, error(412), VersionConflict),
        (PATCH, 404, SCIM, error(404), ResourceNotFound),
        (PATCH, 404, HTML, PAGE, NotScim),
        (PATCH, 404, {"content-type": "application/json"}, b'{"message":"no route"}', NotScim),
        (PATCH, 404, {}, b"", NotScim),
        (POST, 400, SCIM, error(400), RequestRejected),
        (POST, 413, {}, b"", RequestRejected),
        (POST, 400, HTML, PAGE, NotScim),
        (PATCH, 501, SCIM, error(501), RequestRejected),
        (GET, 302, {"location": "/login"}, b"", NotScim),
        (POST, 302, {}, b"", NotScim),
        (GET, 407, HTML, PAGE, NotScim),
        (GET, 200, HTML, PAGE, NotScim),
        (GET, 200, SCIM, b'{"id": "1", "us', NotScim),
        (GET, 200, SCIM, b"[]", NotScim),
        (GET, 200, SCIM, b"", NotScim),
        (SEARCH, 200, SCIM, b"{", NotScim),
        (POST, 201, SCIM, b'{"id": "1", "us', OutcomeUnknown),
        (PATCH, 200, HTML, PAGE, OutcomeUnknown),
        (DELETE, 200, HTML, PAGE, OutcomeUnknown),
        (GET, 500, HTML, PAGE, ServiceUnavailable),
        (SEARCH, 500, SCIM, error(500), ServiceUnavailable),
        (POST, 500, SCIM, error(500), OutcomeUnknown),
        (DELETE, 500, {}, b"", OutcomeUnknown),
        (POST, 502, HTML, PAGE, OutcomeUnknown),
        (POST, 504, HTML, PAGE, OutcomeUnknown),
        (POST, 503, HTML, PAGE, OutcomeUnknown),
        (POST, 503, {"retry-after": "1"}, b"", ServiceUnavailable),
        (POST, 503, SCIM, error(503), ServiceUnavailable),
        (POST, 429, HTML, PAGE, ServiceUnavailable),
    ],
)
def test_each_answer_means_one_thing(
    request_: ScimRequest, status: int, headers: dict[str, str], content: bytes, expected: type[ServiceError]
) -> None:
    """The kind of error, with its status and a remedy, and never the body."""
    with pytest.raises(ServiceError) as caught:
        judge(request_, status, headers, content)

    assert type(caught.value) is expected
    assert caught.value.status == status
    assert caught.value.remedy
    assert "secret" not in str(caught.value)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert (type(again), str(again), again.status) == (expected, str(caught.value), status)


def test_a_byte_order_mark_is_passed_over() -> None:
    """Some frameworks begin every text with one."""
    assert judge(GET, 200, SCIM, b'\xef\xbb\xbf{"id": "1"}').body == {"id": "1"}


@pytest.mark.parametrize(
    ("request_", "said", "expected", "status"),
    [
        (DELETE, "403", AccessRefused, 403),
        (PATCH, 400, RequestRejected, 400),
        (POST, "409", UniquenessConflict, 409),
        (GET, "404", ResourceNotFound, 404),
        (POST, "500", OutcomeUnknown, 500),
        (GET, "429", ServiceUnavailable, 429),
        (DELETE, "200", RequestRejected, 400),
        (DELETE, None, RequestRejected, 400),
    ],
)
def test_an_error_in_a_success_is_that_error(
    request_: ScimRequest, said: object, expected: type[ServiceError], status: int
) -> None:
    """A deletion that is answered 200 with an error has deleted nobody; the error's own status counts."""
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": said, "detail": "no"}
    with pytest.raises(ServiceError, match=r"\(no\)") as caught:
        judge(request_, 200, SCIM, json.dumps(body).encode())
    assert (type(caught.value), caught.value.status) == (expected, status)


@pytest.mark.parametrize(
    ("request_", "status"), [(GET, 302), (POST, 302), (GET, 200), (POST, 200), (GET, 502), (POST, 502), (GET, 404)]
)
def test_an_answer_that_is_not_scim_is_told_with_status_and_content_type(request_: ScimRequest, status: int) -> None:
    """Whoever stands in the service's place, the message says what came, and nothing of what is in it."""
    with pytest.raises(ServiceError) as raised:
        judge(request_, status, HTML, PAGE)
    assert str(status) in raised.value.message
    assert "`text/html`" in raised.value.message
    assert "secret" not in str(raised.value)
    assert not isinstance(raised.value, ResourceNotFound)


def test_the_errors_of_the_rfc_are_told() -> None:
    """RFC 7644 §3.12: `scimType` and `detail`."""
    with pytest.raises(RequestRejected, match="Attribute 'id' is readOnly") as rejected:
        judge(PATCH, 400, SCIM, json.dumps(sample("rfc7644-3.12-error-mutability")).encode())
    with pytest.raises(ResourceNotFound, match="not found"):
        judge(GET, 404, SCIM, json.dumps(sample("rfc7644-3.12-error-not-found")).encode())

    assert rejected.value.scim_type == "mutability"


def test_a_long_detail_is_cut_and_kept_on_one_line() -> None:
    """200 characters at the most, no control characters."""
    with pytest.raises(RequestRejected) as caught:
        judge(POST, 400, SCIM, error(400, "bad\x1b[31m\n" + "x" * 5000))

    assert len(caught.value.message) < 300
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", 120.0),
        (" 0.5 ", 0.5),
        (None, None),
        ("", None),
        ("soon", None),
        ("7\x1f", 7.0),
        ("-5", None),
        ("9" * 400, float("inf")),
    ],
)
def test_retry_after_in_seconds(value: str | None, expected: float | None) -> None:
    """What cannot be read is as if not there."""
    assert retry_after(value, 0.0) == expected


def test_retry_after_as_a_date() -> None:
    """RFC 9110 §10.2.3; a date that is over means now."""
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    later = format_datetime(now.replace(minute=2), usegmt=True)

    assert retry_after(later, now.timestamp()) == 120.0
    assert retry_after(later, now.timestamp() + 1000) == 0.0


def test_retry_after_rides_on_the_error() -> None:
    """So that whoever waits knows how long."""
    with pytest.raises(ServiceUnavailable) as caught:
        judge(POST, 429, {"retry-after": "7"}, b"")

    assert caught.value.retry_after == 7.0


@given(st.sampled_from([GET, POST, PATCH, DELETE, SEARCH]), st.integers(100, 599), st.binary(), st.text())
def test_any_answer_is_an_answer_or_a_service_error(
    request_: ScimRequest, status: int, content: bytes, kind: str
) -> None:
    """Garbage never becomes another exception."""
    with suppress(ServiceError):
        assert judge(request_, status, {"content-type": kind, "retry-after": kind}, content).status == status
