"""Kokoro: latency and cost of speech, compared with the kokoro-onnx package in the same run.

Both use the same graph; the report includes the distance of their sounds, and Whisper's word errors
for each where whisper-base is installed. Piper is measured too where it is installed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from avatar_app.bench.log_mel import mel_distance
from avatar_app.bench.progress import show_steps
from avatar_app.bench.result import Report
from avatar_app.bench.word_errors import normalize_words, word_errors
from avatar_app.core.home import expanded
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.core.values import Samples
from avatar_app.engines.asr.whisper.loading import load
from avatar_app.engines.tts.kokoro.engine import KokoroVoice
from avatar_app.engines.tts.kokoro.loading import RATE
from avatar_app.engines.tts.piper.engine import PiperVoice
from avatar_app.models.resolve import installed_path
from avatar_app.runtime.factory import resolve_options
from avatar_app.runtime.kinds import choices
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths, app_paths

FIRST_CLAUSES = (
    "Good morning Peter,",
    "Of course I can,",
    "That is a good question,",
    "Let me think about it,",
)
SENTENCES = (
    "It is easy to tell the depth of a well.",
    "I can set a timer for you, or read your notes, whenever you would like me to.",
    "The weather will be nice tomorrow, with some clouds in the afternoon and a light wind.",
    "The birch canoe slid on the smooth planks.",
    "The boy was there when the sun rose, and he stayed until the evening came.",
    "Large size in stockings is hard to sell.",
    "A rod is used to catch pink salmon.",
    "Tell me what you remember of the journey that you made in the spring.",
)
"""Some of the Harvard sentences (IEEE, 1969), and typical answers of an avatar."""
QUICK = 3
REALTIME_FACTOR = 0.45
FIRST_SOUND_MS = 450.0
MOST_WRONG = 0.05
"""Of the words."""
NEITHER_SLOWER = 1.0
OURS, PLAIN, PIPER = "kokoro", "kokoro_onnx", "piper"
_WHISPER_RATE = 16_000


@dataclass
class _Way:
    """One implementation of text to sound."""

    speak: Callable[[str], Samples]
    rate: int
    seconds: list[float] = field(default_factory=list)
    """Of sound."""
    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    sounds: list[Samples] = field(default_factory=list)

    def take(self, text: str) -> None:
        began, used = time.perf_counter(), time.process_time()
        sound = self.speak(text)
        self.processor.append(time.process_time() - used)
        self.wall.append(time.perf_counter() - began)
        self.seconds.append(len(sound) / self.rate)
        self.sounds.append(sound)


def measure(settings: Settings, paths: AppPaths, *, quick: bool) -> Report:
    """Measure all implementations on each sentence, in turns; then first clauses. Raises
    ModelMissing without the model."""
    del paths  # the model is among the user's
    report = Report()
    report.add("load_before", os.getloadavg()[0], "")
    options = _options(settings)
    voice = KokoroVoice(**options)
    ways = {OURS: _Way(_whole(voice), RATE), PLAIN: _plain(options)}
    if path := installed_path("piper-en-us-joe-medium", app_paths()):
        piper = PiperVoice(model=str(path), threads=options["threads"])
        ways[PIPER] = _Way(_whole(piper), 22_050)
    said = SENTENCES[:QUICK] if quick else SENTENCES
    for way in ways.values():
        way.speak(FIRST_CLAUSES[0])  # warms up
    for sentence in show_steps("kokoro, sentence", said):
        for way in ways.values():
            way.take(sentence)
    _tell_speed(report, ways)
    _tell_first_sound(report, voice, FIRST_CLAUSES[:QUICK] if quick else FIRST_CLAUSES)
    distances = [
        mel_distance(ours, plain, RATE)
        for ours, plain in zip(ways[OURS].sounds, ways[PLAIN].sounds, strict=True)
    ]
    report.add_percentiles("log_mel_distance", distances, "dB", p50=None, max=None)
    if whisper := installed_path("whisper-base", app_paths()):
        _tell_round_trip(report, ways, said, whisper)
    report.add("load_after", os.getloadavg()[0], "")
    return report


def _options(settings: Settings) -> dict[str, Any]:
    """Return the settings' options, where they choose Kokoro; else its smallest installed model."""
    choice = choices(settings)[Kind.TTS]
    manifest = Registry().find(Kind.TTS, "kokoro")
    if choice.engine == manifest.name:
        return resolve_options(choice.options, manifest, app_paths())
    installed = installed_path("kokoro-v1.0-int8", app_paths())
    return resolve_options({"model": str(installed)} if installed else {}, manifest, app_paths())


def _whole(voice: Any) -> Callable[[str], Samples]:
    """Speak each text as a later one of the same turn: sentence by sentence."""
    turn = Turn(0)

    def speak(text: str) -> Samples:
        return np.concatenate([chunk.audio.samples for chunk in voice.speak(text, turn)])

    return speak


def _plain(options: dict[str, Any]) -> _Way:
    """Run kokoro-onnx as its documentation shows it, with the runtime's default options."""
    from kokoro_onnx import Kokoro

    folder = expanded(options["model"])
    folder = folder.parent if folder.is_file() else folder
    graph, voices = next(folder.glob("*.onnx")), next(folder.glob("voices*"))
    kokoro = Kokoro(str(graph), str(voices))

    def speak(text: str) -> Samples:
        sound, _ = kokoro.create(text, voice=options["voice"], speed=1.0, lang="en-us")
        return np.asarray(sound, np.float32)

    return _Way(speak, RATE)


def _tell_speed(report: Report, ways: dict[str, _Way]) -> None:
    for name, way in ways.items():
        factor = sum(way.wall) / sum(way.seconds)
        most = REALTIME_FACTOR if name == OURS else None
        report.add(f"{name}_realtime_factor", factor, "", most)
        report.add(f"{name}_processor", sum(way.processor) / sum(way.seconds), "s/s")
    ratio = sum(ways[PLAIN].wall) / sum(ways[OURS].wall)
    report.add("plain_to_ours_wall", ratio, "times", least=NEITHER_SLOWER)
    spent = sum(ways[PLAIN].processor) / sum(ways[OURS].processor)
    report.add("plain_to_ours_processor", spent, "times", least=NEITHER_SLOWER)


def _tell_first_sound(report: Report, voice: KokoroVoice, clauses: Sequence[str]) -> None:
    """Report the time to the first piece of sound, for the first text of a turn."""
    found = []
    for number, clause in enumerate(clauses, start=1):
        began = time.perf_counter()
        speech = voice.speak(clause, Turn(number))
        next(iter(speech))
        found.append((time.perf_counter() - began) * 1000)
    report.add_percentiles("first_sound", found, "ms", p50=FIRST_SOUND_MS, max=None)


def _tell_round_trip(
    report: Report, ways: dict[str, _Way], said: Sequence[str], model: Path
) -> None:
    whisper = load(model, "cpu", "int8", 2)
    words = sum(len(normalize_words(sentence)) for sentence in said)
    for name, way in ways.items():
        wrong = 0
        for sentence, sound in zip(said, way.sounds, strict=True):
            heard, _ = whisper.transcribe(
                soxr.resample(sound, way.rate, _WHISPER_RATE), language="en", beam_size=5
            )
            wrong += word_errors("".join(each.text for each in heard), sentence)
        most = MOST_WRONG if name == OURS else None
        report.add(f"{name}_word_errors", wrong / words, "of the words", most)
