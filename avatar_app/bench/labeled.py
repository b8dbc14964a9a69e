"""Speech with known lip shapes: flite's recorded speakers, or espeak-ng voices."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from avatar_app.core.values import MouthShape, Samples
from avatar_app.engines.tts.espeak.library import RATE, Speaker, synthesize
from avatar_app.engines.tts.espeak.visemes import mouth_of
from avatar_app.media.sound_reader import read_sound

Track = list[tuple[float, MouthShape]]
"""From these seconds on, the mouth moves toward the shape."""

SENTENCES = (
    "My mother bought a big blue umbrella before the bus came.",
    "Please put the paper cups back on the table, Bob.",
    "The weather will be warm and mostly sunny on Monday.",
    "Seven brave people climbed up the mountain in a storm.",
    "Do you remember the name of that small village by the sea?",
    "We never thought the old boat could float so far.",
    "He poured a cup of tea, and then he began to laugh.",
    "Amber lamps were shining over the empty market place.",
    "Father keeps his pipe in a leather box above the door.",
    "What a pity that nobody asked the farmer about his apples!",
    "This machine makes fifty thousand cheap plastic bottles a week.",
    "She sells very fine woollen gloves, but only in winter.",
)
"""Not part of the training."""
QUICK = 4
FLITE = ("slt", "awb")
"""Its rms and kal16 were part of the network's training."""
ESPEAK = ("en-us+f2", "en-us+m3", "en-gb-x-rp+m7", "en-us+steph")
"""Variants that were not part of the network's training."""

_PHONES = {
    MouthShape.SIL: "pau",
    MouthShape.PP: "p b m em",
    MouthShape.FF: "f v",
    MouthShape.TH: "th dh",
    MouthShape.DD: "t d dx nx",
    MouthShape.KK: "k g ng",
    MouthShape.CH: "ch jh sh zh",
    MouthShape.SS: "s z",
    MouthShape.NN: "n l el en",
    MouthShape.RR: "r er axr",
    MouthShape.AA: "aa ae ah",
    MouthShape.E: "eh ax",
    MouthShape.IH: "ih iy y ix",
    MouthShape.OH: "ao",
    MouthShape.OU: "uw uh w ux",
}
SHAPES_OF_PHONES = {
    name: (shape,) for shape, names in _PHONES.items() for name in names.split()
} | {
    "ay": (MouthShape.AA, MouthShape.IH),
    "aw": (MouthShape.AA, MouthShape.OU),
    "oy": (MouthShape.OH, MouthShape.IH),
    "ow": (MouthShape.OH, MouthShape.OU),
    "ey": (MouthShape.E, MouthShape.IH),
    "hh": (),  # made in the throat: the mouth already takes the next shape
    "hv": (),
}
"""The lip shapes of each of flite's phones, in order."""


@dataclass(frozen=True, slots=True, eq=False)
class LabeledSpeech:
    """One sentence, with its lip shapes."""

    speaker: str
    samples: Samples
    rate: int
    track: Track


def flite_speakers(*, quick: bool) -> list[list[LabeledSpeech]]:
    """Return each speaker's sentences; empty where flite is not installed."""
    if not shutil.which("flite"):
        return []
    with TemporaryDirectory() as folder:
        sound = Path(folder, "said.wav")
        return [
            [_flite(name, text, sound) for text in SENTENCES[: QUICK if quick else None]]
            for name in FLITE
        ]


def espeak_speakers(*, quick: bool) -> list[list[LabeledSpeech]]:
    """Return the same sentences, by voices that need no other program."""
    return [
        [_espeak(name, text) for text in SENTENCES[: QUICK if quick else None]] for name in ESPEAK
    ]


def _flite(name: str, text: str, sound: Path) -> LabeledSpeech:
    command = ["flite", "-voice", name, "-psdur", "-t", text, str(sound)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    phones = [(phone, float(end)) for phone, end in re.findall(r"(\S+):([\d.]+)", said)]
    audio = read_sound(sound, RATE)
    return LabeledSpeech(name, audio.samples, audio.rate, track_of(phones))


def track_of(phones: Iterable[tuple[str, float]]) -> Track:
    """Return the track of flite's phones, each with its END in seconds. Raises KeyError for an
    unknown one."""
    track: Track = []
    first = 0.0
    for name, end in phones:
        shapes = SHAPES_OF_PHONES[name]
        for index, shape in enumerate(shapes):
            track.append((first + (end - first) * index / len(shapes), shape))
        first = end if shapes else first
    return [next(same) for _, same in groupby(track, key=lambda item: item[1])]


def _espeak(name: str, text: str) -> LabeledSpeech:
    utterance = synthesize(text, Speaker(name), lambda: False)
    track = [(max(at, 0) / RATE, shape) for shape, at in mouth_of(utterance)]
    samples = (utterance.samples / 32768).astype(np.float32)
    return LabeledSpeech(name.partition("+")[2], samples, RATE, track)
