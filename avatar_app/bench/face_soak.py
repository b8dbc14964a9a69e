"""Face soak: memory growth of a face over a thousand utterances."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import psutil

from avatar_app.bench.faces import FPS, face_by_name, with_face
from avatar_app.bench.progress import show_steps
from avatar_app.bench.result import Report
from avatar_app.bench.scene import load_chosen
from avatar_app.core.engines import Face, SpeechSynthesizer
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.core.values import FaceState, SpeechChunk, VideoFrame
from avatar_app.engines.face.wav2lip.runtime import give_back_memory
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths

UTTERANCES, QUICK_UTTERANCES = 1000, 60
TEXTS = ("Yes.", "No.", "Well.", "I see.", "Oh!", "Fine.", "Right?")
MOST_MB = 450
PER = 100
"""Utterances per growth measurement."""
GROWTH_MB = 1.0
WARM_UP = 0.2
"""Share of the utterances before memory is measured."""
RESTING = 3
"""Frames at rest after each."""


def measure_face(
    settings: Settings, paths: AppPaths, face: str, utterances: int | None, *, quick: bool
) -> Report:
    """Run `Face.perform` over short utterances, as fast as it can; only the face is in this process
    besides the voice's own process."""
    count = utterances or (QUICK_UTTERANCES if quick else UTTERANCES)
    chosen = with_face(settings, paths, face_by_name(face))
    speeches = _speeches(chosen)
    give_back_memory()  # memory freed after writing the weights would hide what loading takes
    before = _megabytes()
    engine = load_chosen(chosen, Kind.FACE)
    loaded = _megabytes() - before
    try:
        memory, pictures, seconds = _spoken(engine, speeches, count, before)
    finally:
        engine.close()
    warm = memory[round(WARM_UP * count) :]
    slope = float(np.polyfit(np.arange(len(warm)), warm, 1)[0]) * PER
    report = Report()
    report.add("engine_memory_growth", slope, f"MB per {PER} utterances", most=GROWTH_MB)
    report.add("engine_memory_loaded", loaded, "MB")
    report.add("engine_memory_last", memory[-1], "MB", most=MOST_MB)
    report.add("engine_memory_most", max(memory), "MB", most=MOST_MB)
    report.add("utterances", len(memory), "", least=count)
    report.add("pictures", pictures, "", least=count * FPS // 4)
    report.add("ms_a_picture", 1000 * seconds / max(pictures, 1), "ms")
    report.series["engine_memory [MB]"] = memory
    return report


def _speeches(settings: Settings) -> list[list[SpeechChunk]]:
    voice: SpeechSynthesizer = load_chosen(settings, Kind.TTS)
    try:
        return [list(voice.speak(text, Turn(0))) for text in TEXTS]
    finally:
        voice.close()


def _spoken(
    face: Face, speeches: Sequence[list[SpeechChunk]], count: int, before: float
) -> tuple[list[float], int, float]:
    """Return the memory after each utterance beyond `before`, the speaking frames, and the seconds
    they took."""
    memory, pictures = [], 0
    shown: VideoFrame | None = None
    began = time.perf_counter()
    for index in show_steps("soak, utterance", range(count)):
        speech = iter(speeches[index % len(speeches)])
        for picture in face.perform(speech, Turn(index), shown):
            shown, pictures = picture, pictures + 1
        for _ in range(RESTING):
            shown = face.rest(FaceState.IDLE, shown)
        memory.append(_megabytes() - before)
    return memory, pictures, time.perf_counter() - began


def _megabytes() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6
