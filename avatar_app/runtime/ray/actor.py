"""An engine in an actor: begins pieces of work, and takes them a step further when asked to."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from avatar_app.core.errors import AvatarError, EngineFailed
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import AudioChunk

AT_ONCE = 8
"""Calls of an actor that may be under way: a step may wait for sound that another one brings."""
MOST_AHEAD = 32
"""Outputs that are made before somebody asks for them."""
GATHERING = 0.05
"""Seconds between two answers to one who takes all outputs: each call costs as much as a second of
speech of the built-in voice. The first output is sent at once, and one that took longer as well."""


@dataclass(frozen=True, slots=True)
class TurnFields:
    """What an engine reads of a turn."""

    id: int
    user_text: str
    language: str

    @classmethod
    def of(cls, turn: Turn) -> TurnFields:
        return cls(turn.id, turn.user_text, turn.language)

    def turn(self) -> Turn:
        return Turn(self.id, self.user_text, language=self.language)


@dataclass(frozen=True, slots=True)
class Step:
    """What came of a step."""

    output: Any = None
    has_ended: bool = False
    error: AvatarError | None = None

    @property
    def is_last(self) -> bool:
        return self.has_ended or self.error is not None


class _Sound:
    """Sound of a turn that comes in numbered pieces, in any order."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        turn.when_cancelled(self._notify)
        self._pieces: dict[int, AudioChunk | None] = {}
        self._changed = threading.Condition()

    def put(self, number: int, piece: AudioChunk | None) -> None:
        with self._changed:
            self._pieces[number] = piece
        self._notify()

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def __iter__(self) -> Iterator[AudioChunk]:
        for number in itertools.count():
            with self._changed:
                while number not in self._pieces and not self._turn.cancelled:
                    self._changed.wait()
                self._turn.check()
                piece = self._pieces.pop(number)
            if piece is None:
                return
            yield piece


class _Ahead:
    """Outputs that are made before they are asked for, in a thread: one call takes many."""

    def __init__(self, step: Callable[[], Step], turn: Turn) -> None:
        self._step, self._turn = step, turn
        self._steps: list[Step] = []
        self._due = 0.0
        self._changed, self._is_over = threading.Condition(), False
        turn.when_cancelled(self._notify)
        threading.Thread(target=self._run, name="ahead", daemon=True).start()

    def take(self) -> list[Step]:
        """Wait for the next outputs, and return all that there are."""
        with self._changed:
            self._changed.wait_for(lambda: self._steps or self._is_over)
            left = max(0.0, self._due - time.monotonic())
            self._changed.wait_for(lambda: self._is_full or self._is_over, left)
            steps, self._steps = self._steps, []
            self._due = time.monotonic() + GATHERING
            self._changed.notify_all()
        return steps or [Step(error=EngineFailed("A replica failed.", "The log has the details."))]

    @property
    def _is_full(self) -> bool:
        return len(self._steps) >= MOST_AHEAD or self._turn.cancelled

    def _run(self) -> None:
        try:
            while not self._turn.cancelled:
                self._put(step := self._step())
                if step.is_last:
                    return
        finally:
            with self._changed:
                self._is_over = True
                self._changed.notify_all()

    def _put(self, step: Step) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._is_full or self._turn.cancelled)
            self._steps.append(step)
            self._changed.notify_all()

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()


@dataclass(slots=True, eq=False)
class _Work:
    turn: Turn
    outputs: Generator[Any, Any, None]
    sound: _Sound
    has_begun: bool = False
    ahead: _Ahead | None = None


class EngineActor:
    """Holds one engine. All its methods are called by Ray, by several threads."""

    def __init__(self) -> None:
        self._engine: Any = None
        self._works: dict[int, _Work] = {}
        self._numbers = itertools.count(1)

    def load(self, make: Callable[[], Any]) -> Step:
        """Make the engine."""
        try:
            self._engine = make()
        except AvatarError as error:
            return Step(error=error)
        return Step(has_ended=True)

    def configure(self, options: dict[str, Any]) -> Step:
        """Set options of the engine."""
        try:
            self._engine.configure(**options)
        except AvatarError as error:
            return Step(error=error)
        return Step(has_ended=True)

    def begin(self, method: str, given: Any, fields: TurnFields) -> int:
        """Begin to speak, reply or transcribe; returns the number of the work. `given`: a text or a
        prompt; sound comes by `hear`."""
        turn = fields.turn()
        sound = _Sound(turn)
        argument = iter(sound) if method == "transcribe" else given
        outputs = getattr(self._engine, method)(argument, turn)
        number = next(self._numbers)
        self._works[number] = _Work(turn, outputs, sound)
        return number

    def hear(self, number: int, index: int, piece: AudioChunk | None) -> None:
        """Take the next piece of sound; None is the last."""
        if (work := self._works.get(number)) is not None:
            work.sound.put(index, piece)

    def step(self, number: int, answer: Any = None) -> Step:
        """Return the next output. `answer`: what a function returned that the work has called. Work
        that has ended is forgotten."""
        step = self._stepped(self._works[number], answer)
        if step.is_last:
            self.end(number)
        return step

    def _stepped(self, work: _Work, answer: Any = None) -> Step:
        try:
            if not work.has_begun:
                work.has_begun = True
                return Step(next(work.outputs))
            return Step(work.outputs.send(answer) if answer is not None else next(work.outputs))
        except (StopIteration, TurnCancelled):
            return Step(has_ended=True)
        except AvatarError as error:
            return Step(error=error)

    def take(self, number: int) -> list[Step]:
        """Return all outputs that are made, the next one at least; work that has ended is
        forgotten. For work that nothing is answered to: the first call lets the rest be made
        ahead."""
        work = self._works[number]
        if work.ahead is None:
            work.ahead = _Ahead(partial(self._stepped, work), work.turn)
        steps = work.ahead.take()
        if steps[-1].is_last:
            self.end(number)
        return steps

    def end(self, number: int) -> None:
        """Stop a piece of work, and forget it."""
        if (work := self._works.pop(number, None)) is not None:
            work.turn.cancel()
