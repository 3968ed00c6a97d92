"""The embedded service before scim2-tester, a compliance checker that we did not write."""

import random
import uuid
from collections import Counter
from typing import Any

import httpx
import pytest
from scim2_client.client import BaseSyncSCIMClient, RawResponse
from scim2_models import Path
from scim2_tester import Status, check_server, filling

from ldap2scim.sandbox.service import IIJ_ID, IIJ_LIKE, PLAIN, Personality, embedded_service
from tests.servers.scim import scim_client


class HttpxClient(BaseSyncSCIMClient):
    """scim2-client over httpx; the engine that comes with it wants another library."""

    def __init__(self, http: httpx.Client) -> None:
        super().__init__()
        self._http = http

    def request(self, method: str, url: str, **kwargs: Any) -> RawResponse:
        """Send one request."""
        return self._http.request(method, url, **kwargs)


@pytest.fixture(autouse=True)
def values_of_the_field(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the checker make up logins, numbers and names in kana that a service may insist on, not any text."""
    made_up = filling.get_random_example_value

    def value_for(path: Path[Any]) -> Any:
        binding = path.resolve()
        model = binding.target_model.__name__.casefold() if binding and binding.target_model else ""
        name = binding.target_field_name if binding else ""
        if name == "user_name":
            return f"{uuid.uuid4()}@example.jp"
        if "phone" in model and name == "value":
            return f"tel:+81{random.randrange(10**9, 10**10)}"
        if "localname" in model:
            return random.choice(["タナカ", "サトウ", "スズキ", "タカハシ"])
        return made_up(path)

    monkeypatch.setattr(filling, "get_random_example_value", value_for)


@pytest.mark.parametrize("personality", [PLAIN, IIJ_LIKE, IIJ_ID], ids=lambda personality: personality.name)
def test_the_embedded_service_passes_every_check(personality: Personality) -> None:
    """Discovery, every verb, and PATCH of every attribute of every schema: no check errs and none is passed over."""
    with embedded_service(personality) as service, scim_client(service) as http:
        results = check_server(HttpxClient(http))
    failed = [f"{each.title} {each.resource_type}: {each.reason}" for each in results if each.status != Status.SUCCESS]
    assert failed == []
    assert Counter(each.status for each in results)[Status.SUCCESS] >= 130
