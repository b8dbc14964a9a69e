"""Playback: sample-accurate output to the loudspeaker; its position is the conversation's clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from avatar_app.core.turn import Turn
from avatar_app.core.values import PLAYBACK_RATE, Samples, SpeechChunk
from avatar_app.pipeline.output.past_speech import PastSpeech, words_until
from avatar_app.pipeline.output.speech_buffer import SpeechBuffer
from avatar_app.pipeline.work_tracker import TrackedCondition, WorkTracker

ROUNDED = 0.005
"""Seconds by which the length of speech may change when it is resampled."""
MOST_AHEAD = 20 * PLAYBACK_RATE
"""Samples that may wait to be played; a voice that is further ahead waits."""
PICTURE_PATIENCE = int(0.12 * PLAYBACK_RATE)
"""Samples for which ready speech waits for the first frame."""
DUCKED = 0.3
"""Gain while somebody may be speaking over the avatar (−10 dB)."""
NORMAL, SILENT = 1.0, 0.0
FADE = 240
"""Samples (5 ms) in which a turn fades out: no click."""


@dataclass(frozen=True, slots=True, eq=False)
class PlayedBlock:
    """The samples sent to the loudspeaker."""

    samples: Samples
    dac_at: float
    """Seconds of the clock at which its first sample leaves the loudspeaker."""


@dataclass(frozen=True, slots=True)
class PlayedSpeech:
    """The speech in a block that was sent to the loudspeaker."""

    turn_id: int
    start: int
    """Index, in the turn's speech, of the block's first sample."""
    count: int
    """Samples; what follows them in the block is silence."""


@dataclass(frozen=True, slots=True)
class PlaybackProgress:
    """How much of a turn has been sent to the loudspeaker."""

    heard_text: str
    seconds: float
    """Seconds of speech sent to the loudspeaker so far."""
    over: bool
    """All of it has been played."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What is being played at one instant."""

    turn: Turn | None
    """None in silence."""
    seconds: float
    """Of the turn's speech."""
    ending: bool
    """Nothing follows what the device already has: silence is near."""


