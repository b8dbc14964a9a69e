"""Renders a face and its speech to a film: drawing, compositing and encoding in parallel,
streamed."""

from __future__ import annotations

import math
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

from avatar_app.core.engines import Face
from avatar_app.core.errors import InputInvalid
from avatar_app.core.events import Noticed
from avatar_app.core.turn import Turn
from avatar_app.core.values import FaceState, SpeechChunk, VideoFrame
from avatar_app.media.video_writer import VideoWriter, film_file
from avatar_app.render.engines import FrameFilter
from avatar_app.render.sound import Sound

PRESET = "veryfast"
_AHEAD = 2
"""Pictures that may wait for the encoder: as many as one batch of lips on a processor."""
CLOSING = 0.1
"""Seconds that faces take to close their mouth after the last sound."""

Tell = Callable[[float, float], None]
"""Receives percent done and seconds left after each picture, in the rendering thread."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The result of rendering a film."""

    pictures: int
    began: float
    """Seconds before the first picture was requested."""
    painted: float
    """Seconds from then until the last picture was passed to the encoder."""
    finished: float
    """Seconds from then until the film was complete."""

    @property
    def took(self) -> float:
        return self.began + self.painted + self.finished


def ignore_progress(_percent: float, _seconds_left: float) -> None:
    """Ignore progress."""


def check_output(output: Path, *sources: Path) -> None:
    """Check before any work: raises InputInvalid where a film at `output` would replace its own
    input, FilmUnwritable where it cannot be written."""
    target = film_file(output)
    for source in sources:
        if os.path.exists(target) and os.path.exists(source) and target.samefile(source):
            raise InputInvalid(
                f"The film {output} would replace {source}, its own input.",
                "Choose another name for the film.",
            )


def even_size(width: int, height: int) -> tuple[int, int, list[Noticed]]:
    """Return the film's size for the requested one, in pixels, and a notice if it differs.

    Both sides are even, as the colors of H.264 (4:2:0) have half the pixels.
    """
    even = (width - width % 2, height - height % 2)
    if even == (width, height):
        return *even, []
    message = f"The film is {even[0]} × {even[1]} pixels instead of {width} × {height}."
    return *even, [Noticed(message, "Choose an even width and height.")]


def render_film(
    face: Face,
    sound: Sound,
    path: Path,
    turn: Turn,
    tell: Tell = ignore_progress,
    *,
    with_sound: bool = True,
    preset: str = PRESET,
    touch: FrameFilter = iter,
    labeled: bool = False,
) -> Rendered:
    """Render the face speaking `sound` to the mp4 `path`: as many pictures as the sound lasts.

    The last pictures show the mouth closing: the face does not hear the sound's last tenth of a
    second. `touch` may change the pictures; `labeled` ones say that they are synthetic. Everything
    is streamed: at most two pictures wait for the encoder. Raises TurnCancelled if `turn` is
    cancelled; any exception leaves no file behind, and an older film unchanged.
    """
    times = [time.perf_counter()]
    count = max(1, math.ceil(sound.seconds * face.fps - 1e-6))
    silent = not with_sound
    writer = VideoWriter(
        path,
        face.fps,
        preset,
        stereo=sound.stereo,
        silent=silent,
        subtitles=sound.subtitles,
        labeled=labeled,
    )
    with writer as movie, _EncoderThread() as encoder:
        until = (count - math.ceil(CLOSING * face.fps - 1e-6) - 0.5) / face.fps
        speech = _heard(sound, until, encoder, None if silent else movie)
        times.append(time.perf_counter())
        for index, frame in enumerate(touch(frames_of(face, speech, turn, count)), 1):
            turn.check()
            encoder.do(movie.add_picture, frame.image)
            spent = time.perf_counter() - times[-1]
            tell(100 * index / count, spent / index * (count - index))
        times.append(time.perf_counter())
        deque(speech, maxlen=0)  # sound that the face need not process is played nevertheless
        encoder.finish()
    times.append(time.perf_counter())
    began, painted, finished = (b - a for a, b in pairwise(times))
    return Rendered(count, began, painted, finished)


def _heard(
    sound: Sound, until: float, encoder: _EncoderThread, movie: VideoWriter | None
) -> Iterator[SpeechChunk]:
    """Yield the speech for the face, `until` so many seconds; all of it is also written to the
    film."""
    for take in sound.takes():
        if movie is not None:
            encoder.do(movie.add_sound, *take.sides)
        seconds = take.speech.audio.seconds
        if until > 0:
            yield take.speech if seconds <= until else first_seconds(take.speech, until)
        until -= seconds


def first_seconds(speech: SpeechChunk, seconds: float) -> SpeechChunk:
    """Return the first seconds; later speech is neither heard nor shown."""
    audio = speech.audio
    samples = audio.samples[: round(seconds * audio.rate)]
    return replace(
        speech,
        audio=replace(audio, samples=samples),
        visemes=tuple(viseme for viseme in speech.visemes if viseme.at < seconds),
    )


def frames_of(
    face: Face, speech: Iterator[SpeechChunk], turn: Turn, count: int
) -> Iterator[VideoFrame]:
    """Yield `count` pictures; a face that has closed its mouth before continues at rest."""
    performance, frame = face.perform(speech, turn), None
    for _ in range(count):
        frame = next(performance, None) or face.rest(FaceState.IDLE, frame)
        yield frame


class _EncoderThread:
    """Runs tasks in order in a second thread; blocks the caller if more than a few are waiting."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "encoder")
        self._waiting: deque[Future[None]] = deque()

    def do(self, work: Callable[..., None], *arguments: Any) -> None:
        """Queue a task; raises exceptions of earlier tasks."""
        while len(self._waiting) >= _AHEAD:
            self._waiting.popleft().result()
        self._waiting.append(self._thread.submit(work, *arguments))

    def finish(self) -> None:
        """Wait until all tasks are done."""
        while self._waiting:
            self._waiting.popleft().result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(cancel_futures=True)
