"""Fake engines without a model, instant or with fixed delay, to measure the pipeline alone."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn
from avatar_app.core.values import (
    MICROPHONE_RATE,
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

WORD_SECONDS = 0.2
"""Length of each word of the flat voice."""
TURN_STEP = 0.0005
"""The flat voice uses the sample value 0.1 + (n % TURN_STEPS) * TURN_STEP for turn n."""
TURN_STEPS = 1000
PIXELS = (2, 2, 3)


def noisy_voice(seconds: float, rng: np.random.Generator) -> Samples:
    """Return a sound that the level detector takes for speech, and the echo detector not for the
    flat voice."""
    count = round(seconds * MICROPHONE_RATE)
    return (rng.standard_normal(count) * 0.1).astype(np.float32)


def wait(seconds: float) -> None:
    """Wait for a fixed delay, in real time."""
    if seconds > 0:
        threading.Event().wait(seconds)


class Plain:
    """Common base of the fakes: no options, nothing to release."""

    def configure(self, **options: Any) -> None:
        """Ignore options."""

    def close(self) -> None:
        """Nothing to release."""


class PassThrough(Plain):
    """Cancels no echo."""

    def played(self, block: AudioChunk) -> None:
        """Ignore the played sound."""

    def clean(self, block: AudioChunk, delay: float) -> AudioChunk:  # noqa: ARG002 - the protocol
        return block


class LevelDetector(Plain):
    """Treats loud blocks as speech."""

    def probability(self, block: AudioChunk) -> float:
        return float(np.abs(block.samples).mean() > 0.01)


@dataclass
class FixedRecognizer(Plain):
    """Recognizes `text` in whatever was loud for 0.1 s, a fixed time after the sound ended."""

    text: str = "tell me"
    seconds: float = 0.0

    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        loud, said = 0, False
        for block in audio:
            turn.check()
            loud += int(np.abs(block.samples).mean() > 0.01)
            if loud >= 10 and not said:
                said = True
                yield Transcript(self.text)
        wait(self.seconds)
        yield Transcript(self.text if loud >= 10 else "", final=True)


@dataclass
class FixedDialogue(Plain):
    """Answers with one text, after a fixed time."""

    text: str = "This is an answer. "
    seconds: float = 0.0

    def reply(
        self,
        prompt: Prompt,  # noqa: ARG002 - the protocol
        turn: Turn,
    ) -> Generator[str | ToolCall, ToolResult | None, None]:
        wait(self.seconds)
        turn.check()
        yield self.text


@dataclass
class FlatVoice(Plain):
    """Speaks each word as 0.2 s of a constant that encodes its turn; the first after a
    fixed time."""

    seconds: float = 0.0

    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        wait(self.seconds)
        length = int(WORD_SECONDS * PLAYBACK_RATE)
        for token in text.split():
            turn.check()
            samples = np.full(length, level_of(turn.id), np.float32)
            word = Word(token, 0.0, WORD_SECONDS)
            yield SpeechChunk(AudioChunk(samples, PLAYBACK_RATE), token, (word,))


def level_of(turn_id: int) -> float:
    """Return the sample value of the flat voice in this turn."""
    return 0.1 + turn_id % TURN_STEPS * TURN_STEP


@dataclass
class FlatFace(Plain):
    """Draws tiny pictures: black at rest; while speaking the first pixel is white."""

    fps: float = 30.0

    def perform(
        self, speech: Iterator[SpeechChunk], turn: Turn, after: VideoFrame | None = None
    ) -> Iterator[VideoFrame]:
        del after
        index, seconds = 0, 0.0
        for chunk in speech:
            seconds += chunk.audio.seconds
            while index / self.fps < seconds:
                turn.check()
                image = np.zeros(PIXELS, np.uint8)
                image[0, 0] = 255
                yield VideoFrame(image, index / self.fps, turn.id)
                index += 1

    def rest(self, look: FaceState, after: VideoFrame | None = None) -> VideoFrame:
        del look
        at = after.at if after else 0.0
        return VideoFrame(np.zeros(PIXELS, np.uint8), at + 1 / self.fps)


def is_speaking(frame: VideoFrame | None) -> bool:
    """Whether the flat face drew this picture while speaking."""
    return frame is not None and frame.pose is not None


@dataclass
class Overheard(Plain):
    """A voice that records what it said, by turn."""

    voice: Any
    said: dict[int, list[SpeechChunk]] = field(default_factory=dict)

    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        for chunk in self.voice.speak(text, turn):
            self.said.setdefault(turn.id, []).append(chunk)
            yield chunk
