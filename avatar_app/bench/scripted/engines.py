"""Scripted engines without a model, instant or with a fixed delay, to measure the pipeline."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
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
    """Common base of these engines: no options, nothing to release."""

    closed = False

    def configure(self, **options: Any) -> None:
        """Ignore options."""

    def close(self) -> None:
        self.closed = True


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
class ScriptedRecognizer(Plain):
    """Recognizes the next text of its script (“” is a noise), or else `text` in what was loud for
    0.1 s; a fixed time after the sound ended.
    """

    text: str = "tell me"
    seconds: float = 0.0
    script: list[str] = field(default_factory=list)

    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        scripted = bool(self.script)
        text = self.script.pop(0) if scripted else self.text
        loud, said = 0, False
        for block in audio:
            turn.check()
            loud += int(np.abs(block.samples).mean() > 0.01)
            if loud >= 10 and text and not said:
                said = True
                yield Transcript(text)
        wait(self.seconds)
        yield Transcript(text if scripted or loud >= 10 else "", final=True)


@dataclass
class ScriptedDialogue(Plain):
    """Answers with one text, or with what `reply_to` makes of the user's, after a fixed time."""

    text: str = "This is an answer. "
    seconds: float = 0.0
    reply_to: Callable[[str], Sequence[str | ToolCall]] | None = None

    def reply(
        self, prompt: Prompt, turn: Turn
    ) -> Generator[str | ToolCall, ToolResult | None, None]:
        wait(self.seconds)
        for piece in self.reply_to(prompt.user_text) if self.reply_to else [self.text]:
            turn.check()
            yield piece


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


class FlatFace(Plain):
    """Draws tiny pictures: black at rest; while speaking the first pixel encodes the turn, and the
    second the frame's number.
    """

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
                yield self.frame(turn.id, index)
                index += 1

    def rest(self, look: FaceState, after: VideoFrame | None = None) -> VideoFrame:
        at = after.at if after else 0.0
        return VideoFrame(np.zeros(PIXELS, np.uint8), at + 1 / self.fps, look)

    def frame(self, turn_id: int, index: int) -> VideoFrame:
        """Draw a picture while it speaks."""
        image = np.zeros(PIXELS, np.uint8)
        image[0, 0], image[0, 1] = turn_id % 250 + 1, index % 256
        return VideoFrame(image, index / self.fps, turn_id)


def is_speaking(frame: VideoFrame | None) -> bool:
    """Whether the flat face drew this picture while speaking."""
    return frame is not None and isinstance(frame.pose, int)


@dataclass
class Overheard(Plain):
    """A voice that records what it said, by turn."""

    voice: Any
    said: dict[int, list[SpeechChunk]] = field(default_factory=dict)

    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        for chunk in self.voice.speak(text, turn):
            self.said.setdefault(turn.id, []).append(chunk)
            yield chunk
