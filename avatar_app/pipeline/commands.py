"""Commands to a conversation. One that concerns a turn names it, so that late ones are ignored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from avatar_app.core.errors import AvatarError
from avatar_app.core.events import TurnEnded
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import MediaPart, Message, ToolDescription
from avatar_app.core.turn import Turn
from avatar_app.core.values import MICROPHONE_BLOCK, AudioChunk, Block, Transcript
from avatar_app.pipeline.input.turn_detection import TurnDetectionOptions


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
class EndOfTurnJudged:
    """How probable it is that the user, who pauses, has finished."""

    question: Turn
    """Identifies the pause; it is cancelled when the user goes on."""
    probability: float


@dataclass(frozen=True, slots=True)
class ClauseReceived:
    """The dialogue engine wrote a clause."""

    turn: Turn
    clause: str


@dataclass(frozen=True, slots=True)
class BlockReceived:
    """The dialogue engine wrote something that is shown, but not spoken."""

    turn: Turn
    block: Block


@dataclass(frozen=True, slots=True)
class StageEnded:
    """A stage has finished `turn`; its output was posted before."""

    turn: Turn
    stage: str


@dataclass(frozen=True, slots=True)
class StageFailed:
    """An engine failed while it worked for `turn`."""

    turn: Turn
    stage: str
    error: AvatarError
    recovered: bool = False
    """The built-in engine does the work in this turn."""


@dataclass(frozen=True, slots=True)
class TextTyped:
    """The user typed."""

    text: str


@dataclass(frozen=True, slots=True)
class MediaAttached:
    """A picture is to be shown, or a sound played, with what the user says next."""

    part: MediaPart
    seen_in: Turn | None = None
    """The turn for whose answer it was taken: it goes with what the user has just said."""


@dataclass(frozen=True, slots=True)
class Announce:
    """The avatar speaks on its own (a timer, a greeting) once nobody speaks."""

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
    """Mute or unmute the microphone."""

    muted: bool


class Revision:
    """Changes what the next answer knows of what was said, or repeats it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Forget(Revision):
    """The user deleted the conversation: later answers do not refer to it."""


@dataclass(frozen=True, slots=True)
class BecomePersona(Revision):
    """From the next answer on a language model reads this system prompt."""

    system: str
    tools: tuple[ToolDescription, ...] | None = None
    """What it may call from then on; None: the same as before."""


@dataclass(frozen=True, slots=True)
class OfferTools(Revision):
    """From the next answer on a language model may call these."""

    tools: tuple[ToolDescription, ...]


@dataclass(frozen=True, slots=True)
class Remember(Revision):
    """Something was said elsewhere that later answers know."""

    message: Message


@dataclass(frozen=True, slots=True)
class Truncate(Revision):
    """The listener heard only so much of an answer; if it still sounds, it ends."""

    turn_id: int
    seconds: float
    """Of the answer's speech."""


@dataclass(frozen=True, slots=True)
class SayAgain(Revision):
    """The user wants to hear an answer again, at once."""

    text: str


@dataclass(frozen=True, slots=True)
class Correct(Revision):
    """The user was misheard in a turn, or thinks better of it: `text` is answered in its place."""

    turn_id: int
    text: str


@dataclass(frozen=True, slots=True)
class Decide(Revision):
    """The user answered a request for consent by a button."""

    request_id: int
    agreed: bool


@dataclass(frozen=True, slots=True)
class BeginConversation(Revision):
    """Begin a new conversation, or go on with a stored one."""

    conversation: int | None = None
    """Of the stored one."""
    turns: tuple[TurnEnded, ...] = ()
    """Its last turns, oldest first."""


@dataclass(frozen=True, slots=True)
class DetectTurns:
    """Detect turns with other delays from now on."""

    options: TurnDetectionOptions


def _ignore() -> None:
    """Default callback: does nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class SwitchEngine:
    """Use `engine` for its kind from the next turn on; a face from the next frame."""

    kind: Kind
    engine: Any
    fallback: Any = None
    """The face that takes over when `engine`, a face, fails; None leaves a still picture."""
    taken: Callable[[], None] = _ignore
    """Called by the conversation thread right after: no new work starts with the former engine."""


Command = (
    AudioReceived
    | Recognized
    | EndOfTurnJudged
    | ClauseReceived
    | BlockReceived
    | StageEnded
    | StageFailed
    | TextTyped
    | MediaAttached
    | Announce
    | Interrupt
    | PushToTalk
    | Mute
    | Revision
    | DetectTurns
    | SwitchEngine
)


def blocks_of(command: AudioReceived) -> Iterator[tuple[AudioChunk, float]]:
    """Split sound that arrived together into blocks of 10 ms, with the time of each."""
    chunk = command.chunk
    if len(chunk.samples) <= MICROPHONE_BLOCK:
        yield chunk, command.adc_at
        return
    for begin in range(0, len(chunk.samples), MICROPHONE_BLOCK):
        samples = chunk.samples[begin : begin + MICROPHONE_BLOCK]
        block = AudioChunk(samples, chunk.rate, chunk.start + begin)
        yield block, command.adc_at + begin / chunk.rate
