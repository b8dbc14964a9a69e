"""People who call the avatar, and others who talk of something else, for `bench wake`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import numpy as np

from avatar_app.bench.human_voice import HumanVoice
from avatar_app.core.errors import InputInvalid, ModelMissing
from avatar_app.core.values import MICROPHONE_RATE, Samples
from avatar_app.media.sound_reader import read_sound
from avatar_app.session.offline.simulated_user import (
    UserVoice,
    at_level,
    in_room,
    recordings,
    silence,
)
from avatar_app.system import paths
from avatar_app.system.paths import AppPaths

CALLS = ("Hey Mira.", "Hey, Mira!", "Hey Mira?", "hey mira")
NOISES = ("hiss", "hum", "babble")
ESPEAK = ("f2", "m3", "m7", "belinda", "steph", "michel", "miguel")
KOKORO = ("af_nova", "af_sarah", "am_puck", "am_liam", "bf_lily", "bm_daniel")
"""Voices that the classifier was not trained with."""
NATURAL = 0.5, 0.05
"""Shares of the calls and of the sentences that Kokoro says: it takes two hundred times as long."""
PIECE = 60.0
"""Seconds of speech in a row."""
Say = Callable[[str, np.random.Generator], Samples]


@contextmanager
def caller(app_paths: AppPaths) -> Iterator[Say]:
    """Return what says a text in any of the voices, at 16 kHz."""
    with ExitStack() as opened:
        synthetic = opened.enter_context(UserVoice("espeak", {"voice": ESPEAK[0]}))
        try:
            natural = opened.enter_context(HumanVoice(app_paths))
        except ModelMissing:
            natural = None

        def say(text: str, rng: np.random.Generator) -> Samples:
            share = NATURAL[0] if text in CALLS else NATURAL[1]
            speed = float(rng.uniform(0.8, 1.25))
            if natural is not None and rng.random() < share:
                return natural.change(voice=str(rng.choice(KOKORO)), speed=speed).say(text).samples
            voice, pitch = str(rng.choice(ESPEAK)), float(rng.uniform(-4, 4))
            return synthetic.change(voice=voice, speed=speed, pitch=pitch).say(text).samples

        yield say


def other_speech(
    say: Say, seconds: float, folder: str | None, rng: np.random.Generator
) -> Iterator[Samples]:
    """Yield speech in a room in which nobody calls, in pieces: the recordings, then sentences."""
    made = 0.0
    known = [each.samples for each in recordings()]
    known += [read_sound(path, MICROPHONE_RATE).samples for path in recorded(folder)]
    for samples in known:
        yield in_room(at_level(samples), rng)
        made += len(samples) / MICROPHONE_RATE
    texts = sentences()
    while made < seconds:
        piece: list[Samples] = []
        while (length := sum(map(len, piece)) / MICROPHONE_RATE) < min(PIECE, seconds - made):
            piece += [say(str(rng.choice(texts)), rng), silence(float(rng.uniform(0, 0.6)))]
        yield in_room(np.concatenate(piece), rng)
        made += length


@cache
def sentences() -> tuple[str, ...]:
    """Return the sentences of the documentation, 3 words at least; of the license without it."""
    files = [paths.shipped("LICENSE"), *sorted(paths.shipped("docs").rglob("*.md"))]
    text = " ".join(path.read_text(encoding="utf-8") for path in files if path.is_file())
    pieces = re.split(r"[.;:()\[\]|`*#\"“”]+|\s{2,}", text.replace("\n", " "))
    tidy = (" ".join(re.sub(r"[^A-Za-z', ]+", " ", piece).split()) for piece in pieces)
    return tuple(sorted({each for each in tidy if 3 <= len(each.split()) <= 30}))


def recorded(folder: str | None) -> list[Path]:
    """Return the recordings of a folder. Raises InputInvalid where there is none."""
    if folder is None:
        return []
    found = [path for path in sorted(Path(folder).rglob("*")) if path.suffix in (".wav", ".flac")]
    if not found:
        raise InputInvalid(f"There is no recording in {folder}.", "Name a folder with .wav files.")
    return found


def with_noise(sound: Samples, kind: str | None, ratio: float, rng: np.random.Generator) -> Samples:
    """Return a sound, whose voice is loud from time to time, with noise `ratio` dB below that."""
    if kind is None:
        return sound
    voiced = sound[np.abs(sound) > 0.02 * np.abs(sound).max()]
    level = float(np.sqrt(np.mean(np.square(voiced)))) * 10 ** (-ratio / 20)
    noise = _noise(kind, len(sound), rng)
    mixed: Samples = sound + noise * (level / float(np.sqrt(np.mean(np.square(noise)))))
    return np.asarray(mixed, np.float32)


def _noise(kind: str, count: int, rng: np.random.Generator) -> Samples:
    if kind == "hum":  # of a fan or an engine, with some hiss
        at = np.arange(count) / MICROPHONE_RATE
        tones = [np.sin(2 * np.pi * 100 * n * at) / n for n in range(1, 12)]
        made = np.sum(tones, axis=0) + 0.2 * rng.standard_normal(count)
    elif kind == "babble":  # the recordings, several at once
        made = np.zeros(count)
        voices = [each.samples for each in recordings()] or [_noise("hiss", count, rng)]
        for number in range(6):
            voice = voices[number % len(voices)]
            made += np.resize(np.roll(voice, int(rng.integers(len(voice)))), count)
    else:  # as much in each octave
        spectrum = np.fft.rfft(rng.standard_normal(count))
        made = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 20)), count)
    noise: Samples = np.asarray(made, np.float32)
    return noise
