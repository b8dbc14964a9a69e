"""Speech with the seconds at which the phrase ends: espeak-ng, flite, Piper, Kokoro."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile
import soxr

from avatar_app.core.turn import Turn
from avatar_app.engines.tts.espeak.library import RATE as ESPEAK_RATE
from avatar_app.engines.tts.espeak.library import Speaker, synthesize
from avatar_app.engines.tts.kokoro.engine import KokoroVoice
from avatar_app.engines.tts.kokoro.loading import voice_names
from avatar_app.engines.tts.piper.engine import PiperVoice

RATE = 16_000
LANGUAGES = ("en-us",) * 5 + (
    "en",
    "en",
    "en-gb-scotland",
    "en-gb-x-rp",
    "de",
    "es",
    "fr",
    "it",
    "nl",
)
ENGLISH = ("en-us", "en-us", "en", "en-gb-scotland", "en-gb-x-rp")
VARIANTS = (
    "m1", "m2", "m4", "m5", "m6", "m8", "f1", "f3", "f4", "f5", "klatt", "klatt2", "klatt3",
    "klatt5", "klatt6", "Alex", "Alicia", "Andrea", "Andy", "Annie", "Diogo", "Gene", "Hugo",
    "Jacky", "Lee", "Mario", "Michael", "Mike", "Nguyen", "Reed", "Storm", "adam", "anika",
    "antonio", "benjamin", "boris", "caleb", "david", "ed", "edward", "gustave", "ian", "iven",
    "john", "kaukovalta", "linda", "marcelo", "max", "paul", "pedro", "quincy", "rob", "zac",
)  # fmt: skip
HELD_OUT_VARIANTS = ("f2", "m3", "m7", "belinda", "steph", "michel", "miguel", "Henrique")
HELD_OUT_KOKORO = (
    "af_nova", "af_sarah", "am_puck", "am_liam", "bf_lily", "bm_daniel", "if_sara", "em_alex",
)  # fmt: skip
FLITE, HELD_OUT_FLITE = ("kal16", "rms"), ("slt", "awb")


@dataclass
class Spoken:
    """One utterance."""

    speaker: str
    text: str
    samples: np.ndarray
    """int16, 16 kHz."""
    end: float
    """Second at which the phrase ends; -1 where it is not said."""


Say = Callable[[str, np.random.Generator], Spoken]


def espeak(variants: Sequence[str], languages: Sequence[str] = LANGUAGES) -> Say:
    """Any variant in any language, at any rate, pitch and melody."""

    def say(text: str, rng: np.random.Generator) -> Spoken:
        language, variant = str(rng.choice(languages)), str(rng.choice(variants))
        numbers = rng.integers((120, 15, 25), (230, 86, 80))
        speaker = Speaker(f"{language}+{variant}", *map(int, numbers))
        made = synthesize(text, speaker, lambda: False)
        sound = soxr.resample(made.samples.astype(np.float32) / 32768, ESPEAK_RATE, RATE)
        starts = [word.sample / ESPEAK_RATE for word in made.words]
        return _spoken(f"espeak {variant}", text, sound, starts[2] if len(starts) > 2 else None)

    return say


def flite(voices: Sequence[str]) -> Say:
    """Voices of flite at any rate and pitch; it does not say where a word ends."""

    def say(text: str, rng: np.random.Generator) -> Spoken:
        voice = str(rng.choice(voices))
        stretch = f"duration_stretch={rng.uniform(0.8, 1.25):.2f}"
        pitch = f"int_f0_target_mean={rng.uniform(85, 220):.0f}"
        command = ["flite", "-voice", voice, "--setf", stretch, "--setf", pitch, "-t", text, "-o"]
        with TemporaryDirectory() as folder:
            path = Path(folder, "said.wav")
            subprocess.run([*command, str(path)], capture_output=True, check=True)
            sound, rate = soundfile.read(path, dtype="float32")
        return _spoken(f"flite {voice}", text, soxr.resample(sound, rate, RATE), None)

    return say


def piper(folder: Path) -> Say:
    """A voice of Piper, as itself and higher or lower."""
    voice = PiperVoice(model=str(folder), threads=1)

    def say(text: str, rng: np.random.Generator) -> Spoken:
        voice.configure(speed=float(rng.uniform(0.8, 1.3)))
        return _varied(f"piper {folder.name}", text, *_joined(voice, text, rng), rng)

    return say


def kokoro(folder: Path, voices: Sequence[str]) -> Say:
    """`voices` of Kokoro; half of the time a blend of two."""
    voice = KokoroVoice(model=str(folder), threads=1)

    def say(text: str, rng: np.random.Generator) -> Spoken:
        names = list(map(str, rng.choice(voices, 2, replace=False)))
        share = round(float(rng.uniform(0.3, 0.7)), 2)
        blend = f"{names[0]}:{share}+{names[1]}:{1 - share:.2f}"
        chosen = blend if rng.random() < 0.5 else names[0]
        language = str(rng.choice(["en-us", "en-us", "en-gb", "auto"]))
        voice.configure(voice=chosen, language=language, speed=float(rng.uniform(0.8, 1.3)))
        return _varied(f"kokoro {chosen}", text, *_joined(voice, text, rng), rng)

    return say


def kokoro_voices(folder: Path) -> list[str]:
    """Those that are trained with: all that are not held out and speak a Latin alphabet."""
    every = voice_names(str(folder))
    return [name for name in every if name not in HELD_OUT_KOKORO and name[0] not in "jz"]


def _joined(
    voice: KokoroVoice | PiperVoice, text: str, rng: np.random.Generator
) -> tuple[np.ndarray, int, float | None]:
    chunks = list(voice.speak(text, Turn(int(rng.integers(1, 2**31)))))
    rate, words, at = chunks[0].audio.rate, [], 0.0
    for chunk in chunks:
        words += [at + word.start for word in chunk.words]
        at += chunk.audio.seconds
    sound = np.concatenate([chunk.audio.samples for chunk in chunks])
    return sound, rate, words[2] if len(words) > 2 else None


def _varied(
    speaker: str,
    text: str,
    sound: np.ndarray,
    rate: int,
    third: float | None,
    rng: np.random.Generator,
) -> Spoken:
    """Throat, pitch and rate changed together, by a tenth at most."""
    speed = float(np.exp(rng.uniform(-0.12, 0.12)))
    changed = soxr.resample(sound.astype(np.float32), rate * speed, RATE)
    return _spoken(speaker, text, changed, third and third / speed)


def _spoken(speaker: str, text: str, sound: np.ndarray, third: float | None) -> Spoken:
    """`third`: second at which the third word begins; the phrase ends before it."""
    end = -1.0
    if is_call(text):
        limit = len(sound) if third is None else round(third * RATE)
        if third is None and len(text.split()) > 2:
            raise ValueError("it is not known where the phrase ends")
        levels = np.abs(sound[:limit])
        loud = np.flatnonzero(levels > 0.05 * levels.max())
        end = (loud[-1] + 1) / RATE
    return Spoken(speaker, text, np.clip(sound * 32768, -32768, 32767).astype(np.int16), end)


def is_call(text: str) -> bool:
    """Whether it begins with the phrase."""
    words = re.sub(r"[^a-z ]", "", text.lower()).split()
    return words[:1] == ["hey"] and words[1:2] in (["mira"], ["meera"])


def utterances(
    say: Say, texts: Callable[[np.random.Generator], str], rng: np.random.Generator, seconds: float
) -> Iterator[Spoken]:
    """Say texts until they fill `seconds`."""
    made = 0.0
    while made < seconds:
        spoken = say(texts(rng), rng)
        if not len(spoken.samples):
            continue
        made += len(spoken.samples) / RATE
        yield spoken


def save(spoken: Sequence[Spoken], path: Path) -> None:
    """Store utterances as one file of numbers."""
    np.savez(
        path,
        samples=np.concatenate([each.samples for each in spoken]),
        lengths=np.array([len(each.samples) for each in spoken]),
        ends=np.array([each.end for each in spoken]),
        speakers=np.array([each.speaker for each in spoken]),
        texts=np.array([each.text for each in spoken]),
    )


def load(path: Path) -> list[Spoken]:
    """Return what `save` stored."""
    with np.load(path) as stored:
        pieces = np.split(stored["samples"], np.cumsum(stored["lengths"])[:-1])
        rest = (stored[name].tolist() for name in ("speakers", "texts", "ends"))
        return [
            Spoken(speaker, text, samples, end)
            for samples, speaker, text, end in zip(pieces, *rest, strict=True)
        ]
