"""The service fails in the middle of a load: nothing is removed, nothing is made twice, and the next run converges."""

from dataclasses import replace
from typing import TypeAlias

import pytest

from ldap2scim.sandbox.service import PLAIN, EmbeddedService, Fault, FaultKind, Moment
from ldap2scim.sandbox.service.personality import Ids
from ldap2scim.sandbox.world import Size
from tests.integration.comparing import differences
from tests.integration.conftest import StartPair
from tests.integration.days import DISABLED, day_of_changes
from tests.integration.installation import Said
from tests.integration.pairs import Pair
from tests.waiting import until

Faulty: TypeAlias = tuple[Pair, EmbeddedService]
COMPANY = Size(people=60, groups=12, largest_group=40)
PASSING = {
    name: replace(fault, after=20, every=4)
    for name, fault in {
        "500": Fault(FaultKind.STATUS, status=500, times=8),
        "429 without Retry-After": Fault(FaultKind.STATUS, status=429, times=1),
        "429": Fault(FaultKind.STATUS, status=429, retry_after="0.2", times=3),
        "503 with a date": Fault(FaultKind.STATUS, 503, retry_after="Fri, 31 Dec 1999 23:59:59 GMT", times=4),
        "nothing, before": Fault(FaultKind.DROP, times=8),
        "nothing, after": Fault(FaultKind.DROP, moment=Moment.AFTER, times=8),
        "garbage, after": Fault(FaultKind.GARBAGE, moment=Moment.AFTER, times=8),
        "HTML 502, after": Fault(FaultKind.HTML, 502, moment=Moment.AFTER, times=8),
        "half an answer": Fault(FaultKind.CUT, times=8),
        "HTML 200": Fault(FaultKind.HTML, 200, times=8),
    }.items()
}
LASTING = {
    "500": Fault(FaultKind.STATUS, status=500, after=20),
    "503": Fault(FaultKind.STATUS, status=503, after=20),
    "429": Fault(FaultKind.STATUS, status=429, retry_after="60", after=20),
    "nothing, after": Fault(FaultKind.DROP, moment=Moment.AFTER, after=20),
    "garbage, after": Fault(FaultKind.GARBAGE, moment=Moment.AFTER, after=20),
    "a login page": Fault(FaultKind.REDIRECT, after=20),
}


@pytest.fixture
def faulty(start_embedded_pair: StartPair) -> Faulty:
    """The embedded pair, nothing loaded yet, with little patience for a service that fails."""
    pair = start_embedded_pair(COMPANY, retry_budget=0.5)
    pair.program.others["mapping"] = DISABLED
    pair.program.write()
    assert isinstance(pair.service, EmbeddedService)
    return pair, pair.service


def is_removal(method: str, body: str) -> bool:
    """Say whether a request takes somebody away."""
    return method == "DELETE" or '"active":false' in body.replace(" ", "")


def removals(pair: Pair) -> list[str]:
    """Return the requests that take somebody away."""
    return [
        f"{each.method} {each.path}"
        for each in pair.service.writes()
        if is_removal(each.method, each.raw_body.decode("utf-8", "replace"))
    ]


def converge(pair: Pair, left: tuple[str, ...] = ()) -> None:
    """Run once without faults, and see that both sides agree and that nothing is left to do."""
    said = pair.program("sync", "--apply")
    assert (said.code, differences(pair, left=left)) == (0, []), said.text
    pair.service.clear_requests()
    assert pair.program("sync", "--apply").code == 0
    assert pair.writes() == 0


def assert_says_what_to_do(said: Said) -> None:
    """A failed run names what happened, ends with what to do, and shows no traceback."""
    assert said.code == 1
    assert "Traceback" not in said.text
    assert any(words in said.text for words in ("The next run", "Run again", "Check the base URL"))


@pytest.mark.parametrize("name", PASSING)
def test_a_service_that_fails_now_and_then(faulty: Faulty, name: str) -> None:
    """A first load and a day of changes meet a service that fails now and then; the next run finishes them."""
    pair, service = faulty
    service.faults.add(PASSING[name])
    first = pair.program("sync", "--apply")
    assert service.faults.struck > 0
    assert first.code == 0 or "Troubles" in first.out
    assert removals(pair) == []
    service.faults.clear()
    converge(pair)

    day = day_of_changes(pair.administrator)
    service.faults.add(replace(PASSING[name], after=2))
    pair.program("sync", "--apply")
    assert service.faults.struck > 0
    service.faults.clear()
    converge(pair, day.left)


