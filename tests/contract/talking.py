"""The words of SCIM, and a plain HTTP client that says them to a service; nothing of ours."""

import itertools
from typing import Any

import httpx

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
UNHEARD_OF = "urn:example:params:scim:schemas:extension:badge:2.0:User"
numbers = itertools.count(1)


def user(**attributes: Any) -> dict[str, Any]:
    """A user whose names nobody else has."""
    number = next(numbers)
    names = {"userName": f"user{number}@example.test", "externalId": f"ext-{number}"}
    return {"schemas": [USER], **names, **attributes}


def created(http: httpx.Client, body: dict[str, Any]) -> dict[str, Any]:
    """Create a resource that is expected to be taken."""
    answer = http.post("/Users" if USER in body["schemas"] else "/Groups", json=body)
    assert answer.status_code == 201, answer.text
    resource: dict[str, Any] = answer.json()
    return resource


def patch(http: httpx.Client, path: str, *operations: dict[str, Any]) -> dict[str, Any]:
    """Send a PATCH that is expected to succeed, and read the resource again."""
    answer = http.patch(path, json={"schemas": [PATCH_OP], "Operations": list(operations)})
    assert answer.status_code in (200, 204), answer.text
    resource: dict[str, Any] = http.get(path).json()
    return resource


def found(http: httpx.Client, endpoint: str, scim_filter: str) -> list[str]:
    """The ids that a filter finds."""
    answer = http.get(endpoint, params={"filter": scim_filter})
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["Resources"]]


def assert_error(answer: httpx.Response, status: int, scim_type: str | None = None) -> None:
    """An error as RFC 7644 §3.12 has it: the status also in the body, as text."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["schemas"] == [ERROR]
    assert body["status"] == str(status)
    if scim_type is not None:
        assert body["scimType"] == scim_type
