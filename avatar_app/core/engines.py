"""The promises of the engines: blocking generators of frozen values.

An engine owns no thread, no queue, no setting and no path. Its constructor takes the options of
its manifest as keyword arguments and does the heavy imports. A generator calls `turn.check()`
between pieces of work; an input iterator raises `TurnCancelled` by itself when the turn is
cancelled. Errors that a user can mend are `AvatarError`s; anything else is a bug.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any, Protocol, runtime_checkable

from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn
from avatar_app.core.values import (
    AudioChunk,
    FaceState,
    Image,
    SpeechChunk,
    ToolCall,
    ToolResult,
    Transcript,
    VideoFrame,
)


@runtime_checkable
class Engine(Protocol):
    """What all engines can do."""

    def configure(self, **options: Any) -> None:
        """Change options of the manifest; they hold from the next call on."""

    def close(self) -> None:
        """Give back all memory and files; called once, after the last generator was closed."""


@runtime_checkable
class LiveAudio(Protocol):
    """An iterator of blocks that tells whether one would have to wait for the next."""

    def __next__(self) -> AudioChunk: ...

    @property
    def ready(self) -> bool:
        """`next` returns, or raises, at once: a block is there, or the end."""


class SpeechRecognizer(Engine, Protocol):
    """Speech to text."""

    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        """Yield partial transcripts while `audio` arrives; the last is final.

        `audio`: 16 kHz blocks, live. While somebody speaks it is a `LiveAudio`, so that an engine
        can look between two pieces of work whether there is something more urgent to do.
        """


class Dialogue(Engine, Protocol):
    """Text to answer."""

    def reply(
        self, prompt: Prompt, turn: Turn
    ) -> Generator[str | ToolCall, ToolResult | None, None]:
        """Yield pieces of the answer as they are written; `send` answers a yielded ToolCall."""


@runtime_checkable
class HasSpeakers(Protocol):
    """A speech synthesizer in which several people can speak."""

    @staticmethod
    def speakers(**options: Any) -> tuple[str, ...]:
        """Names for the option `voice`, as they are with these options of the manifest. Nothing
        need be loaded; ModelMissing where the model that knows them is not here."""


@runtime_checkable
class HasLatents(Protocol):
    """A speech synthesizer that computes something of a cloned voice's recording."""

    def latents(self) -> bytes | None:
        """What was computed, as a safetensors file, to be kept with the voice; None if it was read
        from there, or no cloned voice speaks."""


@runtime_checkable
class PreparedDialogue(Dialogue, Protocol):
    """A dialogue that answers sooner what it has begun to read before."""

    prepares: bool

    def prepare(self, prompt: Prompt, turn: Turn) -> Iterator[str]:
        """Read `prompt`, the conversation so far without the user's next words. Yields "" now and
        then; nothing is lost where the turn is cancelled."""


class SkilledDialogue(Dialogue, Protocol):
    """A dialogue that knows what it surely does well."""

    def understands(self, prompt: Prompt) -> bool:
        """Will it surely do what was asked, whoever else might answer?"""


class SpeechSynthesizer(Engine, Protocol):
    """Answer to speech."""

    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        """Yield the speech of one clause as it is synthesized, at the rate of the manifest."""


class Face(Engine, Protocol):
    """Speech to pictures.

    `rest` may be called, from another thread, while a `perform` is suspended or running: a face
    keeps nothing between calls but what is constant; state travels in the frames' poses.
    """

    fps: float
    """Frames per second of `perform`."""

    def perform(
        self, speech: Iterator[SpeechChunk], turn: Turn, after: VideoFrame | None = None
    ) -> Iterator[VideoFrame]:
        """Yield frames at 0, 1/fps, 2/fps … of the speech, until it ends and the mouth is closed.

        `speech` is live: a frame is yielded as soon as the speech it depends on has arrived.
        `after` is the frame on show, from which the motion continues.
        """

    def rest(self, look: FaceState, after: VideoFrame | None = None) -> VideoFrame:
        """The next frame of the face at rest, after `after` (of `perform` or `rest`). It is shown
        as much later than that as their `at` differ; 1/fps, where that tells nothing."""


class Enhancer(Engine, Protocol):
    """A face to the same face with more detail; for files, as it takes longer than a frame."""

    def enhance(self, face: Image) -> Image:
        """uint8, shape (512, 512, 3), RGB, as `face` is; `face` itself where nothing changes.

        `face`: upright, placed as those of the FFHQ data set are (side: core.values.ALIGNED_FACE).
        """


class VoiceDetector(Engine, Protocol):
    """Is somebody speaking?"""

    def probability(self, block: AudioChunk) -> float:
        """Probability in [0, 1] that a stream's last 10 ms (16 kHz, 160 samples) are speech."""


class EchoCanceller(Engine, Protocol):
    """Takes what the loudspeaker played out of what the microphone heard, and reduces noise."""

    def played(self, block: AudioChunk) -> None:
        """Ten milliseconds that were handed to the loudspeaker (48 kHz, 480 samples), in order."""

    def clean(self, block: AudioChunk, delay: float) -> AudioChunk:
        """The microphone's next 10 ms (16 kHz, 160 samples) without echo and noise.

        `delay`: seconds between `played` a sample and `clean` of the block in which it is heard, as
        far as the device knows.
        """


Voice = SpeechSynthesizer
Recognizer = SpeechRecognizer
"""Former names, which users' engines import."""