class Playback:
    """Plays one turn at a time. The speak stage writes, the conversation thread controls, the
    device reads.

    A sample that was sent to the device cannot be recalled; `position` counts those. `now` is the
    moment being played, by the device's own output time.
    """

    def __init__(self, activity: WorkTracker, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._changed = TrackedCondition(activity)
        self._turn: Turn | None = None
        self._tape, self._past = SpeechBuffer(), PastSpeech()
        self._position = 0
        self._gain = SILENT
        self._wanted_gain = NORMAL
        self._allowed = False
        self._picture_ready = False
        self._held = 0
        self._fading: Samples = np.zeros(0, np.float32)
        self._loudness = 1.0
        self._block_start, self._block_end, self._block_dac = 0, 0, 0.0
        self._played: deque[PlayedBlock] = deque(maxlen=500)
        self.underruns = 0
        """Number of blocks in which speech was missing in mid-turn."""
        self.volume = 1.0
        """Factor on everything that is played; set by the user, for all turns."""

    def expect(self, turn: Turn) -> None:
        """Expect the speech of `turn` next; drops what was queued."""
        turn.when_cancelled(self._wake)
        with self._changed:
            if 0 < self._position < len(self._tape):
                self._fading = _faded_out(self._tape.read(self._position, FADE), self._gain)
            if self._turn is not None:
                self._past.add(self._turn.id, self._tape.words)
            self._turn, self._tape, self._position = turn, SpeechBuffer(), 0
            self._allowed = self._picture_ready = False
            self._held = self._block_start = self._block_end = 0
            self._gain, self._wanted_gain = SILENT, NORMAL
            self._changed.ring()

    def put(self, turn: Turn, chunk: SpeechChunk) -> None:
        """Append speech; waits while the queue is full. Speech of another turn is ignored."""
        with self._changed:
            self._changed.wait_for(
                lambda: turn.cancelled or turn is not self._turn or self._ahead() <= MOST_AHEAD
            )
            turn.check()
            if turn is self._turn:
                self._tape.append(chunk)

    def finish(self, turn: Turn) -> None:
        """Mark the speech of `turn` as complete."""
        with self._changed:
            if turn is self._turn:
                self._tape.finish()

    def allow(self, turn: Turn) -> None:
        """Allow the turn to be played."""
        with self._changed:
            self._allowed = self._allowed or turn is self._turn

    def picture_ready(self, turn: Turn) -> None:
        """Record that the first frame of the turn exists, so that speech need not wait for it."""
        with self._changed:
            self._picture_ready = self._picture_ready or turn is self._turn

    def murmur(self, sound: Samples) -> None:
        """Play a sound (48 kHz) that belongs to no turn."""
        with self._changed:
            self._fading = sound

    def duck(self) -> None:
        """Lower the volume: somebody may be speaking."""
        self._want(DUCKED)

    def unduck(self) -> None:
        """Restore the volume."""
        self._want(NORMAL)

    def pause(self) -> None:
        """Fall silent within one block; nothing is lost."""
        self._want(SILENT)

    def resume(self) -> None:
        """Continue from the beginning of the word that was cut."""
        with self._changed:
            if self._gain == SILENT:
                self._position = max(1, self._tape.word_start(self._position))  # it has begun
                self._block_end = min(self._block_end, self._position)
            self._wanted_gain = NORMAL

    def progress(self, turn: Turn) -> PlaybackProgress:
        """Return what of `turn` has been heard so far."""
        with self._changed:
            if turn is not self._turn:
                return PlaybackProgress("", 0.0, over=True)
            self._changed.ring()  # the voice may have waited for what was played since
            count = self._tape.heard_words(self._position)
            return PlaybackProgress(
                " ".join(word.text for word in self._tape.words[:count]),
                self._position / PLAYBACK_RATE,
                over=self._tape.finished
                and self._position >= len(self._tape)
                and self._clock() >= self._block_dac + self._block_seconds(),
            )

    def heard_until(self, turn_id: int, seconds: float) -> str | None:
        """Return what of a turn, the present or one of the last, was heard when `seconds` of its
        speech were; None for an older one."""
        with self._changed:
            if self._turn is None or self._turn.id != turn_id:
                return self._past.heard_until(turn_id, seconds)
            return words_until(self._tape.words, min(seconds, self._position / PLAYBACK_RATE))

    def speech_at(self, dac_at: float) -> PlayedSpeech | None:
        """Return what is spoken in the block that was read for `dac_at`, if it is the latest with
        speech."""
        with self._changed:
            count = self._block_end - self._block_start
            if self._turn is None or self._block_dac != dac_at or count <= 0:
                return None
            return PlayedSpeech(self._turn.id, self._block_start, count)

    def now(self) -> Moment:
        """Return what is being played right now."""
        with self._changed:
            if self._turn is None or self._position == 0:
                return Moment(None, 0.0, ending=True)
            since = self._clock() - self._block_dac
            now = min(self._block_start / PLAYBACK_RATE + since, self._block_end / PLAYBACK_RATE)
            said = self._tape.finished and self._position >= len(self._tape)
            ending = said or self._gain == SILENT
            silent = ending and since >= self._block_seconds()
            return Moment(None if silent else self._turn, max(now, 0.0), ending)

    def read(self, count: int, dac_at: float) -> Samples:
        """Return the device's next `count` samples; the first leaves it at `dac_at`. Only
        copies."""
        with self._changed:
            samples = np.zeros(count, np.float32)
            if self._may_sound(count):
                self._copy(samples, dac_at)
            self._gain = self._target()
            faded, self._fading = self._fading[:count], self._fading[count:]
            samples[: len(faded)] += faded
            _amplify(samples, self._loudness, self.volume)
            self._loudness = self.volume
            self._played.append(PlayedBlock(samples, dac_at))
            return samples

    def take_played(self) -> list[PlayedBlock]:
        """Return the blocks that the device took since the last call, in order."""
        with self._changed:
            blocks = list(self._played)
            self._played.clear()
            return blocks

    def _target(self) -> float:
        stopped = self._turn is None or self._turn.cancelled or not self._allowed
        return SILENT if stopped else self._wanted_gain

    def _may_sound(self, count: int) -> bool:
        if self._turn is None or self._position >= len(self._tape):
            wanted = self._position > 0 and self._target() > SILENT
            self.underruns += int(wanted and not self._tape.finished)
            return False
        if self._position == 0:
            self._held += count
            ready = self._picture_ready or self._held > PICTURE_PATIENCE
            return ready and self._target() > SILENT
        return self._gain > SILENT or self._target() > SILENT

    def _copy(self, samples: Samples, dac_at: float) -> None:
        """Copy speech at the current gain, which changes linearly over the block; silence begins
        at its start."""
        speech = self._tape.read(self._position, len(samples))
        target = self._target()
        start = target if self._position == 0 else self._gain
        _copy_ramped(speech, samples, start, target)
        if self._turn is not None and _reaches_answer(self._turn, self._position + len(speech)):
            self._turn.mark("first_sound", dac_at)
        self._block_start, self._block_dac = self._position, dac_at
        self._position += len(speech)
        self._block_end = self._position

    def _block_seconds(self) -> float:
        return (self._block_end - self._block_start) / PLAYBACK_RATE

    def _ahead(self) -> int:
        return len(self._tape) - self._position

    def _want(self, gain: float) -> None:
        with self._changed:
            self._wanted_gain = gain

    def _wake(self) -> None:
        with self._changed:
            self._changed.ring()


def _reaches_answer(turn: Turn, position: int) -> bool:
    """Whether speech up to there holds some of the answer, not only what filled the wait for it."""
    return not turn.aside or position / PLAYBACK_RATE > turn.aside + ROUNDED


def _copy_ramped(speech: Samples, samples: Samples, start: float, target: float) -> None:
    """Copy speech into a silent block at a gain that changes over it."""
    if start == target == NORMAL:
        samples[: len(speech)] = speech
        return
    length = min(FADE, len(samples)) if target == SILENT else len(samples)
    ramp = np.linspace(start, target, length, dtype=np.float32)[: len(speech)]
    samples[: len(ramp)] = speech[: len(ramp)] * ramp


def _faded_out(rest: Samples, gain: float) -> Samples:
    """Return a fade-out of what is playing, for a turn that is cut off."""
    ramp = np.linspace(gain, SILENT, FADE, dtype=np.float32)
    return rest * ramp[: len(rest)]


def _amplify(samples: Samples, before: float, volume: float) -> None:
    """Change the volume over a block from `before` on."""
    if before != 1.0 or volume != 1.0:
        ramp = np.linspace(before, volume, len(samples), dtype=np.float32)
        np.clip(samples * ramp, -1.0, 1.0, out=samples)
