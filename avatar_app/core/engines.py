"""The promises of the engines: blocking generators of frozen values.

An engine owns no thread, no queue, no setting and no path. Its constructor takes the options of its
manifest as keyword arguments and does the heavy imports. A generator calls `turn.check()` between
pieces of work; an input iterator raises `TurnCancelled` by itself when the turn is cancelled.
Errors that a user can fix are `AvatarError`s; anything else is a bug.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
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
    """Methods that every engine has."""

    def configure(self, **options: Any) -> None:
        """Change options of the manifest; they apply from the next call on."""

    def close(self) -> None:
        """Release all memory and files; called once, after the last generator was closed."""


@runtime_checkable
class LiveAudio(Protocol):
    """An iterator of audio blocks that knows whether the next one is ready."""

    def __next__(self) -> AudioChunk: ...

    @property
    def ready(self) -> bool:
        """Whether `next` returns, or raises, at once: a block is ready, or the stream has ended."""


class SpeechRecognizer(Engine, Protocol):
    """Speech to text."""

    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        """Yield partial transcripts while `audio` arrives; the last is final.

        `audio`: 16 kHz blocks, live. While somebody speaks it is a `LiveAudio`, so that an engine
        can check between two pieces of work whether something more urgent is waiting.
        """


Reply = Generator[str | ToolCall | SpeechChunk, ToolResult | None, None]
"""An answer: text, calls of the application's functions, and speech."""


class Dialogue(Engine, Protocol):
    """Text to answer."""

    def reply(self, prompt: Prompt, turn: Turn) -> Reply:
        """Yield pieces of the answer as they are written; `send` answers a yielded ToolCall. An
        engine that speaks itself yields its speech; what it yields as text a voice says.
        """


@runtime_checkable
class HasSpeakers(Protocol):
    """A speech synthesizer with several speakers."""

    @staticmethod
    def speakers(**options: Any) -> tuple[str, ...]:
        """Return the values of the option `voice` for these options of the manifest. Needs no
        loaded model; raises ModelMissing where the model that lists them is not installed.
        """


@runtime_checkable
class HasSpeakerLanguages(Protocol):
    """A speech synthesizer whose voices speak a language each."""

    @staticmethod
    def speaker_languages(**options: Any) -> dict[str, str]:
        """Return the BCP 47 tag of each voice that can be read; raises as `speakers`."""


@runtime_checkable
class HasBlends(Protocol):
    """A speech synthesizer whose speakers can be mixed."""

    @staticmethod
    def blend(shares: Mapping[str, float]) -> str:
        """Return the value of the option `voice` that mixes speakers by these shares, which are
        positive and add up to 1."""

    @staticmethod
    def blended(voice: str) -> dict[str, float]:
        """Return the speakers and shares of a value of the option `voice`; raises ConfigInvalid."""


@runtime_checkable
class HasLatents(Protocol):
    """A speech synthesizer that computes conditioning latents from a cloned voice's recording."""

    def latents(self) -> bytes | None:
        """Return the computed latents as a safetensors file, to be stored with the voice; None if
        they were loaded from there, or no cloned voice is in use.
        """


@runtime_checkable
class PreparedDialogue(Dialogue, Protocol):
    """A dialogue engine that answers sooner when it can process the prompt ahead of time."""

    prepares: bool

    def prepare(self, prompt: Prompt, turn: Turn) -> Iterator[str]:
        """Process `prompt`, the conversation so far without the user's next words. Yields "" now
        and then; cancelling the turn loses nothing.
        """


@runtime_checkable
class HearsWords(Protocol):
    """A dialogue engine that may listen to the user instead of reading a recognizer's text."""

    hears: bool
    """Whether the last message of its prompts holds the user's words as sound (`spoken`), too."""


class SkilledDialogue(Dialogue, Protocol):
    """A dialogue engine that recognizes the requests it handles reliably."""

    def understands(self, prompt: Prompt) -> bool:
        """Whether this engine handles the request reliably, so that no other engine need be
        asked.
        """


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
        """Yield the next frame of the face at rest, after `after` (of `perform` or `rest`). It is
        shown as much later as their `at` differ, or 1/fps later where the two are equal or
        unrelated.
        """


class Enhancer(Engine, Protocol):
    """Restores detail in a face; for files only, as it takes longer than a frame lasts."""

    def enhance(self, face: Image) -> Image:
        """Return the enhanced face, uint8, shape (512, 512, 3), RGB; `face` itself where nothing
        changes.

        `face`: upright, placed as those of the FFHQ data set are (side: core.values.ALIGNED_FACE).
        """


class VoiceDetector(Engine, Protocol):
    """Detects whether somebody is speaking."""

    def probability(self, block: AudioChunk) -> float:
        """Return the probability in [0, 1] that a stream's last 10 ms (16 kHz, 160 samples) are
        speech.
        """


class EndOfTurnDetector(Engine, Protocol):
    """Has somebody who fell silent finished speaking, or is it a pause?"""

    def probability(self, audio: AudioChunk) -> float:
        """Probability in [0, 1] that the turn is over; 0 where only the length of the pause can
        say. It is asked once per pause, and may take some tenths of a second.

        `audio`: 16 kHz, what was said so far and the silence since; at most END_OF_TURN_SECONDS.
        """


class WakeWordDetector(Engine, Protocol):
    """Hears whether the avatar was called."""

    @property
    def phrase(self) -> str:
        """What the user says to call it; empty where nothing need be said."""

    def heard(self, block: AudioChunk) -> bool:
        """Take a stream's next 10 ms (16 kHz, 160 samples); returns whether the phrase was just
        said, once each time.
        """


class EchoCanceller(Engine, Protocol):
    """Removes the loudspeaker's echo from the microphone signal, and reduces noise."""

    def played(self, block: AudioChunk) -> None:
        """Take ten milliseconds that were sent to the loudspeaker (48 kHz, 480 samples), in
        order.
        """

    def clean(self, block: AudioChunk, delay: float) -> AudioChunk:
        """Return the microphone's next 10 ms (16 kHz, 160 samples) without echo and noise.

        `delay`: seconds between `played` a sample and `clean` of the block in which it is heard, as
        far as the device knows.
        """


Voice = SpeechSynthesizer
Recognizer = SpeechRecognizer
"""Former names, which users' engines still import."""
