"""Turn detection: who has the floor, from voice activity alone; pure, in seconds of sound."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto

from avatar_app.core.unfinished_words import is_unfinished
from avatar_app.core.values import BLOCK_SECONDS


@dataclass(frozen=True, slots=True)
class TurnDetectionOptions:
    """Delays of turn detection, all in seconds of sound."""

    duck_after: float = 0.02
    """Voice over the avatar after which it ducks."""
    pause_after: float = 0.03
    """Voice over the avatar after which it pauses."""
    min_speech: float = 0.07
    """Voice in silence after which a turn of the user begins."""
    prefix_padding: float = 0.5
    """Sound before the first sign of voice that is recognized too, so that no first syllable is
    lost."""
    preemptive_generation_delay: float = 0.2
    """Silence after which an answer is prepared, not yet spoken, and the end-of-turn detector is
    asked whether the user has finished."""
    sure_endpointing_delay: float = 0.28
    """Silence that ends a turn when the end-of-turn detector is sure, and believed."""
    right_before: int = 3
    """Times in a row that it must have been right about this user before it is believed; 0: at
    once."""
    min_endpointing_delay: float = 0.58
    """Silence that ends a turn."""
    max_endpointing_delay: float = 1.2
    """Silence that ends a turn of a hesitant user, or after an unfinished sentence."""
    max_utterance: float = 30.0
    """Length at which an utterance ends in any case."""
    follow_up: float = 8.0
    """After a turn, for which the avatar listens without its wake word."""


class Decision(Enum):
    """What the detector concludes from a block."""

    SUSPECTED = auto()  # somebody may be speaking over the avatar
    RELENTED = auto()  # nobody was
    STARTED = auto()  # the user speaks
    PAUSED = auto()  # the user may have ended: prepare the answer
    CONTINUED = auto()  # the user had not ended
    ENDED = auto()  # the user has ended


class _Floor(Enum):
    OPEN = auto()
    SUSPECTED = auto()
    USER = auto()
    USER_PAUSED = auto()


VOICED = 0.5
"""Probability from which a block counts as voice."""
VOICED_OVER_AVATAR = 0.25
"""The same while the avatar speaks: lower, as a needless pause loses nothing."""
HESITATION = 0.25
"""Extra seconds of patience after a text that ends in mid-sentence."""
UNVOICED = 0.35
"""Probability below which a block counts as silence; between the two nothing changes."""
UNVOICED_OVER_AVATAR = 0.15
"""The same while the avatar speaks: a first consonant comes and goes."""
SURELY_VOICED = 0.8
"""Probability from which a block over the avatar counts double."""
CONTINUE_AFTER = 0.04
"""Seconds of voice in a pause that continue the utterance: a click does not."""
SURE = 0.9
"""Probability from which a detector of the end of turns is sure."""
LEARNED_PAUSES = 12
"""How many of the user's own pauses are remembered."""
WENT_ON = 0.8
"""Seconds after an end within which a user who speaks again had not finished."""


