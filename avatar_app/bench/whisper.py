"""Whisper: cost and word errors of a transcript, compared with plain faster-whisper in one run.

faster-whisper's own `transcribe` pads any sound to 30 s; both use one network, beam and filter. The
model is the one in the settings, or whisper-base.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from avatar_app.bench.progress import show_steps
from avatar_app.bench.result import Report
from avatar_app.bench.said_clips import SHORT, SaidClip, said_clips
from avatar_app.bench.whisper_live import LiveFigures, hear_live
from avatar_app.bench.word_errors import normalize_words, word_errors
from avatar_app.core.home import expanded
from avatar_app.core.manifest import Kind
from avatar_app.core.values import Samples
from avatar_app.engines.asr.whisper.decoding import Decoder
from avatar_app.engines.asr.whisper.engine import WhisperRecognizer
from avatar_app.engines.asr.whisper.hypothesis import DecodingOptions
from avatar_app.engines.asr.whisper.loading import load
from avatar_app.runtime.factory import resolve_options
from avatar_app.runtime.kinds import choices
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths

TIMES_CHEAPER = 4.0
FINAL_MS = 250.0
PARTIAL_EVERY = 0.45
"""Seconds; partial texts are due every 0.4 s, rounded up to the next block of 10 ms."""
LANGUAGE = "en"
OURS, THEIRS = "ours", "faster_whisper"


@dataclass
class _Way:
    """One implementation of transcription."""

    hear: Callable[[Samples], str]
    processor: dict[str, float] = field(default_factory=dict)
    """Seconds of processor time, by the clip's name."""
    wall: dict[str, float] = field(default_factory=dict)
    """Seconds, likewise."""
    errors: dict[str, int] = field(default_factory=dict)

    def take(self, clip: SaidClip) -> None:
        began, used = time.perf_counter(), time.process_time()
        heard = self.hear(clip.samples)
        self.processor[clip.name] = time.process_time() - used
        self.wall[clip.name] = time.perf_counter() - began
        self.errors[clip.name] = word_errors(heard, clip.said)


def measure(settings: Settings, paths: AppPaths, *, quick: bool) -> Report:
    """Measure both on each clip, in turns; then the clips in real time."""
    del paths  # the model is among the user's
    options = _whisper_options(settings)
    report = Report()
    report.add("load_before", os.getloadavg()[0], "")
    clips = said_clips(quick=quick)
    ways = _ways(options)
    for clip in show_steps("whisper, clip", clips[:1] + clips):  # the first warms up
        for way in ways.values():
            way.take(clip)
    _compare(report, clips, ways)
    del ways
    live = [clip for clip in clips if clip.real and clip.seconds <= SHORT]
    _live(report, options, live[:: 2 if quick else 1])
    report.add("load_after", os.getloadavg()[0], "")
    return report


def _whisper_options(settings: Settings) -> dict[str, Any]:
    """Return the settings' options, where they choose Whisper; raises ModelMissing without the
    model."""
    choice = choices(settings)[Kind.ASR]
    registry = Registry()
    manifest = registry.find(Kind.ASR, "whisper")
    options = choice.options if choice.engine == manifest.name else {}
    return resolve_options(options, manifest, registry.paths) | {"language": LANGUAGE}


def _ways(options: dict[str, Any]) -> dict[str, _Way]:
    model = load(
        expanded(options["model"]),
        options["device"],
        options["compute"],
        options["threads"],
    )
    decoder = Decoder(model)
    decoding = DecodingOptions(LANGUAGE, options["beam"], options["voice_filter"])

    def ours(samples: Samples) -> str:
        found = decoder.decode(samples, decoding, final=True)
        return found.text if found else ""

    def theirs(samples: Samples) -> str:
        segments, _ = model.transcribe(
            samples,
            language=LANGUAGE,
            beam_size=options["beam"],
            vad_filter=options["voice_filter"],
            word_timestamps=True,
        )
        return "".join(segment.text for segment in segments)

    return {OURS: _Way(ours), THEIRS: _Way(theirs)}


def _compare(report: Report, clips: list[SaidClip], ways: dict[str, _Way]) -> None:
    short = [clip for clip in clips if clip.seconds <= SHORT]
    spent = {name: [way.processor[clip.name] for clip in short] for name, way in ways.items()}
    report.add("clips", len(clips), "")
    report.add("short_clips", len(short), "")
    ratio = sum(spent[THEIRS]) / sum(spent[OURS])
    report.add("processor_ratio", ratio, "times", least=TIMES_CHEAPER)
    report.add(
        "wall_ratio", _total(ways[THEIRS].wall, short) / _total(ways[OURS].wall, short), "times"
    )
    for name, values in spent.items():
        report.add_percentiles(
            f"{name}_processor", [1000 * v for v in values], "ms", p50=None, p95=None
        )
        wall = [1000 * ways[name].wall[clip.name] for clip in short]
        report.add_percentiles(f"{name}_wall", wall, "ms", p50=None, p95=None)
    for group, members in _groups(clips).items():
        words = sum(len(normalize_words(clip.said)) for clip in members)
        report.add(f"{group}_words", words, "")
        for name, way in ways.items():
            theirs = _total(ways[THEIRS].errors, members)
            most = 100 * theirs / words if name == OURS else None
            errors = 100 * _total(way.errors, members) / words
            report.add(f"{group}_word_errors_{name}", errors, "%", most=most)


def _groups(clips: list[SaidClip]) -> dict[str, list[SaidClip]]:
    groups = {
        "recorded": [clip for clip in clips if clip.real],
        "synthesized": [clip for clip in clips if not clip.real],
    }
    return {name: members for name, members in groups.items() if members}


def _total(figures: dict[str, Any], clips: list[SaidClip]) -> float:
    return float(sum(figures[clip.name] for clip in clips))


def _live(report: Report, options: dict[str, Any], clips: list[SaidClip]) -> None:
    """Measure the recordings in real time, on one core and with the threads of the settings."""
    for threads in sorted({1, options["threads"]}):
        recognizer = WhisperRecognizer(**options | {"threads": threads})
        try:
            figures = hear_live(recognizer, clips, f"whisper, live, {threads} thread(s)")
        finally:
            recognizer.close()
        _report_live(report, f"threads_{threads}", figures, threads)


def _report_live(report: Report, name: str, figures: LiveFigures, threads: int) -> None:
    every = PARTIAL_EVERY if threads == 1 else None
    final = FINAL_MS if threads > 1 else None
    report.add_percentiles(f"{name}_partial_every", figures.every, "s", p50=every, p95=None)
    report.add_percentiles(f"{name}_partial_took", figures.took, "ms", p50=None, p95=None)
    report.add_percentiles(f"{name}_final_after_voice", figures.final, "ms", p50=None, p95=final)
    report.add(f"{name}_partials_dropped", figures.dropped, "")
    share = figures.processor / figures.seconds if figures.seconds else None
    report.add(f"{name}_cores", share, "")
