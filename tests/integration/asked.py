"""What a service was asked for, held against what had been decided: nothing is done beyond the plans."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ldap2scim.essence import from_essence
from ldap2scim.planning.operations import Create, Operation
from ldap2scim.planning.plan import Plan
from ldap2scim.run.records import intent_of
from ldap2scim.sandbox.service import RecordedRequest

WRITES_OF = {
    "create": {"POST"},
    "delete": {"DELETE"},
    **{verb: {"PATCH", "PUT"} for verb in ("adopt", "restore", "update", "change members", "deactivate")},
}


def announced(plan: Plan) -> list[dict[str, Any]]:
    """Return what a plan lets flow, as plain values that go from one process to another."""
    return [_plain(one) for one in plan.operations]


def _plain(operation: Operation) -> dict[str, Any]:
    intent = intent_of(operation)
    disabled = isinstance(operation, Create) and from_essence(operation.essence).get("active") is False
    return {
        "verb": intent.verb,
        "type": intent.resource_type.value,
        "key": intent.key,
        "service_id": intent.service_id,
        "external_id": intent.external_id,
        "disables": intent.removal or disabled,
    }


def beyond(
    asked: Sequence[RecordedRequest],
    plans: Sequence[Mapping[str, Any]],
    external_ids: Mapping[str, str],
    away: Collection[str] = (),
) -> list[str]:
    """Return the requests that no operation of the plans accounts for.

    Args:
        asked: the changes that the service was asked for.
        plans: operations, as `announced` tells them.
        external_ids: by service id, of every resource that was ever seen.
        away: service ids of users who were disabled before; to send them whole takes nothing away.
    """
    ids = {external_id: service_id for service_id, external_id in external_ids.items()}
    allowed: set[tuple[str, str, str | None]] = set()
    for one in plans:
        anchor = one["external_id"] if one["verb"] == "create" else one["service_id"]
        subject = anchor or ids.get(one["key"].partition(":")[2])
        allowed |= {(method, f"{one['type']}s", subject) for method in WRITES_OF[one["verb"]]}
        if one["verb"] == "create":
            # One that was there already is brought in step, as far as that takes nothing away.
            allowed |= {(method, f"{one['type']}s", ids.get(anchor)) for method in WRITES_OF["adopt"]}
    disabled = {one["service_id"] or one["external_id"] for one in plans if one["disables"]}
    found = []
    for request in asked:
        _, endpoint, *rest = request.path.split("/")
        try:
            body = json.loads(b"{}" if request.method == "DELETE" else request.raw_body)
        except ValueError:
            assert request.status in {None, 400}, f"half a request was carried out: {request}"
            continue  # the sender died while it sent
        subject = rest[0] if rest else body.get("externalId")
        disables = '"active":false' in json.dumps(body, separators=(",", ":"))
        takes_away = disables and not (request.method == "PUT" and subject in away)
        if (request.method, endpoint, subject) not in allowed or (takes_away and subject not in disabled):
            found.append(f"{request.method} {request.path}: {body}")
    return found
