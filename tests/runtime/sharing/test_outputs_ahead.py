"""An engine in an actor sends its first output at once, and what follows in few pieces."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from avatar_app.core.errors import EngineFailed
from avatar_app.core.turn import Turn
from avatar_app.runtime.ray import actor
from avatar_app.runtime.ray.actor import EngineActor, Step, TurnFields

LONG = 600.0
"""Seconds: longer than any test."""


class Voice:
    """Says what a function yields."""

    def __init__(self, say: Callable[[Turn], Iterator[Any]]) -> None:
        self._say = say

    def speak(self, _text: str, turn: Turn) -> Iterator[Any]:
        return self._say(turn)


def begun(say: Callable[[Turn], Iterator[Any]]) -> tuple[EngineActor, int]:
    holder = EngineActor()
    holder.load(lambda: Voice(say))
    return holder, holder.begin("speak", "text", TurnFields.of(Turn(1)))


def outputs(steps: list[Step]) -> list[Any]:
    return [step.output for step in steps if not step.is_last]


def test_the_first_output_waits_for_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actor, "GATHERING", LONG)
    go_on = threading.Event()

    def say(_turn: Turn) -> Iterator[int]:
        yield 1
        go_on.wait()
        yield 2

    holder, number = begun(say)
    assert outputs(holder.take(number)) == [1]
    go_on.set()
    assert outputs(holder.take(number)) == [2]


def test_what_follows_soon_comes_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actor, "GATHERING", LONG)
    go_on = threading.Event()

    def say(_turn: Turn) -> Iterator[int]:
        yield 1
        go_on.wait()
        for output in (2, 3, 4):
            yield output
            threading.Event().wait(0.05)  # time in which somebody who waits could be answered

    holder, number = begun(say)
    assert outputs(holder.take(number)) == [1]
    go_on.set()
    assert outputs(holder.take(number)) == [2, 3, 4]


def test_nobody_waits_for_more_than_is_made_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actor, "GATHERING", LONG)
    monkeypatch.setattr(actor, "MOST_AHEAD", 5)

    def say(turn: Turn) -> Iterator[int]:
        for output in range(1000):
            turn.check()
            yield output

    holder, number = begun(say)
    first = outputs(holder.take(number))
    second = outputs(holder.take(number))
    assert first + second == list(range(len(first) + 5))
    holder.end(number)


def test_an_end_wakes_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actor, "GATHERING", LONG)

    def say(turn: Turn) -> Iterator[int]:
        ended = threading.Event()
        turn.when_cancelled(ended.set)
        yield 1
        ended.wait()
        turn.check()

    holder, number = begun(say)
    assert outputs(holder.take(number)) == [1]
    ahead = holder._works[number].ahead
    assert ahead is not None
    with ThreadPoolExecutor(1) as pool:
        rest = pool.submit(ahead.take)
        holder.end(number)
        assert outputs(rest.result()) == []


def test_work_that_has_ended_is_forgotten() -> None:
    def say(_turn: Turn) -> Iterator[int]:
        yield 1

    def fail(_turn: Turn) -> Iterator[int]:
        raise EngineFailed("no", "Try again.")
        yield 1

    for speech in (say, fail):
        for last in (_taken, _stepped):
            holder, number = begun(speech)
            last(holder, number)
            assert not holder._works


def _taken(holder: EngineActor, number: int) -> None:
    while not holder.take(number)[-1].is_last:
        pass


def _stepped(holder: EngineActor, number: int) -> None:
    while not holder.step(number).is_last:
        pass
