"""Orders to the conductor. One that concerns a turn names it, so that a late order hurts nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from avatar_app.core.errors import AvatarError
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, Block, Transcript


@dataclass(frozen=True, slots=True, eq=False)
class AudioReceived:
    """The microphone's next block."""

    chunk: AudioChunk
    adc_at: float
    """Seconds of the clock at which its first sample was taken."""


@dataclass(frozen=True, slots=True)
class Recognized:
    """A transcript of one segment of an utterance."""

    turn: Turn
    transcript: Transcript


@dataclass(frozen=True, slots=True)
class ClauseReceived:
    """The dialogue wrote a clause."""

    turn: Turn
    clause: str


@dataclass(frozen=True, slots=True)
class BlockReceived:
    """The dialogue wrote something that is shown, and not spoken."""

    turn: Turn
    block: Block


@dataclass(frozen=True, slots=True)
class StageEnded:
    """Nothing more will come from a stage for `turn`; what it had to tell was ordered before."""

    turn: Turn
    stage: str


@dataclass(frozen=True, slots=True)
class StageFailed:
    """An engine failed while it worked for `turn`."""

    turn: Turn
    stage: str
    error: AvatarError
    recovered: bool = False
    """The built-in engine does its work in this turn."""


@dataclass(frozen=True, slots=True)
class TextTyped:
    """The user typed."""

    text: str


@dataclass(frozen=True, slots=True)
class Announce:
    """The avatar has something to say by itself (a timer, a greeting) once nobody speaks."""

    text: str


@dataclass(frozen=True, slots=True)
class Interrupt:
    """The user pressed stop."""


@dataclass(frozen=True, slots=True)
class PushToTalk:
    """The talk button was pressed or released."""

    held: bool


@dataclass(frozen=True, slots=True)
class Mute:
    """The microphone is to be muted or opened."""

    muted: bool


@dataclass(frozen=True, slots=True)
class Forget:
    """The user deleted what was said: the next answer knows nothing of it."""


def _untold() -> None:
    """Nobody needs to know."""


@dataclass(frozen=True, slots=True, eq=False)
class SwitchEngine:
    """From the next turn on, `engine` does the work of its kind; a face from the next picture."""

    kind: Kind
    engine: Any
    fallback: Any = None
    """The face that takes over where `engine`, a face, fails; None leaves a still picture."""
    taken: Callable[[], None] = _untold
    """Called by the conductor right after: nobody begins to work with the former engine now."""


Command = (
    AudioReceived
    | Recognized
    | ClauseReceived
    | BlockReceived
    | StageEnded
    | StageFailed
    | TextTyped
    | Announce
    | Interrupt
    | PushToTalk
    | Mute
    | Forget
    | SwitchEngine
)
