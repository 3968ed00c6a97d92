"""The bar that shows how far a load is, where Prefect's server does not take it. Needs no server."""

import logging
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from tasks.artifacts import LoadBar

REFUSED = httpx.ConnectError("the server of Prefect is away")


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[Exception | None]:
    """What the server says to the bar, one after the other: to its creation, then to each of its moves."""
    said: list[Exception | None] = []
    asked: Iterator[Exception | None] = iter(said)

    def answer(*_: object, **__: object) -> object:
        if (error := next(asked)) is not None:
            raise error
        return uuid4()

    monkeypatch.setattr("tasks.artifacts.create_progress_artifact", answer)
    monkeypatch.setattr("tasks.artifacts.update_progress_artifact", answer)
    monkeypatch.setattr("tasks.artifacts._PAUSE", 0.0)
    return said


@pytest.mark.parametrize("said", [[REFUSED], [None, REFUSED], [None, None, REFUSED]], ids=["begin", "move", "later"])
def test_a_bar_that_cannot_be_shown_is_given_up(
    said: list[Exception | None], answers: list[Exception | None], caplog: pytest.LogCaptureFixture
) -> None:
    """The load that moves it goes on, the server is not asked again, and one line says so."""
    answers += said
    with caplog.at_level(logging.WARNING):
        bar = LoadBar(4000)
        for done in (1000, 2000, 3000, 4000):
            bar.show(done)
    (line,) = caplog.messages
    assert "ConnectError" in line
