"""The embedded service as a process, steered through `/_sandbox`."""

from pathlib import Path

import httpx

from tests.servers.scim import bearer, embedded_process, scim_client

USER = "urn:ietf:params:scim:schemas:core:2.0:User"


def test_a_service_in_a_process_is_steered_over_http(tmp_path: Path) -> None:
    """Faults, the log of requests, damage by hand and a purge are at hand without the object."""
    with embedded_process(tmp_path, "iij-like") as server, scim_client(server) as http:
        root = httpx.URL(server.base_url).copy_with(path="/_sandbox")
        identifier = http.post("/Users", json={"schemas": [USER], "userName": "a"}).json()["id"]
        assert [(each.path, each.status, each.body["userName"]) for each in server.writes()] == [("/Users", 201, "a")]
        server.clear_requests()

        server.set_fault("status", status=429, retry_after="1", times=1, moment="after")
        assert http.get("/Users").status_code == 429
        server.set_fault("drop")
        server.clear_faults()
        assert [each.status for each in server.requests] == [429]
        assert http.get("/Users").json()["totalResults"] == 1

        edited = httpx.patch(f"{root}/Users/{identifier}", json={"title": "t"}, headers=bearer(server.token))
        assert edited.json()["title"] == "t"
        http.delete(f"/Users/{identifier}")
        purged = httpx.delete(f"{root}/pending", headers=bearer(server.token))
        assert purged.json() == {"purged": 1}


def test_a_fault_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    """A kind or a field that there is not is 400 with the names; without the token it is 401."""
    with embedded_process(tmp_path) as server:
        url = httpx.URL(server.base_url).copy_with(path="/_sandbox/faults")
        for wrong in ({"kind": "earthquake"}, {"kind": "drop", "colour": "red"}, {}):
            refused = httpx.post(url, json=wrong, headers=bearer(server.token))
            assert (refused.status_code, "fault" in refused.json()["detail"]) == (400, True)
        assert httpx.post(url, json={"kind": "drop"}).status_code == 401
