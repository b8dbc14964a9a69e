"""How long a simulated user waits: for the answer, not for what fills the wait for it."""

from __future__ import annotations

from typing import Any

from avatar_app.bench.wait import Asker
from avatar_app.core.events import Event, WaitFilled, WordsPlayed
from avatar_app.core.values import Samples
from avatar_app.pipeline import commands

FILLED_AT, ANSWERED_AT = 200, 500
"""Blocks of 10 ms."""


class ScriptedRoom:
    """A conversation in which a filler sounds long before the answer."""

    def __init__(self) -> None:
        self.events: list[tuple[float, Event]] = []
        self.blocks = 0
        self.interrupted_at: list[int] = []
        self.devices = self.conversation = self
        self.ended: list[Any] = []
        self.state = "listening"

    def clock(self) -> float:
        return self.blocks / 100

    def step(self, _samples: Samples) -> None:
        self.blocks += 1
        if self.blocks == FILLED_AT:
            self.state = "speaking"
            self.events.append((self.clock(), WaitFilled(1, "Let me think.")))
        if self.blocks == ANSWERED_AT:
            self.events.append((self.clock(), WordsPlayed(1, "Fine,")))

    def send(self, command: Any) -> None:
        assert isinstance(command, commands.Interrupt)
        self.interrupted_at.append(self.blocks)


def test_an_answer_after_a_filler_is_waited_for() -> None:
    room: Any = ScriptedRoom()
    Asker(room, 30.0, lambda: 0.4)._hear_answer()
    assert room.interrupted_at == [ANSWERED_AT + 40]


def test_patience_ends_where_only_a_filler_sounds() -> None:
    room: Any = ScriptedRoom()
    Asker(room, 1.5, lambda: 0.4)._hear_answer()
    [interrupted] = room.interrupted_at
    assert interrupted < ANSWERED_AT
