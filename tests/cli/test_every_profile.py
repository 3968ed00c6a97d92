"""Each profile, end to end: a first run, changes of people and members, and both sides are in step."""

from pathlib import Path

import pytest

from ldap2scim.sandbox.directory import embedded_directory
from ldap2scim.sandbox.service import EmbeddedService
from ldap2scim.scim.profiles import NAMES
from tests.cli.installation import BASE_DN, Installation, world
from tests.integration.ldap import Administrator
from tests.servers.scim import scim_client

AIKO, CHIKA = (f"uid={name},ou=people,{BASE_DN}" for name in ("aiko", "chika"))
STAFF = f"cn=staff,ou=groups,{BASE_DN}"


@pytest.mark.parametrize("name", NAMES)
def test_a_service_of_each_profile_is_kept_in_step(
    name: str, tmp_path: Path, service: EmbeddedService, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a profile makes of the requests is understood as it is meant.

    Our service keeps to RFC 7644 and knows no removal by value: the settings correct that, as after a probe.
    """
    settings = {
        "service.profile": name,
        "service.assume.member_removals": "by-filter",
        "mapping.user": {"userName": "mail", "emails": [{"value": "mail", "primary": {"default": True}}]},
    }
    with embedded_directory(world()) as directory, Administrator.of(directory, BASE_DN) as administrator:
        here = Installation(tmp_path, directory, service, capsys)
        here.write(settings)
        in_step(here)
        # One member leaves, one enters, and somebody has another name.
        administrator.replace(STAFF, member=[AIKO, CHIKA])
        administrator.replace(AIKO, sn=["Suzuki"])
        in_step(here)

    assert held(service) == {"aiko@example.com", "chika@example.com"}
    with scim_client(service) as http:
        names = [one["name"]["familyName"] for one in http.get("/Users").json()["Resources"]]
    assert names.count("Suzuki") == 1


def in_step(here: Installation) -> None:
    """Synchronise; then nothing is to be done, and both sides are as the directory says."""
    for words in (("sync", "--apply"), ("plan",), ("drift",)):
        said = here.run(*words)
        assert said.code == 0, said.all


def held(service: EmbeddedService) -> set[str]:
    """Return the logins of the members of the one group."""
    with scim_client(service) as http:
        logins = {one["id"]: one["userName"] for one in http.get("/Users").json()["Resources"]}
        (group,) = http.get("/Groups").json()["Resources"]
    return {logins[member["value"]] for member in group["members"]}
