"""The values that travel through a conversation: frozen dataclasses with units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.prompt import PicturePart
from avatar_app.core.turn import Turn

Samples = NDArray[np.float32]
Image = NDArray[np.uint8]

MICROPHONE_RATE = 16_000
"""Hz: the rate at which the conversation listens."""
PLAYBACK_RATE = 48_000
"""Hz: the rate at which the conversation plays."""
BLOCK_SECONDS = 0.01
"""Length of the blocks in which sound enters and leaves the conversation."""
MICROPHONE_BLOCK = 160
"""Samples in one block from the microphone."""
PLAYBACK_BLOCK = 480
"""Samples in one block for the loudspeaker."""
END_OF_TURN_SECONDS = 8.0
"""Of the user's last words, as an EndOfTurnDetector hears them."""
ALIGNED_FACE = 512
"""Pixels: side length of a face aligned like those of the FFHQ data set."""


@dataclass(frozen=True, slots=True, eq=False)
class AudioChunk:
    """A piece of mono sound."""

    samples: Samples
    """float32, shape (n,), in [-1, 1]."""
    rate: int
    """Samples per second."""
    start: int = 0
    """Index of the first sample on its stream's timeline."""

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


class MouthShape(StrEnum):
    """The 15 visemes of the Oculus/Meta set, which most lip-sync software shares."""

    SIL = "sil"
    PP = "PP"  # p b m
    FF = "FF"  # f v
    TH = "TH"  # th
    DD = "DD"  # t d
    KK = "kk"  # k g
    CH = "CH"  # ch j sh
    SS = "SS"  # s z
    NN = "nn"  # n l
    RR = "RR"  # r
    AA = "aa"  # father
    E = "E"  # bed
    IH = "ih"  # sit
    OH = "oh"  # thought
    OU = "ou"  # boot


@dataclass(frozen=True, slots=True)
class Viseme:
    """From `at` on, the mouth moves toward `shape`, until the next viseme."""

    shape: MouthShape
    at: float
    """Seconds from the chunk's start."""


@dataclass(frozen=True, slots=True)
class Word:
    """One whitespace-separated token of the spoken text, with its time in the sound."""

    text: str
    start: float
    """Seconds from the chunk's start."""
    end: float
    """Seconds from the chunk's start."""


class Mood(StrEnum):
    """What a face expresses while it speaks."""

    NEUTRAL = "neutral"
    JOY = "joy"
    CONCERN = "concern"
    SURPRISE = "surprise"


@dataclass(frozen=True, slots=True, eq=False)
class SpeechChunk:
    """A piece of speech. The words of all chunks of one text, in order, are `text.split()`."""

    audio: AudioChunk
    text: str = ""
    """What this chunk says: its words joined by blanks."""
    words: tuple[Word, ...] = ()
    visemes: tuple[Viseme, ...] = ()
    mood: Mood = Mood.NEUTRAL


class FaceState(StrEnum):
    """What a face at rest expresses."""

    IDLE = "idle"
    LISTENING = "listening"
    NODDING = "nodding"  # listening, at a pause of the user: one small nod
    AMUSED = "amused"  # listening to laughter
    THINKING = "thinking"
    SPEAKING = "speaking"
    ASLEEP = "asleep"  # muted, or waiting for its wake word


@dataclass(frozen=True, slots=True, eq=False)
class VideoFrame:
    """One picture of the face."""

    image: Image
    """uint8, shape (height, width, 3), RGB."""
    at: float
    """Seconds into the turn's speech (for a face at rest: since it began to rest)."""
    pose: Any = field(default=None, repr=False)
    """Whatever the face needs to continue smoothly from this frame; opaque to all other code."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """Frame statistics of one turn."""

    shown: int = 0
    dropped: int = 0
    """Drawn, but never shown because a newer one was due."""
    skew_p50_ms: float = 0.0
    """Median offset between a frame and the sound with which it was shown."""
    skew_p99_ms: float = 0.0
    stand_in: int = 0
    """Of those shown: drawn by the fallback in place of a face that failed."""
    still: int = 0
    """Of those shown: not drawn by a face, but the last frame dimmed."""

    @property
    def chosen(self) -> int:
        """Return how many of those shown were drawn by the face that the user chose."""
        return self.shown - self.stand_in - self.still


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was understood so far."""

    text: str
    final: bool = False
    """The last transcript of an utterance is final; those before it are partial."""
    confidence: float | None = None
    """In [0, 1]; None where the engine does not report it."""
    words: tuple[Word, ...] = ()
    """Times from the utterance's start; empty where the engine reports none."""
    replaces: int = 0
    """Number of the turn's segments before this one that were recognized again together with it:
    its text replaces theirs."""
    language: str = ""
    """ISO 639-1, of a final transcript; empty where the engine does not report it."""


class BlockKind(StrEnum):
    """What an answer may contain besides words."""

    CODE = "code"
    TABLE = "table"
    FORMULA = "formula"


@dataclass(frozen=True, slots=True)
class Block:
    """A part of an answer that is shown but not spoken."""

    kind: BlockKind
    text: str
    """As written (Markdown, TeX); for code, what stands between the fences."""


class ToolEffect(StrEnum):
    """What calling a function changes."""

    READ = "read"  # nothing
    REVERSIBLE = "reversible"  # done and said; “undo” takes it back
    OUTWARD = "outward"  # it cannot be taken back, or leaves this computer: the user is asked


class Permission(StrEnum):
    """How the user agreed to a call."""

    NONE = ""  # nobody was asked
    SAID = "said"
    CLICKED = "clicked"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A dialogue engine's request to call a function of the application."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    consent: Permission = Permission.NONE
    """Of the user, to exactly this call. Only the pipeline gives it."""
    suspect: bool = False
    """Words of another program, which the dialogue has just read, may have suggested it."""
    turn: Turn | None = field(default=None, compare=False, repr=False)
    """For which it is called, so that a slow tool ends with it."""


@dataclass(frozen=True, slots=True)
class PermissionRequest:
    """A call that waits for the user's consent."""

    call: ToolCall
    act: str
    """What would be done, as an imperative: “delete all notes”."""
    details: str = ""
    """With what, in one line; empty where `act` says everything."""
    translations: Mapping[str, str] = field(default_factory=dict)
    """The act in other languages, by ISO 639-1."""
    asked_by: frozenset[str] = frozenset()
    """Words of the user, in lower case, that ask for it: where one was said in this turn, that is
    consent."""
    begins: bool = False
    """Consent begins work that goes on beside the conversation; it is not done when the call
    returns."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The answer to a `ToolCall`, sent back into the dialogue's generator."""

    value: Any = None
    """JSON-compatible."""
    error: str = ""
    """One sentence when the function failed; then `value` is None."""
    asks: PermissionRequest | None = None
    """Set where nothing was done, because the user must agree first."""
    foreign: bool = False
    """It holds words of another program, which may be written to mislead."""
    picture: PicturePart | None = None
    """What was seen: the question is asked again with it."""


Look = FaceState
"""Former name, which users' faces still import."""
