"""Speech that is labeled by the synthesizer that made it: espeak-ng, Festival and flite.

One voice of Festival's comes with the recordings that it is cut from, labeled too. An utterance is
int16 at 16 kHz with its track of mouth shapes; nothing is downloaded.
"""

from __future__ import annotations

import logging
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile
import soxr
from phones import Track, track_of
from texts import said

from avatar_app.core.values import MouthShape
from avatar_app.engines.tts.espeak.library import RATE as ESPEAK_RATE
from avatar_app.engines.tts.espeak.library import Speaker, Utterance, synthesize
from avatar_app.engines.tts.espeak.visemes import mouth_of

RATE = 16_000
LANGUAGES = (
    "en-us", "en-us", "en-us", "en", "en-gb-scotland", "de", "fr", "es", "it", "pt-br",
    "nl", "pl", "cs", "sv", "tr", "fi", "hu", "ro", "id", "sw",
)  # fmt: skip
VARIANTS = (
    "m1", "m2", "m4", "m5", "m6", "m8", "f1", "f3", "f4", "f5", "klatt", "klatt2", "klatt3",
    "klatt5", "klatt6", "Alex", "Alicia", "Andrea", "Andy", "Annie", "Diogo", "Gene", "Hugo",
    "Jacky", "Lee", "Mario", "Michael", "Mike", "Nguyen", "Reed", "Storm", "adam", "anika",
    "antonio", "benjamin", "boris", "caleb", "david", "ed", "edward", "gustave", "ian", "iven",
    "john", "kaukovalta", "linda", "marcelo", "max", "paul", "pedro", "quincy", "rob", "zac",
)  # fmt: skip
HELD_OUT_LANGUAGES = ("en-us", "en-us", "en-gb-x-rp", "ca", "da", "sk")
HELD_OUT_VARIANTS = ("f2", "m3", "m7", "belinda", "steph", "michel", "miguel", "Henrique")

ENGLISH = ("en-us",) * 9 + ("en", "en")
"""Added to LANGUAGES where half of the speech is to be English."""

FESTIVAL = {
    "ked_diphone": "en",
    "lp_diphone": "it",
    "pc_diphone": "it",
    "czech_dita": "cs",
    "czech_krb": "cs",
    "czech_machac": "cs",
    "czech_ph": "cs",
    "suo_fi_lj_diphone": "fi",
    "hy_fi_mv_diphone": "fi",
    "upc_ca_ona_hts": "ca",
}
"""Voices cut from recordings of people, or learned from them, and their languages."""
HELD_OUT_FESTIVAL = ("lp_diphone", "czech_krb")
"""Heard by nobody but who chooses thresholds."""
DIALECTS = {
    "it": {"J": MouthShape.NN, "L": MouthShape.NN, "c": MouthShape.CH},
    "cs": {"c": MouthShape.SS, "y": MouthShape.IH, "S": MouthShape.CH, "c~": MouthShape.CH},
    "fi": {"y": MouthShape.OU, "D": MouthShape.DD, "T": MouthShape.TH},
    "ca": {"rr": MouthShape.RR},
    "ru": {
        **dict.fromkeys(("ay", "e"), MouthShape.E),  # ay is a schwa, ae the i of unstressed я
        **dict.fromkeys(("y", "yy", "ae"), MouthShape.IH),
        **dict.fromkeys(("h", "hh"), MouthShape.KK),
        "ur": MouthShape.OU,
        "c": MouthShape.SS,
        "sch": MouthShape.CH,
    },
}
RECORDED = Path("/usr/share/festival/voices/russian/msu_ru_nsh_clunits")
"""A reader's sentences with their phones, from which festvox-ru cuts its voice."""

FLITE = ("rms", "kal16")
"""Its slt and awb are left to the test."""


@dataclass
class Spoken:
    """One utterance and what the face does in it."""

    speaker: str
    samples: np.ndarray
    """int16, 16 kHz."""
    track: Track


def espeak(
    seconds: float,
    seed: int,
    languages: Sequence[str] = LANGUAGES,
    variants: Sequence[str] = VARIANTS,
) -> Iterator[Spoken]:
    """Any variant in any language, at any rate, pitch and melody."""
    rng = np.random.default_rng(seed)
    made = 0.0
    while made < seconds:
        language, variant = str(rng.choice(languages)), str(rng.choice(variants))
        speaker = Speaker(
            f"{language}+{variant}",
            int(rng.integers(115, 235)),
            int(rng.integers(15, 86)),
            int(rng.integers(25, 80)),
        )
        utterance = synthesize(said(rng, language), speaker, lambda: False)
        sound = soxr.resample(utterance.samples.astype(np.float32), ESPEAK_RATE, RATE)
        track = [(max(at, 0) / ESPEAK_RATE, shape) for shape, at in mouth_of(_weak(utterance))]
        if track and track[0][0] > 0:
            track.insert(0, (0.0, MouthShape.SIL))
        made += len(sound) / RATE
        yield Spoken(variant, _as_int16(sound), track)


