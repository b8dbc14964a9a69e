"""The face stage: draws speech and rest, and replaces a face that fails in mid-word."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from avatar_app.core.engines import Face
from avatar_app.core.errors import AvatarError, EngineFailed, TooSlow
from avatar_app.core.turn import Turn
from avatar_app.core.values import SpeechChunk, VideoFrame
from avatar_app.pipeline.commands import Command, StageFailed
from avatar_app.pipeline.engine_usage import EngineUsage
from avatar_app.pipeline.output.frame_stats import FrameSource
from avatar_app.pipeline.output.playback import Playback
from avatar_app.pipeline.output.presenter import Presenter
from avatar_app.pipeline.output.speech_track import SpeechTrack
from avatar_app.pipeline.output.still_face import StillFace
from avatar_app.pipeline.stage import Stage
from avatar_app.pipeline.work_tracker import WorkTracker

PERFORM, REST = "perform", "rest"

LATE_FOR = 0.5
"""Seconds of sound for which frames may be late before a simpler face takes over."""
HUNG_FOR = 3.0
"""Seconds without any frame after which a face has hung, where only a still one is left or
at rest."""
_TOLERATED = 0.08
"""Seconds by which a frame may be late without counting as late."""
_HEADWAY = 0.3
"""Seconds of speech after a moment that a face may need to draw it; if missing, the voice
is late."""
_SLOW = TooSlow(
    "The face is too slow for the sound on this computer.",
    "Choose standard quality, a smaller picture or another face in the settings.",
)
_HUNG = EngineFailed("The face no longer responds.", "Choose another face in the settings.")


@dataclass(frozen=True, slots=True, eq=False)
class _Segment:
    """The part of a turn drawn by one face. Its own Turn ends with the whole turn, or before it."""

    face: Face
    speech: Iterator[SpeechChunk]


class FaceStage:
    """Two stages: one draws a turn's speech, the other the face at rest, for ever.

    A face that raises, is late or hangs is replaced by the fallback, and that by a still picture,
    from the frame after the last one drawn. Nothing here delays the sound. Only the
    conversation thread calls this.
    """

    def __init__(
        self,
        face: Face,
        fallback: Face | None,
        playback: Playback,
        presenter: Presenter,
        activity: WorkTracker,
        post: Callable[[Command], None],
        clock: Callable[[], float],
        engine_usage: EngineUsage,
    ) -> None:
        self._playback, self._presenter, self._engine_usage = playback, presenter, engine_usage
        self._activity, self._post, self._clock = activity, post, clock
        self._performers: Stage[_Segment, VideoFrame] = Stage(
            PERFORM, self._perform, activity, self._performed, _nothing, self._failed
        )
        self._resters: Stage[Face, tuple[int, VideoFrame]] = Stage(
            REST, self._draw_rest, activity, self._rested, _nothing, self._failed
        )
        self._still = StillFace()
        self._faces: list[Face] = []
        self._fallback: Face | None = None
        self._turn = self._part = self._resting = Turn(id=0)
        self._part.cancel()
        self._script = SpeechTrack(activity)
        self._heard = self._late_for = 0.0
        self._drawn: float | None = None
        self.use(face, fallback)

    def start(self, turn: Turn) -> SpeechTrack:
        """Draw what will be said in `turn`; the speak stage writes it into the returned track."""
        self._turn, self._script = turn, SpeechTrack(self._activity)
        self._heard = 0.0
        self._presenter.expect(turn)
        self._begin_part(0.0)
        return self._script

    def use(self, face: Face, fallback: Face | None = None) -> None:
        """Show `face` from now on, even during a turn; `fallback` takes over when it fails."""
        distinct = [face] if fallback is None or fallback is face else [face, fallback]
        self._fallback = fallback
        self._show([*distinct, self._still])

    def fail_over(self) -> None:
        """Replace the shown face, which failed, by the next one."""
        self._show(self._faces[1:] or [self._still])

    def watch(self) -> None:
        """Called once per block: report a face that is late or hangs as failed."""
        self._watch_part()
        since = self._presenter.rest_awaited_since
        if since is not None and self._clock() - since > HUNG_FOR and not self._is_still:
            self._post(StageFailed(self._resting, REST, _HUNG))

    def close(self) -> None:
        """End the threads; the turn must be cancelled."""
        self._resting.cancel()
        self._presenter.close()
        self._performers.close()
        self._resters.close()

    @property
    def _is_still(self) -> bool:
        return self._faces[0] is self._still

    @property
    def _cast(self) -> FrameSource:
        if self._is_still:
            return FrameSource.STILL
        return FrameSource.STAND_IN if self._faces[0] is self._fallback else FrameSource.CHOSEN

    def _show(self, faces: list[Face]) -> None:
        before, self._faces = self._faces[:1], faces
        self._presenter.fps = faces[0].fps
        self._resting.cancel()
        if before and before[0] is not faces[0]:  # either thread may be blocked in the old face
            self._performers.restart()
            self._resters.restart()
        self._presenter.forget_resting()
        self._resting = Turn(id=0)
        self._resting.when_cancelled(self._presenter.wake)
        self._resters.submit(self._resting, faces[0])
        if not self._part.cancelled:
            self._begin_part(self._next_at())

    def _next_at(self) -> float:
        """Return the time of the frame after the last one, or of the sound if that is further."""
        moment = self._playback.now()
        now = moment.seconds if moment.turn is self._turn else 0.0
        drawn = self._presenter.drawn_until
        return now if drawn is None else max(now, drawn + 1 / self._faces[0].fps)

    def _begin_part(self, seconds: float) -> None:
        """Let the shown face draw the turn from there on, at a multiple of its frame duration."""
        self._part.cancel()
        self._part = part = Turn(self._turn.id, self._turn.user_text)
        self._turn.when_cancelled(part.cancel)
        part.when_cancelled(self._presenter.wake)
        self._late_for = 0.0
        face = self._faces[0]
        begin = math.ceil(seconds * face.fps - 1e-6) / face.fps
        self._presenter.admit(part, self._cast)
        self._performers.submit(part, _Segment(face, self._script.since(begin, part)))

    def _watch_part(self) -> None:
        moment = self._playback.now()
        if moment.turn is not self._turn or self._part.cancelled or self._is_still:
            return
        passed, self._heard = moment.seconds - self._heard, moment.seconds
        self._part.heard = moment.seconds
        drawn, step = self._presenter.drawn_until, 1 / self._faces[0].fps
        tolerated = max(_TOLERATED, 2 * step)
        late = (drawn if drawn is not None else -step) < moment.seconds - tolerated
        drawable = self._script.reaches(moment.seconds + _HEADWAY)
        is_last = self._faces[1] is self._still
        draws = is_last and drawn != self._drawn  # late frames are better than none
        self._drawn = drawn
        counts = late and drawable and not draws
        self._late_for = self._late_for + max(passed, 0.0) if counts else 0.0
        if self._late_for > (HUNG_FOR if is_last else LATE_FOR):
            self._late_for = 0.0
            self._post(StageFailed(self._part, PERFORM, _HUNG if is_last else _SLOW))

    # in the stages' threads

    def _perform(self, job: _Segment, part: Turn) -> Iterator[VideoFrame]:
        with self._engine_usage.of(lambda: job.face) as face:
            part.check()  # else it may be closed by now
            yield from face.perform(job.speech, part, self._presenter.newest)

    def _performed(self, _job: _Segment, part: Turn, frame: VideoFrame) -> None:
        self._presenter.put(part, frame)

    def _draw_rest(self, face: Face, resting: Turn) -> Iterator[tuple[int, VideoFrame]]:
        while (wanted := self._presenter.wait_for_rest(resting)) is not None:
            generation, look, after = wanted
            with self._engine_usage.of(lambda: face):
                resting.check()
                frame = face.rest(look, after)
            yield generation, frame

    def _rested(self, _face: Face, _resting: Turn, drawn: tuple[int, VideoFrame]) -> None:
        self._presenter.put_resting(*drawn)

    def _failed(self, _job: Any, turn: Turn, stage: str, error: AvatarError) -> None:
        self._post(StageFailed(turn, stage, error))


def _nothing(_job: Any, _turn: Turn) -> None:
    """The end of these stages needs no action."""
