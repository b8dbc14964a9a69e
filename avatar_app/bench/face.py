"""Face: drawing time per picture, and processor use of a working face."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np

from avatar_app.bench.faces import face_by_name, with_face
from avatar_app.bench.result import Report
from avatar_app.bench.scene import load_chosen
from avatar_app.bench.telling import STORY
from avatar_app.core.engines import Face, SpeechSynthesizer
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, FaceState, Image, SpeechChunk, VideoFrame
from avatar_app.pipeline.output.clauses import split_clauses
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths

FPS = 30.0
LOOKS = (FaceState.IDLE, FaceState.LISTENING, FaceState.THINKING)
QUICK_FRAMES, FRAMES = 60, 450


def measure(settings: Settings, paths: AppPaths, *, quick: bool, face: str | None = None) -> Report:
    """Let the settings' face, or the one called `face`, speak with the settings' voice,
    then rest."""
    if face is not None:
        settings = with_face(settings, paths, face_by_name(face))
    count = QUICK_FRAMES if quick else FRAMES
    voice, shown = (
        load_chosen(settings, Kind.TTS),
        load_chosen(settings, Kind.FACE),
    )
    try:
        speech = list(_spoken(voice))
        performed = _Timed(shown.perform(iter(speech), Turn(0)))
        last = _drawn(performed, count)
        rested = _Timed(_resting(shown, last, count))
        _drawn(rested, count)
    finally:
        voice.close()
        shown.close()
    return _report(performed, rested, _conversion_ms(last.image), last.image)


def _spoken(voice: SpeechSynthesizer) -> Iterator[SpeechChunk]:
    """Yield a story, clause by clause, as one stream."""
    start = 0
    for clause in split_clauses([STORY]):
        for chunk in voice.speak(clause, Turn(0)):
            audio = AudioChunk(chunk.audio.samples, chunk.audio.rate, start)
            start += len(audio.samples)
            yield replace(chunk, audio=audio)


class _Timed(Iterator[VideoFrame]):
    """Records how long each frame takes, in real and in processor time."""

    def __init__(self, frames: Iterator[VideoFrame]) -> None:
        self._frames = frames
        self.wall_ms: list[float] = []
        self.cpu_ms: list[float] = []

    def __next__(self) -> VideoFrame:
        wall, cpu = time.perf_counter(), time.process_time()
        frame = next(self._frames)
        self.wall_ms.append((time.perf_counter() - wall) * 1000)
        self.cpu_ms.append((time.process_time() - cpu) * 1000)
        return frame


def _drawn(frames: _Timed, count: int) -> VideoFrame:
    """Return the last of `count` frames."""
    return list(islice(frames, count))[-1]


def _resting(face: Face, after: VideoFrame | None, count: int) -> Iterator[VideoFrame]:
    for index in range(count):
        look = LOOKS[index * len(LOOKS) // count]
        after = face.rest(look, after)
        yield after


def _conversion_ms(image: Image, rounds: int = 50) -> float:
    """Return the milliseconds of a color conversion of such a picture, as a yardstick."""
    import cv2

    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420)
        times.append((time.perf_counter() - began) * 1000)
    return float(np.median(times))


def _report(performed: _Timed, rested: _Timed, conversion_ms: float, image: Image) -> Report:
    report = Report()
    report.add("width", image.shape[1], "px")
    report.add("height", image.shape[0], "px")
    report.add("first_frame", performed.wall_ms[0], "ms")
    for name, timed in (("perform", performed), ("rest", rested)):
        wall, cpu = timed.wall_ms[1:], timed.cpu_ms[1:]
        report.add_percentiles(f"{name}_frame", wall, "ms", p50=None, p95=None)
        report.add(f"{name}_fps", 1000 / float(np.mean(wall)), "Hz", least=FPS)
        share = float(np.mean(cpu)) * FPS / 10
        report.add(f"{name}_core_at_30_fps", share, "% of a core", most=100)
    ratio = float(np.median(performed.wall_ms[1:])) / conversion_ms
    report.add("color_conversion", conversion_ms, "ms")
    report.add("perform_per_color_conversion", ratio, "times")
    return report
