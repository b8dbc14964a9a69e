"""Engines without a model, whose sound and pictures tell which turn and word they belong to."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from avatar_app.core.events import Event
from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn
from avatar_app.core.values import (
    PLAYBACK_RATE,
    AudioChunk,
    FaceState,
    Samples,
    SpeechChunk,
    ToolCall,
    ToolResult,
    Transcript,
    VideoFrame,
    Word,
)
from avatar_app.pipeline.builtin_engines import BuiltinEngines
from avatar_app.pipeline.commands import Command
from avatar_app.pipeline.conversation import Conversation, Engines
from avatar_app.pipeline.input.turn_detection import TurnDetectionOptions
from avatar_app.pipeline.output.chat_context import ChatContext
from avatar_app.session.offline.devices import SimulatedClock, SimulatedDevices, Tick

WORD_SECONDS = 0.2
TURN_STEP = 0.001
"""The speech of turn n has the sample value 0.2 + n * TURN_STEP (turns 0…299)."""


class Plain:
    """What all fakes share."""

    def configure(self, **options: Any) -> None:
        self.options = options

    def close(self) -> None:
        self.closed = True


class PassThrough(Plain):
    """No echo is cancelled."""

    def played(self, block: AudioChunk) -> None:
        self.last_played = block

    def clean(self, block: AudioChunk, delay: float) -> AudioChunk:
        self.delay = delay
        return block


class LevelDetector(Plain):
    """Loud is speech."""

    def probability(self, block: AudioChunk) -> float:
        return float(np.abs(block.samples).mean() > 0.01)


@dataclass
class ScriptedRecognizer(Plain):
    """Understands the next text of its script, after 0.15 s of voice; "" is a noise."""

    script: list[str] = field(default_factory=list)
    heard: list[Samples] = field(default_factory=list)

    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        blocks, voiced, said = [], 0, False
        text = self.script.pop(0) if self.script else ""
        for block in audio:
            turn.check()
            blocks.append(block.samples)
            voiced += int(np.abs(block.samples).mean() > 0.01)
            if voiced >= 15 and not said and text:
                said = True
                yield Transcript(text.split()[0])
        self.heard.append(np.concatenate(blocks) if blocks else np.zeros(0, np.float32))
        yield Transcript(text, final=True)


@dataclass
class ScriptedDialogue(Plain):
    """Answers with what `reply_to` makes of the user's text."""

    reply_to: Callable[[str], list[str | ToolCall]] = lambda text: [f"You said {text}. ", "Fine."]
    prompts: list[Prompt] = field(default_factory=list)
    results: list[ToolResult | None] = field(default_factory=list)

    def reply(
        self, prompt: Prompt, turn: Turn
    ) -> Generator[str | ToolCall, ToolResult | None, None]:
        self.prompts.append(prompt)
        for piece in self.reply_to(prompt.user_text):
            turn.check()
            result = yield piece
            if isinstance(piece, ToolCall):
                self.results.append(result)


class FlatVoice(Plain):
    """Every word is 0.2 s of a constant that tells its turn."""

    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        length = int(WORD_SECONDS * PLAYBACK_RATE)
        for token in text.split():
            turn.check()
            samples = np.full(length, 0.2 + turn.id * TURN_STEP, np.float32)
            word = Word(token, 0.0, WORD_SECONDS)
            yield SpeechChunk(AudioChunk(samples, PLAYBACK_RATE), token, (word,))


class FlatFace(Plain):
    """A tiny picture whose first pixel tells the turn, and whose second the frame's number."""

    fps = 25.0

    def perform(
        self, speech: Iterator[SpeechChunk], turn: Turn, after: VideoFrame | None = None
    ) -> Iterator[VideoFrame]:
        index, seconds = 0, 0.0
        for chunk in speech:
            seconds += chunk.audio.seconds
            while index / self.fps < seconds:
                turn.check()
                yield self._frame(turn.id % 250 + 1, index)
                index += 1

    def rest(self, look: FaceState, after: VideoFrame | None = None) -> VideoFrame:
        return VideoFrame(np.zeros((2, 2, 3), np.uint8), (after.at if after else 0.0) + 0.04, look)

    def _frame(self, turn: int, index: int) -> VideoFrame:
        image = np.zeros((2, 2, 3), np.uint8)
        image[0, 0], image[0, 1] = turn, index % 256
        return VideoFrame(image, index / self.fps)


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
        **room: Any,
    ) -> None:
        self.clock = SimulatedClock()
        self.events: list[Event] = []
        self.recognizer = ScriptedRecognizer()
        self.dialogue = ScriptedDialogue()
        self.ledger = ChatContext("You are a test.")
        self.engines = engines or Engines(
            PassThrough(),
            LevelDetector(),
            self.recognizer,
            self.dialogue,
            FlatVoice(),
            FlatFace(),
        )
        self.conversation = Conversation(
            self.engines,
            self.events.append,
            call_tool,
            self.clock,
            self.ledger,
            turn_detection,
            builtin=builtin,
        )
        self.room = SimulatedDevices(self.conversation, self.clock, pace, **room)
        self.moments: list[Tick] = []
        self._chance = np.random.default_rng(1)

    def __enter__(self) -> Scene:
        return self

    def __exit__(self, *_: object) -> None:
        self.conversation.close()

    def wait(self, seconds: float, *, voice: bool = False) -> None:
        """Pass time, with or without a user speaking."""
        samples = self._voice(seconds) if voice else None
        self.moments += self.room.pass_time(seconds, samples)

    def order(self, order: Command) -> None:
        """Give an order and let it be obeyed."""
        self.conversation.order(order)
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
