"""Status, headers and bytes → an answer or a typed error (RFC 7644 §3.12). Pure.

An error holds the status, the `scimType` and at most 200 characters of the service's `detail`; never a body.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

import orjson

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
from ldap2scim.scim.layout import member_of
from ldap2scim.scim.profiles.guidance import Guidance
from ldap2scim.scim.provider import Json, ScimRequest, ScimResponse
from ldap2scim.scim.requests import is_write
from ldap2scim.scim.schemas import ERROR

DETAIL_LENGTH: Final = 200
ASK_LATER: Final = "The next run asks the service what became of it. If it happens again, look at the service's status."

_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def judge(
    request: ScimRequest, status: int, headers: Mapping[str, str], content: bytes, now: float = 0.0
) -> ScimResponse:
    """Return the answer to `request`, or raise what it means.

    Args:
        request: what was asked.
        status: of the answer.
        headers: of the answer; names in any case if the mapping does not care, else in lower case.
        content: the body as received.
        now: seconds since 1970, for a Retry-After that is a date.

    Raises:
        ServiceError: one of its kinds; `OutcomeUnknown` where a write may have been carried out.
    """
    if 200 <= status < 300:
        return _answer(request, status, headers, content, now)
    if status in {429, 408, 425} or status >= 500:
        raise _unavailable(request, status, headers, content, now)
    if 300 <= status < 400:
        raise NotScim(
            f"{_asked(request)} was answered by a redirect, status {status} with {_described(headers, content)}.",
            "Check the base URL: a SCIM end point does not redirect. A proxy or login page may stand in between.",
            status,
        )
    raise _refused(request, status, headers, content)


def advised(error: ServiceError, request: ScimRequest, guidance: Guidance) -> ServiceError:
    """Return an error with the remedy that holds at this make of service, where there is one."""
    remedy = guidance.access.get(error.status or 0)
    if isinstance(error, ResourceNotFound) and request.method == "POST" and is_write(request):
        remedy = guidance.not_found_on_create
    if isinstance(error, UniquenessConflict):
        remedy = guidance.taken
    if remedy is None:
        return error
    return type(error)(error.message, remedy, error.status, error.scim_type, error.retry_after)


def retry_after(value: str | None, now: float) -> float | None:
    """Return the seconds to wait of a Retry-After header (RFC 9110 §10.2.3): a number or a date."""
    if not value:
        return None
    if number := re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*", value):
        return float(number[1])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def _answer(request: ScimRequest, status: int, headers: Mapping[str, str], content: bytes, now: float) -> ScimResponse:
    etag, location = headers.get("etag"), headers.get("location")
    if not content.strip():
        if request.method == "GET" or not is_write(request):
            raise NotScim(f"{_asked(request)} was answered by status {status} with nothing in it.", _CHECK_URL, status)
        return ScimResponse(status, None, etag, location)
    body = _json(headers, content)
    if body is None:
        found = f"{_asked(request)} was answered by status {status} with {_described(headers, content)}"
        if is_write(request):
            raise OutcomeUnknown(f"{found}; what became of it is not known.", ASK_LATER, status)
        raise NotScim(f"{found}.", _CHECK_URL, status)
    if _is_error(body):
        # Gateways answer 200, and pass on in the body what the service said.
        return judge(request, _status_in(body), headers, content, now)
    return ScimResponse(status, body, etag, location)


def _unavailable(
    request: ScimRequest, status: int, headers: Mapping[str, str], content: bytes, now: float
) -> ServiceError:
    body = _json(headers, content)
    scim_type, detail = _error_of(body)
    wait = retry_after(headers.get("retry-after"), now)
    page = f" with {_described(headers, content)}" if body is None and content.strip() else ""
    message = f"{_asked(request)}: the service answered {status}{page}{detail}."
    if status == 501:
        return RequestRejected(message, "The service does not offer this kind of request.", status, scim_type)
    # 429, 408 and 425 are said before anything is done; so is a 503 that the SCIM service itself gives.
    untouched = status < 500 or (status == 503 and (wait is not None or _is_error(body)))
    if untouched or not is_write(request):
        remedy = "Run again later. If it goes on, lower `concurrency`, or ask the operator of the service."
        return ServiceUnavailable(message, remedy, status, scim_type, wait)
    return OutcomeUnknown(f"{message[:-1]}; what became of it is not known.", ASK_LATER, status, scim_type, wait)


def _refused(request: ScimRequest, status: int, headers: Mapping[str, str], content: bytes) -> ServiceError:
    body = _json(headers, content)
    scim_type, detail = _error_of(body)
    message = f"{_asked(request)}: the service answered {status}{detail}."
    if status in {401, 403}:
        return AccessRefused(message, _ACCESS_REMEDY[status], status, scim_type)
    if status == 407:
        return NotScim(message, "The proxy wants a user name and password; check `proxy` in the settings.", status)
    unreadable = body is None and bool(content.strip())
    if unreadable or (status == 404 and not _is_error(body)):
        described = _described(headers, content)
        return NotScim(
            f"{_asked(request)} was answered by status {status} with {described}; nothing is known.", _CHECK_URL, status
        )
    return _kind(status, scim_type)(message, _REMEDIES.get(status, _REJECTED_REMEDY), status, scim_type)


def _kind(status: int, scim_type: str | None) -> type[ServiceError]:
    if status == 409 or scim_type == "uniqueness":
        return UniquenessConflict
    return {404: ResourceNotFound, 412: VersionConflict}.get(status, RequestRejected)


def _json(headers: Mapping[str, str], content: bytes) -> Json | None:
    kind = headers.get("content-type", "")
    if kind and "json" not in kind.casefold():
        return None
    try:
        body = orjson.loads(content.removeprefix(BOM_UTF8))  # RFC 8259 §8.1 lets a reader pass over it
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None


def _is_error(body: Json | None) -> bool:
    schemas = member_of(body, "schemas") if body is not None else None
    return isinstance(schemas, list) and any(
        isinstance(urn, str) and urn.casefold() == ERROR.casefold() for urn in schemas
    )


def _status_in(error: Json) -> int:
    """Return the status that an error names (RFC 7644 §3.12: as text), 400 where it names none of an error."""
    said = str(member_of(error, "status"))
    return int(said) if re.fullmatch(r"[45][0-9]{2}", said) else 400


def _error_of(body: Json | None) -> tuple[str | None, str]:
    if body is None or not _is_error(body):
        return None, ""
    scim_type, detail = member_of(body, "scimType"), member_of(body, "detail")
    text = _UNPRINTABLE.sub(" ", detail).strip(" .") if isinstance(detail, str) else ""
    cut = text if len(text) <= DETAIL_LENGTH else text[: DETAIL_LENGTH - 1] + "…"
    return (
        scim_type[:40] if isinstance(scim_type, str) and scim_type else None,
        f" ({cut})" if cut else "",
    )


def _asked(request: ScimRequest) -> str:
    return f"{request.method} {request.path}"


def _described(headers: Mapping[str, str], content: bytes) -> str:
    kind = _UNPRINTABLE.sub(" ", headers.get("content-type", "")).partition(";")[0][:60]
    if not kind:
        return "no content type and no JSON object"
    if "json" in kind.casefold():
        return f"`{kind}` that is not a SCIM answer ({len(content)} bytes)"
    return f"`{kind}` in place of JSON"


_CHECK_URL: Final = (
    "Check the base URL (it ends before `/Users`), and whether a proxy, firewall or login page answers in its place."
)
_ACCESS_REMEDY: Final[Mapping[int, str]] = {
    401: "The token is wrong, expired or revoked: get a new one from the service and put it into the settings.",
    403: "The token lacks a right (scope) for this: get one with read and write rights for users and groups.",
}
_REMEDIES: Final[Mapping[int, str]] = {
    404: "The service knows no such resource; `ldap2scim drift` tells what else differs.",
    405: "The service does not offer this kind of request at this address; check the profile.",
    409: "Another resource has this value already: find it at the service, and correct one of the two.",
    412: "Somebody else changed it meanwhile: run again, so that it is planned afresh.",
    413: "The request is too large for the service.",
}
_REJECTED_REMEDY: Final = "Correct the value in the directory or the mapping; the service will not take it as it is."
