"""What carrying out a plan will cost, in requests and time."""

from dataclasses import replace

import pytest

from ldap2scim.essence import to_essence
from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.forecast import Decisive, Expected, Forecast, duration
from ldap2scim.planning.operations import (
    Adopt,
    AttributeChange,
    ChangeMembers,
    Create,
    Deactivate,
    Delete,
    Inputs,
    Operation,
    Restore,
    Update,
)
from ldap2scim.scim.forecast import forecast
from ldap2scim.scim.profiles import by_name
from ldap2scim.scim.profiles.profile import WRITES, RateLimit

USER, GROUP = ResourceType.USER, ResourceType.GROUP
INPUTS = Inputs(None, None)
KEY = Key("corp:1")
TITLE = (AttributeChange("title", None, "clerk"),)
ESSENCE = to_essence({"user_name": "x"})
EACH: tuple[Operation, ...] = (
    Adopt(KEY, USER, "n", INPUTS, "1", None, ESSENCE, ()),
    Update(KEY, USER, "n", INPUTS, "1", None, ESSENCE, TITLE),
    Update(KEY, GROUP, "n", INPUTS, "1", None, ESSENCE, TITLE),
    Restore(KEY, USER, "n", INPUTS, "1", None, ESSENCE, TITLE),
    Create(KEY, USER, "n", INPUTS, ESSENCE),
    Create(KEY, GROUP, "n", INPUTS, ESSENCE),
    ChangeMembers(KEY, GROUP, "n", INPUTS, "1", tuple(Key(f"corp:{n}") for n in range(250)), (KEY,)),
    Deactivate(KEY, USER, "n", INPUTS, "1", None),
    Delete(KEY, GROUP, "n", INPUTS, "1", None),
)


def creations(count: int) -> list[Operation]:
    """Return the operations that create so many users."""
    return [Create(Key(f"corp:{n}"), USER, f"uid={n}", INPUTS, ESSENCE) for n in range(count)]


def counted(said: Forecast) -> dict[str, int]:
    """Return the requests by method and kind."""
    return {f"{one.method} {one.resource_type}": one.count for one in said.requests}


def test_every_operation_is_counted_as_its_profile_carries_it_out() -> None:
    """PATCH or PUT after a GET, a restore by POST, members in batches; an adoption without changes costs nothing."""
    generic = {"PATCH User": 3, "PATCH Group": 5, "POST User": 1, "POST Group": 1, "DELETE Group": 1}
    assert counted(forecast(EACH, by_name("generic"))) == generic
    assert counted(forecast(EACH, by_name("iij-id"))) == generic | {"PATCH User": 2, "POST User": 2}
    aws = {"GET User": 3, "PUT User": 3, "PATCH Group": 5, "POST User": 1, "POST Group": 1, "DELETE Group": 1}
    assert counted(forecast(EACH, by_name("aws"))) == aws


def test_it_is_one_sentence() -> None:
    """Requests, time, and the limit that decides."""
    said = forecast(creations(10_213), by_name("slack"), 1.0)
    assert str(said) == "About 10,200 requests, 57 min at the limits of profile slack (users: 180 a minute)."


def test_a_share_is_said_with_its_limit() -> None:
    """Half of the limits takes twice the time."""
    said = forecast(creations(10_213), by_name("slack"), 0.5)
    assert str(said) == (
        "About 10,200 requests, 113 min at the limits of profile slack (users: 180 a minute, of which 50% are used)."
    )


def test_without_limits_there_is_no_time() -> None:
    """Nobody knows how fast the service is."""
    said = forecast(creations(1), by_name("generic"))
    assert (str(said), said.seconds) == ("1 request; the profile generic knows of no rate limits.", None)


def test_what_fits_at_once_takes_no_time() -> None:
    """A few requests are within every burst; no requests are none."""
    assert str(forecast(creations(10), by_name("miro"))) == "10 requests, all within the limits of profile miro."
    assert str(forecast((), by_name("miro"))) == "0 requests, all within the limits of profile miro."


def test_members_of_one_group_may_decide() -> None:
    """A thousand members an hour and group: 2,500 of them are in after two hours."""
    group = ChangeMembers(KEY, GROUP, "n", INPUTS, "1", tuple(Key(f"corp:{n}") for n in range(2_500)), ())
    said = forecast([group], by_name("github-emu"))
    assert said.decisive == Decisive("members of one group", 1000, 3600)
    assert said.seconds == pytest.approx(7200, rel=0.01)


def test_steps_follow_one_another() -> None:
    """Users wait for their limit, then the members of groups for theirs."""
    limits = (
        RateLimit(200, 30, frozenset({"POST"}), frozenset({USER})),
        RateLimit(5, 30, WRITES, frozenset({GROUP})),
    )
    profile = replace(by_name("generic"), limits=limits)
    many = [
        ChangeMembers(Key(f"corp:g{n}"), GROUP, f"n{n}", INPUTS, "1", tuple(Key(f"c:{m}") for m in range(40)), ())
        for n in range(50)
    ]
    both = forecast([*creations(1000), *many], profile)
    users, members = forecast(creations(1000), profile), forecast(many, profile)
    assert None not in (both.seconds, users.seconds, members.seconds)
    assert both.seconds == pytest.approx((users.seconds or 0) + (members.seconds or 0), rel=0.01)
    assert both.decisive == members.decisive == Decisive("groups", 5, 30)
    assert str(members.decisive) == "groups: 5 in 30 s"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 s"),
        (99.4, "99 s"),
        (100, "2 min"),
        (57 * 60 + 10, "57 min"),
        (7200, "2 h"),
        (15_000, "4 h 10 min"),
        (48 * 3600, "2 d"),
        (51 * 3600, "2 d 3 h"),
    ],
)
def test_a_time_is_said_as_a_person_says_it(seconds: float, text: str) -> None:
    """In the two largest units that matter."""
    assert duration(seconds) == text


def test_the_total_is_of_all_kinds() -> None:
    """For machines the requests stand by method and kind."""
    said = Forecast("x", (Expected("POST", USER, 2), Expected("PATCH", GROUP, 3)), None, 1.0, None)
    assert said.total == 5
