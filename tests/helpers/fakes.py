"""A room with a conversation of scripted engines in it, which keep what they were given."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from avatar_app.bench.scripted.engines import (
    FlatFace,
    FlatVoice,
    LevelDetector,
    PassThrough,
    ScriptedDialogue,
    ScriptedRecognizer,
)
from avatar_app.core.events import Event
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, Samples, ToolCall, ToolResult, Transcript
from avatar_app.pipeline.builtin_engines import BuiltinEngines
from avatar_app.pipeline.commands import Command
from avatar_app.pipeline.conversation import Conversation, Engines
from avatar_app.pipeline.input.turn_detection import TurnDetectionOptions
from avatar_app.pipeline.output.chat_context import ChatContext
from avatar_app.session.offline.devices import SimulatedClock, SimulatedDevices, Tick


@dataclass
class RecordingRecognizer(ScriptedRecognizer):
    """Keeps what it heard; understands nothing that is not in its script."""

    text: str = ""
    heard: list[Samples] = field(default_factory=list)

    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        blocks: list[Samples] = []

        def listened() -> Iterator[AudioChunk]:
            for block in audio:
                blocks.append(block.samples)
                yield block
            self.heard.append(np.concatenate(blocks) if blocks else np.zeros(0, np.float32))

        yield from super().transcribe(listened(), turn)


class SlowFace(FlatFace):
    """Draws 25 pictures a second."""

    fps = 25.0


def _repeat(text: str) -> Sequence[str | ToolCall]:
    return [f"You said {text}. ", "Fine."]


@dataclass
class RecordingDialogue(ScriptedDialogue):
    """Keeps its prompts, and the results of the functions it called."""

    reply_to: Callable[[str], Sequence[str | ToolCall]] | None = _repeat
    prompts: list[Prompt] = field(default_factory=list)
    results: list[ToolResult | None] = field(default_factory=list)

    def reply(
        self, prompt: Prompt, turn: Turn
    ) -> Generator[str | ToolCall, ToolResult | None, None]:
        self.prompts.append(prompt)
        for piece in super().reply(prompt, turn):
            result = yield piece
            if isinstance(piece, ToolCall):
                self.results.append(result)


class SpareDialogue:
    """Lends a dialogue to who has lost its own."""

    def __init__(self) -> None:
        self.dialogue = RecordingDialogue()

    def offers(self, kind: Kind) -> bool:
        return kind is Kind.DIALOGUE

    def engine(self, _kind: Kind) -> RecordingDialogue:
        return self.dialogue


class Gate:
    """Where an engine hangs until it is opened. The conversation's time does not wait for it."""

    def __init__(self) -> None:
        self._opened, self._passed = threading.Event(), threading.Event()
        self._scene: Scene | None = None
        self._reached = False

    def join(self, scene: Scene) -> None:
        """Stand in a conversation."""
        self._scene = scene

    def wait(self) -> None:
        """Hang; called from an engine."""
        assert self._scene is not None, "join it first"
        self._reached = True
        with self._scene.conversation.activity.waiting():
            self._opened.wait(60)
        self._passed.set()

    def open(self) -> None:
        """Let the engine go on; returns when the conversation counts it again."""
        self._opened.set()
        assert not self._reached or self._passed.wait(60)


class Scene:
    """A room with a conversation of fakes in it, and what happened there."""

    def __init__(
        self,
        *,
        engines: Engines | None = None,
        call_tool: Callable[[ToolCall], ToolResult] = lambda call: ToolResult(call.name),
        turn_detection: TurnDetectionOptions | None = None,
        pace: float = 20.0,
        builtin: BuiltinEngines | None = None,
        fillers: Callable[[Turn], str] | None = None,
        acknowledgment: str = "",
        **devices: Any,
    ) -> None:
        self.clock = SimulatedClock()
        self.events: list[Event] = []
        self.recognizer = RecordingRecognizer()
        self.dialogue = RecordingDialogue()
        self.context = ChatContext("You are a test.")
        self.engines = engines or Engines(
            PassThrough(),
            LevelDetector(),
            self.recognizer,
            self.dialogue,
            FlatVoice(),
            SlowFace(),
        )
        self.conversation = Conversation(
            self.engines,
            self.events.append,
            call_tool,
            self.clock,
            self.context,
            turn_detection,
            builtin=builtin,
            fillers=fillers,
            acknowledgment=acknowledgment,
        )
        self.devices = SimulatedDevices(self.conversation, self.clock, pace, **devices)
        self.moments: list[Tick] = []
        self._chance = np.random.default_rng(1)

    def __enter__(self) -> Scene:
        return self

    def __exit__(self, *_: object) -> None:
        self.conversation.close()

    def wait(self, seconds: float, *, voice: bool = False) -> None:
        """Pass time, with or without a user speaking."""
        samples = self._voice(seconds) if voice else None
        self.moments += self.devices.pass_time(seconds, samples)

    def send(self, command: Command) -> None:
        """Give an command and let it be obeyed."""
        self.conversation.send(command)
        self.wait(0.02)

    def say(self, text: str, seconds: float = 1.0, pause: float = 1.0) -> None:
        """The user says `text`."""
        self.recognizer.script.append(text)
        self.wait(seconds, voice=True)
        self.wait(pause)

    def _voice(self, seconds: float) -> Samples:
        """Nothing like the avatar's voice: noise of two values."""
        signs = self._chance.integers(0, 2, int(seconds * 16000)) * 2 - 1
        return (signs * 0.1).astype(np.float32)

    def wait_until(self, condition: Callable[[], bool], most: float = 30.0) -> None:
        """Pass time until `condition` holds; fails after `most` seconds of sound."""
        for _ in range(int(most * 100)):
            if condition():
                return
            self.wait(0.01)
        raise AssertionError(f"did not happen in {most} s; events: {self.events[-10:]}")

    def of(self, kind: type) -> list[Any]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]
