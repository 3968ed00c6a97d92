"""Lists: filter, order, page (RFC 7644 §3.4.2). Reads the store, does no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ldap2scim.sandbox.service.filters import parse_filter, resource_predicate
from ldap2scim.sandbox.service.projection import Projection, names
from ldap2scim.sandbox.service.refusal import Refused
from ldap2scim.sandbox.service.schemas import resource_rules
from ldap2scim.sandbox.service.store import Store
from ldap2scim.sandbox.service.wire import Object, Value

LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
SEARCH_REQUEST = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


@dataclass(frozen=True, slots=True)
class Search:
    """What a list request asks."""

    filter: str | None = None
    start_index: int = 1
    count: int | None = None
    sort_by: str | None = None
    sort_order: str = "ascending"
    projection: Projection = field(default_factory=Projection)


def search_of(asked: Mapping[str, Any]) -> Search:
    """Read a query or the body of a search request.

    Raises:
        Refused: 400, for a number that is none.
    """
    return Search(
        filter=asked.get("filter") or None,
        start_index=max(1, _number(asked, "startIndex", 1)),
        count=max(0, _number(asked, "count", 0)) if asked.get("count") not in (None, "") else None,
        sort_by=asked.get("sortBy") or None,
        sort_order=str(asked.get("sortOrder") or "ascending"),
        projection=Projection(names(asked.get("attributes")), names(asked.get("excludedAttributes"))),
    )


def _number(asked: Mapping[str, Any], name: str, default: int) -> int:
    value = asked.get(name)
    if value in (None, ""):
        return default
    try:
        return int(str(value))
    except ValueError as error:
        raise Refused(400, f"{name} is not a number.", "invalidValue") from error


def found_page(store: Store, kinds: tuple[str, ...], search: Search) -> Object:
    """Return one page of the resources that a search finds.

    Raises:
        Refused: 400 invalidFilter.
    """
    node = parse_filter(search.filter) if search.filter else None
    found: list[tuple[str, Object]] = []
    problems: list[Refused] = []
    for kind in kinds:
        try:
            holds = resource_predicate(kind, node) if node is not None else None
        except Refused as refused:
            # A search over several kinds takes an attribute that only one of them has (RFC 7644 §3.4.2.1).
            problems.append(refused)
            continue
        candidates = store.candidates(kind, node)
        found += [(kind, each) for each in candidates if holds is None or holds(each)]
    if len(problems) == len(kinds):
        raise problems[0]
    if search.sort_by:
        found = _sorted(found, search)
    limit = store.personality.max_results
    count = limit if search.count is None else min(search.count, limit)
    page = found[search.start_index - 1 : search.start_index - 1 + count]
    return list_response([search.projection.of(kind, each) for kind, each in page], len(found), search.start_index)


def list_response(resources: list[Object], total: int, start_index: int) -> Object:
    """Return a list answer (RFC 7644 §3.4.2)."""
    return {
        "schemas": [LIST_RESPONSE],
        "totalResults": total,
        "itemsPerPage": len(resources),
        "startIndex": start_index,
        "Resources": resources,
    }


def _sorted(found: list[tuple[str, Object]], search: Search) -> list[tuple[str, Object]]:
    steps = (search.sort_by or "").split(".")

    def key(pair: tuple[str, Object]) -> tuple[bool, str]:
        kind, value = pair[0], pair[1]
        rule = resource_rules(kind).get(steps[0].lower())
        found_value: Value = value.get(rule.name if rule else steps[0])
        if isinstance(found_value, list):
            found_value = next((item for item in found_value if item.get("primary")), found_value[0])
        if isinstance(found_value, dict):
            found_value = found_value.get(steps[1] if len(steps) > 1 else "value")
        return found_value is None, str(found_value).casefold()

    return sorted(found, key=key, reverse=search.sort_order == "descending")