@pytest.mark.parametrize("name", LASTING)
def test_a_service_that_goes_away_in_the_middle_of_a_load(faulty: Faulty, name: str) -> None:
    """When the service stays away the run gives up, says what to do, and the next one finishes the work."""
    pair, service = faulty
    service.faults.add(LASTING[name])
    assert_says_what_to_do(pair.program("sync", "--apply"))
    # Eight in a row, and what was under way: of the 84 writes of a first load most are not sent.
    assert len({(each.method, each.raw_body) for each in pair.service.writes()}) < 20 + 32, "it went on writing"
    assert removals(pair) == []
    service.faults.clear()
    converge(pair)

    day = day_of_changes(pair.administrator)
    service.faults.add(replace(LASTING[name], after=5))
    assert_says_what_to_do(pair.program("sync", "--apply"))
    service.faults.clear()
    converge(pair, day.left)


HABITS = {
    "200 that changes nothing": Fault(FaultKind.IGNORE_WRITE, path_prefix="/Groups/", method="PATCH", times=1),
    "members lost above 10": Fault(FaultKind.LOSE_MEMBERS, members=10),
    "500 on more than 10 members": Fault(FaultKind.STATUS, 500, members=10),
    "413 on more than 10 members": Fault(FaultKind.STATUS, 413, members=10),
    "400 on more than 10 members": Fault(FaultKind.STATUS, 400, members=10),
    "userName in capital letters": Fault(FaultKind.CHANGED_CASE),
    "PATCH answered 501": Fault(FaultKind.STATUS, 501, method="PATCH"),
    "409 without scimType": Fault(FaultKind.NO_SCIM_TYPE),
    "unknown id answered 500": Fault(FaultKind.UNKNOWN_AS, 500, method="DELETE"),
    "filter ignored": Fault(FaultKind.IGNORE_FILTER),
    "filter 200 with nothing": Fault(FaultKind.EMPTY_FILTER),
    "a relative Location and no body": Fault(FaultKind.BARE),
    "neither body nor Location": Fault(FaultKind.MUTE),
    "page 1 again beyond the end": Fault(FaultKind.PAGE_ONE_AGAIN),
}
"""What services of the field do all the time: a run converges in spite of it."""


class Habitual:
    """A service with a habit, while the program speaks to it; its administrator is spared."""

    def __init__(self, pair: Pair, habit: Fault | None) -> None:
        assert isinstance(pair.service, EmbeddedService)
        self._pair = pair
        self._faults = pair.service.faults
        self._habit = habit
        self.struck = 0

    def run(self, command: str, *arguments: str) -> Said:
        """Run a command."""
        if self._habit is not None:
            self._faults.add(self._habit)
        said = self._pair.program(command, *arguments)
        self.struck += self._faults.struck
        self._faults.clear()
        assert "Traceback" not in said.text
        return said

    def bring_in_step(self, command: str, left: tuple[str, ...] = ()) -> None:
        """Run at most twice, and see that both sides agree; a run that does not do it says what happens next."""
        said = self.run(command, "--apply")
        if said.code != 0:
            assert any(words in said.text for words in ("next run", "Run again")), said.text
            said = self.run("sync", "--apply")
        assert (said.code, differences(self._pair, left=left)) == (0, []), said.text


def in_spite_of(pair: Pair, habit: Fault | None) -> int:
    """A first load, a day of changes, and damage by hand: both sides agree after each. Return how often it struck."""
    pair.program.others["mapping"] = DISABLED
    pair.program.write()
    service = Habitual(pair, habit)
    service.bring_in_step("sync")
    assert len(pair.console.users()) == COMPANY.people, "somebody was made twice"
    day = day_of_changes(pair.administrator)
    service.bring_in_step("sync", day.left)
    pair.service.clear_requests()
    assert service.run("sync", "--apply").code == 0
    assert pair.writes() == 0
    pair.console.edit("Users", pair.console.users()[day.disabled], title="Emperor")
    pair.console.delete("Groups", pair.console.groups()["dept-finance"])
    service.bring_in_step("recover", day.left)
    assert len(pair.console.users()) == COMPANY.people + len(day.hired), "somebody was made twice, or is lost"
    return service.struck


