"""What a service is asked before the first synchronisation: no answer breaks it."""

from typing import Any

import pytest

from ldap2scim.run.probe_reads import Reader
from ldap2scim.run.probed import Findings
from ldap2scim.scim.profiles import by_name
from ldap2scim.scim.provider import ScimRequest, ScimResponse
from tests.run.scripted import ScriptedProvider

ODD: list[Any] = [
    None,
    7,
    "x",
    [],
    {},
    {"id": None},
    {"id": ["1"]},
    {"id": "1", "userName": 5, "externalId": {}, "members": 1},
]


class Answering(ScriptedProvider):
    """A service that answers every question alike."""

    body: dict[str, Any] | None = None

    async def send(self, request: ScimRequest) -> ScimResponse:
        """Answer."""
        self.sent.append(request)
        return ScimResponse(200, self.body)


@pytest.mark.parametrize("total", [0, 7, None, "many"])
@pytest.mark.parametrize("resources", [*([one] for one in ODD), ODD, [], None, "x", {"id": "1"}])
async def test_a_list_of_anything_is_an_answer(resources: object, total: object) -> None:
    """What is no resource counts as none."""
    service = Answering()
    service.body = {"Resources": resources, "totalResults": total}
    found = Findings()
    await Reader(service, by_name("generic"), found).ask()
    assert {"Listing of users", "Members of groups"} <= {fact.question for fact in found.facts}
    assert "/Groups/" not in {request.path for request in service.sent}