class TurnDetector:
    """Decides who has the floor, from one speech probability per 10 ms block.

    The silence that ends a turn adapts: it grows after a text that ends in mid-sentence (`hint`),
    and with the pauses that this user makes, also with those that were taken for an end. It is
    short when the end-of-turn detector is sure (`judge`) and the words do not contradict. That
    detector is first heard and not followed: it is believed while its latest answers about this
    user were right, and no longer once it was sure and the user went on.
    """

    def __init__(self, options: TurnDetectionOptions | None = None) -> None:
        self.options = options or TurnDetectionOptions()
        self._floor = _Floor.OPEN
        self._voiced = 0.0
        self._silence = 0.0
        self._length = 0.0
        self._is_voice = self._is_fading = False
        self._has_finished = self._is_understood = False
        self._last_text = ""
        self._right = 0
        self._pauses: deque[float] = deque(maxlen=LEARNED_PAUSES)
        self._false_ends: deque[float] = deque(maxlen=LEARNED_PAUSES)
        self._pause_before_end = 0.0
        self._since_end: float | None = None

    def observe(self, probability: float, *, avatar_speaking: bool) -> Decision | None:
        """Take one 10 ms block; returns at most one decision."""
        if probability >= (VOICED_OVER_AVATAR if avatar_speaking else VOICED):
            self._is_voice = True
        elif probability < (UNVOICED_OVER_AVATAR if avatar_speaking else UNVOICED):
            self._is_voice = self._is_fading = False
        if self._is_fading:
            return None
        contested = avatar_speaking and self._floor in (_Floor.OPEN, _Floor.SUSPECTED)
        self._count(probability, contested=contested)
        match self._floor:
            case _Floor.OPEN | _Floor.SUSPECTED:
                return self._open(avatar_speaking=avatar_speaking)
            case _Floor.USER:
                return self._user_speaks()
            case _Floor.USER_PAUSED:
                return self._user_pauses()

    def hint(self, text: str, *, is_complete: bool = False) -> None:
        """Take what was understood of the utterance; `is_complete`: all of it up to this pause."""
        self._last_text, self._is_understood = text, is_complete

    def judge(self, probability: float) -> None:
        """Take the probability that the user, who pauses, has finished."""
        if self.pauses:
            self._has_finished = probability >= SURE

    def learn(self, pause: float) -> None:
        """Learn that this user paused for so many seconds and then went on."""
        self._pauses.append(pause)
        if self._has_finished:
            self._false_ends.append(pause)
            if pause > self.options.sure_endpointing_delay:
                self._right = 0

    def reset(self) -> None:
        """Open the floor: the utterance was ended or withdrawn by other means."""
        self._floor = _Floor.OPEN
        self._voiced = self._silence = self._length = 0.0
        self._is_voice = False
        self._last_text = ""

    def call(self) -> None:
        """The user has the floor: the avatar was called by its name."""
        self.reset()
        self._floor = _Floor.USER
        self._is_voice = True
        self._has_finished = self._is_understood = False

    def release(self) -> None:
        """The user let go of the button: open the floor. The voice that still sounds belongs to
        what was said, and does not interrupt the answer to it."""
        self.reset()
        self._is_fading = True

    @property
    def pauses(self) -> bool:
        """Whether the user pauses, and may have ended."""
        return self._floor is _Floor.USER_PAUSED

    @property
    def silence(self) -> float:
        """Return the seconds since the last voice."""
        return self._silence

    @property
    def endpointing_delay(self) -> float:
        """Return the seconds of silence that end the current turn."""
        options = self.options
        needed = options.min_endpointing_delay
        if len(self._pauses) >= 3:
            needed = max(needed, _longer_than_most(self._pauses))
        if is_unfinished(self._last_text):
            needed += HESITATION
        elif self._last_text and self._is_understood and self._has_finished and self._is_believed:
            sure = max(options.sure_endpointing_delay, _longer_than_most(self._false_ends))
            needed = min(needed, sure)
        return min(needed, options.max_endpointing_delay)

    @property
    def _is_believed(self) -> bool:
        """Whether the end-of-turn detector was right often enough."""
        return self._right >= self.options.right_before

    def _count(self, probability: float, *, contested: bool) -> None:
        """`contested`: somebody may be speaking over the avatar."""
        self._length += BLOCK_SECONDS
        if self._is_voice:
            doubled = contested and probability >= SURELY_VOICED
            self._voiced += (1 + doubled) * BLOCK_SECONDS
        else:
            self._voiced = max(0.0, self._voiced - (2 - contested) * BLOCK_SECONDS)
        if self._since_end is not None:
            self._since_end += BLOCK_SECONDS
        paused = self._floor is _Floor.USER_PAUSED  # a click in a pause does not end the pause
        self._silence = self._silence + BLOCK_SECONDS if paused or not self._is_voice else 0.0

    def _open(self, *, avatar_speaking: bool) -> Decision | None:
        options = self.options
        needed = options.pause_after if avatar_speaking else options.min_speech
        if _reached(self._voiced, needed):
            self._learn_from_end(needed)
            self._floor, self._length = _Floor.USER, 0.0
            self._last_text = ""
            return Decision.STARTED
        if self._floor is _Floor.OPEN:
            if avatar_speaking and _reached(self._voiced, options.duck_after):
                self._floor = _Floor.SUSPECTED
                return Decision.SUSPECTED
        elif not _reached(self._voiced, BLOCK_SECONDS):
            self._floor = _Floor.OPEN
            return Decision.RELENTED
        return None

    def _user_speaks(self) -> Decision | None:
        if _reached(self._length, self.options.max_utterance):
            return self._end()
        if _reached(self._silence, self.options.preemptive_generation_delay):
            self._floor, self._voiced = _Floor.USER_PAUSED, 0.0
            self._has_finished = self._is_understood = False
            return Decision.PAUSED
        return None

    def _user_pauses(self) -> Decision | None:
        if _reached(self._voiced, CONTINUE_AFTER):
            self.learn(self._silence - CONTINUE_AFTER)
            self._has_finished = False
            self._floor, self._silence = _Floor.USER, 0.0
            return Decision.CONTINUED
        if self._is_voice:
            return None
        if _reached(self._silence, self.endpointing_delay):
            self._since_end, self._pause_before_end = 0.0, self._silence
            return self._end()
        return None

    def _learn_from_end(self, voice: float) -> None:
        """The user speaks, `voice` seconds so far: learn whether the latest end was one."""
        if self._since_end is not None and self._since_end < WENT_ON:
            self.learn(self._pause_before_end + self._since_end - voice)
        elif self._since_end is not None:
            self._right += self._has_finished
        self._since_end = None
        self._has_finished = False

    def _end(self) -> Decision:
        self._floor = _Floor.OPEN
        self._voiced = 0.0
        return Decision.ENDED


def _longer_than_most(pauses: deque[float]) -> float:
    """Seconds; 0 where no pause is known."""
    return 1.15 * sorted(pauses)[int(0.8 * len(pauses))] if pauses else 0.0


def _reached(seconds: float, needed: float) -> bool:
    return seconds > needed - BLOCK_SECONDS / 2