@pytest.mark.parametrize("name", HABITS)
def test_a_habit_of_the_service(start_embedded_pair: StartPair, name: str) -> None:
    """Whatever the service does to every request of a kind, both sides agree in the end, and nobody is made twice."""
    pair = start_embedded_pair(COMPANY, retry_budget=0.5, read_back="all")
    assert in_spite_of(pair, HABITS[name]) > 0


@pytest.mark.parametrize("ids", [Ids.NUMBERS, Ids.NAMES])
def test_ids_in_another_form(start_embedded_pair: StartPair, ids: Ids) -> None:
    """Ids that are JSON numbers, and ids that are names and change with a rename, are followed."""
    in_spite_of(start_embedded_pair(COMPANY, personality=replace(PLAIN, ids=ids), retry_budget=0.5), None)


def test_an_answer_that_takes_too_long(start_embedded_pair: StartPair) -> None:
    """A write whose answer does not come in time is asked of the service by the next run, and not repeated."""
    pair = start_embedded_pair(Size(people=12, groups=2, largest_group=5), timeout=1, concurrency=2)
    service = pair.service
    assert isinstance(service, EmbeddedService)
    service.faults.add(Fault(FaultKind.SLOW, seconds=1.5, method="POST", after=3, every=4, times=2))
    assert pair.program("sync", "--apply").code == 1
    until(lambda: len(service.store.users) >= 12, "the service goes on with what nobody waits for")
    service.faults.clear()
    service.clear_requests()
    assert pair.program("sync", "--apply").code == 0
    assert [request.path for request in service.writes() if request.method == "POST"] == []
    converge(pair)


def test_a_revoked_token_ends_the_load_at_once(faulty: Faulty) -> None:
    """After the first 401 nothing more is sent; with a new token the next run finishes the work."""
    pair, service = faulty
    service.faults.add(Fault(FaultKind.STATUS, status=401, after=30))
    said = pair.program("sync", "--apply")
    assert said.code == 1
    assert "token" in said.text
    refused = [request for request in service.requests if request.status == 401]
    assert 1 <= len(refused) <= 8  # as many as were under way
    service.faults.clear()
    converge(pair)


@pytest.mark.parametrize("kind", [FaultKind.SHORT_PAGE, FaultKind.WRONG_TOTAL, FaultKind.GARBAGE, FaultKind.HTML])
def test_a_listing_that_cannot_be_trusted_concludes_nothing(faulty: Faulty, kind: FaultKind) -> None:
    """Where the service lists less than it has, drift and recover fail and change nothing, in the state either."""
    pair, service = faulty
    assert pair.program("sync", "--apply").code == 0
    service.clear_requests()
    service.faults.add(Fault(kind, method="GET", path="/Users"))
    for arguments in (("drift",), ("recover", "--apply")):
        said = pair.program(*arguments)
        assert said.code == 1, said.text
        assert "Traceback" not in said.text
    assert pair.writes() == 0
    service.faults.clear()
    converge(pair)


def test_an_adoption_that_was_cut_short_is_taken_up_again(faulty: Faulty) -> None:
    """After a lost state, a run that ends while it adopts leaves the rest to be adopted, and nothing is made twice."""
    pair, service = faulty
    assert pair.program("sync", "--apply").code == 0
    for user in list(pair.console.users().values())[:30]:
        pair.console.edit("Users", user, title="Emperor")
    pair.program.lose_state()
    service.faults.add(Fault(FaultKind.STATUS, status=401, method="PATCH", after=5))
    assert pair.program("sync", "--apply").code == 1
    service.faults.clear()
    service.clear_requests()
    assert pair.program("sync", "--apply").code == 0
    assert [request.path for request in service.writes() if request.method == "POST"] == []
    converge(pair)


def test_a_group_deleted_while_its_members_were_in_doubt(faulty: Faulty) -> None:
    """A change of members in doubt whose group a person then deletes is settled as gone, and the group is made anew."""
    pair, service = faulty
    assert pair.program("sync", "--apply").code == 0
    group = pair.administrator.group("project-0000")
    outside = [person.dn for person in pair.administrator.people() if person.dn not in group.texts("member")]
    pair.administrator.insert(group.dn, "member", outside[0])
    service.faults.add(Fault(FaultKind.DROP, method="PATCH", path_prefix="/Groups", moment=Moment.AFTER))
    service.faults.add(Fault(FaultKind.DROP, method="GET", path_prefix="/Groups"))
    assert pair.program("sync", "--apply").code == 1
    service.faults.clear()
    pair.console.delete("Groups", pair.console.groups()["project-0000"])
    converge(pair)
