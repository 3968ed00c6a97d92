"""Whatever happens, in whatever order, the promises hold: histories that Hypothesis makes up, step by step.

One directory or two that change between runs and while they are read, edits at the service, bad reads, faults, kills,
reviews, approvals, ways back. After every step the invariants of `machine` are looked at. `LDAP2SCIM_SEED` brings a
failure back.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from ldap2scim.directory import entry_csn
from ldap2scim.run import conclusion
from ldap2scim.sandbox.service import embedded_service
from ldap2scim.scim import rate
from tests.integration.stateful.machine import Histories
from tests.integration.stateful.watched import HABITS, Ground
from tests.integration.warm import warm_process
from tests.seed import LONG, SEED

STEPS_OF_ONE = 24
HISTORIES = 110 if LONG else 12  # some end before their last step
STEPS = 2000 if LONG else 240


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """The services and one process that forks, for all histories."""
    with ExitStack() as running, warm_process() as warm, pytest.MonkeyPatch.context() as patched:
        services = {name: running.enter_context(embedded_service(one)) for name, one in HABITS.items()}
        ground = Ground(services, warm, tmp_path_factory.mktemp("histories"))
        patched.setattr(rate, "FIRST_WAIT", 0.02)  # nobody recovers by waiting here
        # As where minutes go by between two runs: a read of changes reads again what has changed, and not everybody.
        patched.setattr(entry_csn, "OVERLAP", timedelta(0))
        patched.setattr(conclusion, "start_load", ground.start_load(conclusion.start_load))
        yield ground


@pytest.mark.timeout(7200)  # with `make test-long`
def test_the_promises_hold_in_every_history(ground: Ground) -> None:
    """After every step: nothing removed without a reason, nothing beyond the plan, nothing twice, accounts balanced."""

    class Here(Histories):
        def __init__(self) -> None:
            super().__init__(ground)

    before = ground.steps
    run_state_machine_as_test(
        seed(SEED)(Here),
        settings=settings(
            max_examples=HISTORIES,
            stateful_step_count=STEPS_OF_ONE,
            deadline=None,
            database=None,  # the seed brings a failure back
            derandomize=False,
            phases=(Phase.generate,),  # to make a failure small takes longer than the suite; its history is printed
            # A step is a whole run: its time says nothing, and a history draws much.
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
        ),
    )
    assert ground.steps - before >= STEPS, "fewer steps than were promised"


def _opens_a_group(history: Histories) -> None:
    history.the_directory_changes(where=0, changes=[("open_group", 1)])  # two of one name are nothing to the service


def _killed(point: str) -> Callable[[Histories], None]:
    def happens(history: Histories) -> None:
        _opens_a_group(history)
        history.killed(work="synchronise", point=point, visit=1)
        history.sync()

    return happens


def _too_many_are_disabled_twice(history: Histories) -> None:
    history.the_directory_changes(where=0, changes=[("holiday", 1)])
    history.sync()
    history.somebody_approves()
    history.sync()
    for number in (0, 1):
        history.the_directory_changes(where=0, changes=[("holiday", number)])
        history.sync()


def _too_many_are_disabled_in_a_reviewed_plan(history: Histories) -> None:
    history.the_directory_changes(where=0, changes=[("holiday", 1)])
    history.review()
    history.carry_out_what_was_reviewed(released=False)


def _departments_are_hidden(history: Histories) -> None:
    history.departments_are_hidden(where=0, number=0)
    history.sync()


def _nobody_can_be_mapped(history: Histories) -> None:
    history.reads_go_bad(where=0, name="a login cannot be read", number=1)
    history.sync()


def _disabled_people_are_found_by_a_creation(history: Histories) -> None:
    history.reads_go_bad(where=0, name="a login cannot be read", number=1)
    history.the_state_is_lost()
    history.sync()
    history.all_is_well_again()
    history.the_directory_changes(where=0, changes=[("holiday", 1)])
    history.sync()


def _one_of_two_cannot_be_read(history: Histories) -> None:
    history.reads_go_bad(where=0, name="down", number=0)
    history.both_directories_have_to_do_with_it(where=0, what="move over", number=3)
    history.both_directories_have_to_do_with_it(where=0, what="the same login", number=5)
    history.the_directory_changes(where=1, changes=[("dismiss", 4)])
    history.sync()
    history.somebody_approves()  # of whom nothing is known nobody can be released
    history.sync()


def _one_of_two_shows_less(history: Histories) -> None:
    history.departments_are_hidden(where=1, number=0)
    history.the_directory_changes(where=0, changes=[("dismiss", 4)])
    history.sync()


def _somebody_is_moved_during_the_read(after: int) -> Callable[[Histories], None]:
    def happens(history: Histories) -> None:
        history.somebody_works_meanwhile(where=0, changes=[("move", 27)], after=after, walks_by_name=True, work="sync")
        history.sync()

    return happens


@pytest.mark.parametrize(
    "happens",
    [
        _one_of_two_cannot_be_read,
        _one_of_two_shows_less,
        pytest.param(_somebody_is_moved_during_the_read(8), id="somebody is moved while the keys are read"),
        pytest.param(_somebody_is_moved_during_the_read(17), id="somebody is moved before the keys of the groups"),
    ],
)
def test_histories_of_two_directories_in_which_a_promise_was_broken(
    ground: Ground, happens: Callable[[Histories], None]
) -> None:
    """Red when a failed or a short read of one directory proved something, and when keys were asked for but once."""
    _live_through(ground, "PATCH", happens, directories=2)


@pytest.mark.parametrize(
    "happens",
    [
        pytest.param(_killed("before the snapshot's change"), id="killed before the snapshot's change"),
        pytest.param(_killed("after an answer"), id="killed after an answer"),
        pytest.param(_killed("request sent, answer lost"), id="killed before an answer"),
        _too_many_are_disabled_twice,
        _too_many_are_disabled_in_a_reviewed_plan,
        _departments_are_hidden,
        _nobody_can_be_mapped,
        _disabled_people_are_found_by_a_creation,
    ],
)
@pytest.mark.parametrize("habits", sorted(HABITS))
def test_histories_in_which_each_promise_was_broken(
    ground: Ground, habits: str, happens: Callable[[Histories], None]
) -> None:
    """Each turned red when its promise was broken on purpose: the journal's order, the guards, approvals, accounts."""
    _live_through(ground, habits, happens, directories=1)


def _live_through(ground: Ground, habits: str, happens: Callable[[Histories], None], directories: int) -> None:
    history = Histories(ground)
    try:
        history.begin(
            careful=True,
            leavers="delete",
            loaded=True,
            habits=habits,
            read_back="sample",
            directories=directories,
        )
        happens(history)
        history.nothing_is_there_twice_and_nothing_foreign_was_touched()
        history.settle_down()
    finally:
        history._running.close()
