"""Events of a conversation, for the window and the storage: a closed union to `match` on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from avatar_app.core.builds import BuildChanged
from avatar_app.core.control import Control as Control
from avatar_app.core.control import ControlRequested as ControlRequested
from avatar_app.core.errors import AvatarError
from avatar_app.core.manifest import Kind
from avatar_app.core.resting import Resting as Resting
from avatar_app.core.values import Block, Pictures


class State(StrEnum):
    """What the avatar is doing."""

    IDLE = "idle"
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"


class Outcome(StrEnum):
    """How a turn ended."""

    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The avatar's state changed."""

    state: State


@dataclass(frozen=True, slots=True)
class Muted:
    """The microphone was muted or opened."""

    muted: bool


@dataclass(frozen=True, slots=True)
class CharacterShown:
    """Another character is shown."""

    name: str


@dataclass(frozen=True, slots=True)
class UserStarted:
    """Somebody began to speak."""

    turn_id: int


@dataclass(frozen=True, slots=True)
class UserTranscript:
    """What was understood so far, while the user speaks."""

    turn_id: int
    text: str


@dataclass(frozen=True, slots=True)
class UserSaid:
    """What the user said or typed."""

    turn_id: int
    text: str
    typed: bool = False


@dataclass(frozen=True, slots=True)
class UserTurnDiscarded:
    """What began as `UserStarted` held no words (a cough, "mm-hm"), or they continue in the next
    turn: remove what was shown of it.
    """

    turn_id: int


@dataclass(frozen=True, slots=True)
class ClauseWritten:
    """Another clause of the answer was written; it may be spoken later, or never."""

    turn_id: int
    clause: str


@dataclass(frozen=True, slots=True)
class WaitFilled:
    """The answer takes a while, so the avatar says what it is doing; it is not of the answer."""

    turn_id: int
    text: str


@dataclass(frozen=True, slots=True)
class BlockWritten:
    """A part of the answer that is shown and not spoken: code, a table, a formula."""

    turn_id: int
    block: Block


@dataclass(frozen=True, slots=True)
class WordsPlayed:
    """The part of the answer that has left the loudspeaker so far."""

    turn_id: int
    text: str


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """A turn is over; history stores exactly this."""

    turn_id: int
    outcome: Outcome
    user_text: str
    avatar_text: str
    """What was written."""
    heard_text: str
    """What was played by the loudspeaker."""
    marks: dict[str, float] = field(default_factory=dict)
    """Seconds of the conversation's clock at which things first happened."""
    typed: bool = False
    pictures: Pictures = field(default_factory=Pictures)
    blocks: tuple[Block, ...] = ()
    """What was shown besides."""
    repeated: bool = False
    """It was said again because the user asked to hear it; nothing of it is kept."""
    at: datetime | None = field(default=None, compare=False)
    """When a stored turn ended, with time zone; None for a turn that has just ended."""
    heard_seconds: float = field(default=0.0, compare=False)
    """Of the answer's speech that were played."""


@dataclass(frozen=True, slots=True)
class AnswerRepeated:
    """What sounds in this turn is no news: it was said before, and the user wants to hear it."""

    turn_id: int


@dataclass(frozen=True, slots=True)
class AnswerTruncated:
    """Less of a turn's answer was heard than had been played: this is what is remembered of it."""

    turn_id: int
    heard_text: str


@dataclass(frozen=True, slots=True)
class TurnWithdrawn:
    """A turn that was over is gone: the user says something else in its place."""

    turn_id: int


@dataclass(frozen=True, slots=True)
class ConversationBegan:
    """A new conversation begins, or a stored one goes on."""

    conversation: int | None = None
    """Of the stored one."""
    turns: tuple[TurnEnded, ...] = ()
    """Its last turns, oldest first."""


@dataclass(frozen=True, slots=True)
class Failed:
    """An error that the user should know about."""

    turn_id: int | None
    stage: str
    message: str
    hint: str = ""
    reason: type[AvatarError] = field(default=AvatarError, compare=False, repr=False)
    """The class of the error."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something the user should know that is not an error: a device changed, a timer is set."""

    message: str
    hint: str = ""
    reason: type[AvatarError] = field(default=AvatarError, compare=False, repr=False)
    """The class of the error that it tells of, if it does."""
    kind: Kind | None = field(default=None, compare=False, repr=False)
    """Of the engine that it tells of."""


@dataclass(frozen=True, slots=True)
class Announced:
    """A timer ended or a reminder is due; the avatar says it as soon as nobody speaks."""

    text: str


@dataclass(frozen=True, slots=True)
class AudioLevels:
    """Levels, about 30 times a second."""

    microphone_db: float
    """dBFS (RMS) of the microphone's last blocks; −100 is silence."""
    speech_probability: float
    playback_db: float


@dataclass(frozen=True, slots=True)
class LookingChanged:
    """The avatar looks at the camera or the screen, or has looked: a light shows it."""

    at: str
    """"camera", "screen" or "window"."""
    looking: bool


class ConsentOutcome(StrEnum):
    """How a request for consent ended."""

    AGREED = "agreed"
    REFUSED = "refused"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class ConsentAsked:
    """The avatar asks whether it may do something; it is not done without an answer."""

    request_id: int
    act: str
    """What would be done, as an imperative: “delete all notes”."""
    details: str = ""
    """With what, in one line; empty where `act` says everything."""


@dataclass(frozen=True, slots=True)
class ConsentSettled:
    """A request for consent was answered, or is void."""

    request_id: int
    outcome: ConsentOutcome


Event = (
    StateChanged
    | Muted
    | Resting
    | CharacterShown
    | UserStarted
    | UserTranscript
    | UserSaid
    | UserTurnDiscarded
    | ClauseWritten
    | WaitFilled
    | BlockWritten
    | WordsPlayed
    | TurnEnded
    | AnswerRepeated
    | AnswerTruncated
    | TurnWithdrawn
    | ConversationBegan
    | Failed
    | Noticed
    | Announced
    | AudioLevels
    | ControlRequested
    | LookingChanged
    | ConsentAsked
    | ConsentSettled
    | BuildChanged
)
