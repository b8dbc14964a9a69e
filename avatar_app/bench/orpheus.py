"""Orpheus: the cost of SNAC's windows at the published size, and of the model if installed.

The decoder has random weights and the published layers, so it costs what the published one costs.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np

from avatar_app.bench.progress import show_steps
from avatar_app.bench.result import Report, quantile
from avatar_app.bench.scripted.snac import PUBLISHED, write_snac
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.engines.tts.orpheus.engine import OrpheusVoice
from avatar_app.engines.tts.orpheus.frames import CODES, PLACES, Frame
from avatar_app.engines.tts.orpheus.snac import CONTEXT, FRAME, RATE, Decoder
from avatar_app.models.resolve import installed_path
from avatar_app.runtime.factory import resolve_options
from avatar_app.runtime.processor_shares import threads_for
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths, app_paths

WINDOWS = (4, 8, 16)
"""New frames in a window; the first is the engine's default."""
TIMES, QUICK = 12, 3
WINDOW_MS = 150.0
"""Of the default window, on a machine that carries the language model."""
REALTIME_FACTOR = 1.0
EQUAL = 1e-4
MODEL = "orpheus-3b"
SENTENCE = "The boy was there when the sun rose, and he stayed until the evening came."


def measure(settings: Settings, paths: AppPaths, *, quick: bool) -> Report:
    """Measure windows of several sizes, then the installed model, if there is one."""
    del settings
    report = Report()
    report.add("load_before", os.getloadavg()[0], "")
    paths.cache.mkdir(parents=True, exist_ok=True)
    decoder = Decoder(write_snac(paths.cache / "snac.onnx", PUBLISHED), threads_for(Kind.TTS))
    decoder.decode(frames(1 + CONTEXT), Turn(0))  # warms up
    for window in show_steps("orpheus, window", WINDOWS):
        _add_window(report, decoder, window, QUICK if quick else TIMES)
    report.add("stream_to_whole", _difference(decoder), "", most=EQUAL)
    if model := installed_path(MODEL, app_paths()):
        _add_speech(report, model)
    report.add("load_after", os.getloadavg()[0], "")
    return report


def frames(count: int) -> list[Frame]:
    """Return random frames, the same ones each time."""
    codes = np.random.default_rng(count).integers(0, CODES, (count, PLACES))
    return [tuple(int(code) for code in row) for row in codes]


def _add_window(report: Report, decoder: Decoder, window: int, times: int) -> None:
    """A window in the middle of a text has context on both sides."""
    whole, spent = frames(window + 2 * CONTEXT), []
    for _ in range(times):
        began = time.perf_counter()
        decoder.decode(whole, Turn(0))
        spent.append(1000 * (time.perf_counter() - began))
    most = WINDOW_MS if window == WINDOWS[0] else None
    report.add_percentiles(f"window_of_{window}", spent, "ms", p50=most)
    median = quantile(spent, "p50") or 0.0
    report.add(f"window_of_{window}_factor", median / 1000 / (window * FRAME / RATE), "")


def _difference(decoder: Decoder) -> float:
    said = frames(17)
    streamed = np.concatenate(list(decoder.stream(said, WINDOWS[0], Turn(0))))
    return float(np.abs(streamed - decoder.decode(said, Turn(0))).max())


def _add_speech(report: Report, model: Path) -> None:
    manifest = Registry().find(Kind.TTS, "orpheus")
    voice = OrpheusVoice(**resolve_options({"model": str(model)}, manifest, app_paths()))
    try:
        list(voice.speak("Hello.", Turn(0)))
        began, first, seconds = time.perf_counter(), 0.0, 0.0
        for chunk in voice.speak(SENTENCE, Turn(1)):
            first = first or time.perf_counter() - began
            seconds += chunk.audio.seconds
        factor = (time.perf_counter() - began) / seconds
    finally:
        voice.close()
    report.add("first_sound", 1000 * first, "ms", most=manifest.promises.first_output_ms)
    report.add("realtime_factor", factor, "", most=REALTIME_FACTOR)