def _weak(utterance: Utterance) -> Utterance:
    """ɐ, which espeak-ng writes for the weakest vowel of English, read as the schwa it is."""
    phonemes = (
        replace(phoneme, ipa=phoneme.ipa.replace("ɐ", "ə")) for phoneme in utterance.phonemes
    )
    return replace(utterance, phonemes=tuple(phonemes))


def festival(seconds: float, seed: int, voices: Sequence[str] = ()) -> Iterator[Spoken]:
    """`seconds` of each voice that is installed: of `voices`, or of all that are not held out."""
    chosen = voices or [voice for voice in FESTIVAL if voice not in HELD_OUT_FESTIVAL]
    for number, voice in enumerate(chosen):
        language = FESTIVAL[voice]
        rng = np.random.default_rng([seed, number])
        texts = [said(rng, language) for _ in range(round(seconds / 4))]
        with TemporaryDirectory() as folder:
            script = Path(folder, "say.scm")
            orders = [_order(index, text, folder) for index, text in enumerate(texts)]
            script.write_text("\n".join([f"(voice_{voice})", *orders]))
            done = subprocess.run(["festival", "-b", script], capture_output=True, check=False)
            if done.returncode:
                logging.warning("%s is left out: %s", voice, done.stderr[-200:])
            for path in sorted(Path(folder).glob("*.lab")):
                yield _spoken(voice, path, path.with_suffix(".wav"), language)


def recorded(seconds: float, seed: int) -> Iterator[Spoken]:
    """Of what a person read aloud, in any order. FileNotFoundError without festvox-ru."""
    paths = sorted((RECORDED / "lab").iterdir())
    made = 0.0
    for index in np.random.default_rng(seed).permutation(len(paths)):
        path = paths[index]
        spoken = _spoken("nsh", path, RECORDED / "wav" / f"{path.stem}.wav", "ru")
        made += len(spoken.samples) / RATE
        if made > seconds:
            return
        yield spoken


def _spoken(speaker: str, labels: Path, sound: Path, language: str) -> Spoken:
    """From a file of Festival's (end, color, phone) and its sound."""
    rows = [line.split() for line in labels.read_text("latin-1").splitlines()]
    phones = [(row[2], float(row[0])) for row in rows if len(row) == 3]
    samples, rate = soundfile.read(sound, dtype="float32")
    samples = soxr.resample(samples * 32768, rate, RATE)
    return Spoken(speaker, _as_int16(samples), track_of(phones, DIALECTS.get(language, {})))


def _order(index: int, text: str, folder: str) -> str:
    return (
        f'(set! u (Utterance Text "{text}"))(utt.synth u)'
        f'(utt.save.segs u "{folder}/{index:04}.lab")(utt.save.wave u "{folder}/{index:04}.wav")'
    )


def flite(count: int, seed: int) -> Iterator[Spoken]:
    """`count` utterances of each of FLITE at each of three rates; labels as -psdur prints them."""
    rng = np.random.default_rng(seed)
    for voice in FLITE:
        for stretch in (0.85, 1.0, 1.15):
            for _ in range(count):
                yield _said_by_flite(voice, said(rng, "en"), stretch)


def _said_by_flite(voice: str, text: str, stretch: float) -> Spoken:
    with TemporaryDirectory() as folder:
        path = Path(folder, "said.wav")
        command = ["flite", "-voice", voice, "--setf", f"duration_stretch={stretch}", "-psdur"]
        done = subprocess.run(
            [*command, "-t", text, str(path)], capture_output=True, text=True, check=True
        )
        sound, rate = soundfile.read(path, dtype="float32")
    phones = [(name, float(end)) for name, end in re.findall(r"(\S+):([\d.]+)", done.stdout)]
    return Spoken(voice, _as_int16(soxr.resample(sound * 32768, rate, RATE)), track_of(phones, {}))


def _as_int16(sound: np.ndarray) -> np.ndarray:
    return np.clip(np.round(sound), -32768, 32767).astype(np.int16)
