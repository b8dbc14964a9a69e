"""From speech to what the classifier learns: embeddings, and after which the phrase is over."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from augment import (
    NOISES,
    RATE,
    active_level,
    at_level,
    in_room,
    mixed,
    noise,
    through_microphone,
)
from listener import Listener
from make_speech import Spoken, load

from avatar_app.engines.wake.livekit.classifier import EMBEDDINGS
from avatar_app.engines.wake.livekit.features import STEP

CALLED = (0.0, 0.36)
"""Seconds after the phrase in which the classifier is to hear that it was said."""
CALLS, PHRASES, LONG = 300, 150, 1_000.0
"""Streams with the phrase and with what sounds like it, and seconds of other speech, of a file."""
LEAD = 2.2
"""Seconds before the phrase."""


@dataclass
class Examples:
    """Embeddings of sounds in a row, and the places where windows of sixteen end."""

    embeddings: np.ndarray
    """float16, shape (n, 96)."""
    called: np.ndarray
    """Places, at which the phrase is over."""
    other: np.ndarray
    """Places, of windows without the phrase."""


def floats(spoken: Spoken) -> np.ndarray:
    """Samples in [-1, 1]."""
    return spoken.samples.astype(np.float32) / 32768


def disturbed(sound: np.ndarray, rng: np.random.Generator, speech: list[np.ndarray]) -> np.ndarray:
    """In any room, with any noise, by any microphone, at any level."""
    level = active_level(sound)
    if rng.random() < 0.5:
        sound = in_room(sound, rng)
    if rng.random() < 0.85:
        kind = str(rng.choice(NOISES))
        ratio = float(rng.uniform(0, 30))
        sound = mixed(sound, level, ratio, noise(kind, len(sound), rng, speech))
    if rng.random() < 0.3:
        sound = through_microphone(sound, rng)
    return at_level(sound, float(rng.uniform(-42, -14)))


def call_stream(
    spoken: Spoken, rng: np.random.Generator, speech: list[np.ndarray]
) -> tuple[np.ndarray, float]:
    """A stream with the phrase in it, and the second at which it is over."""
    speed = float(np.exp(rng.uniform(-0.15, 0.15)))  # throat, pitch and rate together
    sound, over = soxr.resample(floats(spoken), RATE * speed, RATE), spoken.end / speed
    lead = np.zeros(round(LEAD * RATE), np.float32)
    if rng.random() < 0.25:  # somebody spoke before
        before = speech[int(rng.integers(len(speech)))][-len(lead) :]
        gap = round(float(rng.uniform(0.1, 0.8)) * RATE)
        before = before[: len(lead) - gap]
        lead[len(lead) - gap - len(before) : len(lead) - gap] = before
    lead = lead[int(rng.integers(STEP)) :]
    end = len(lead) / RATE + over
    rest = np.zeros(RATE, np.float32)
    if len(sound) / RATE - over < 0.3 and rng.random() < 0.4:  # somebody goes on
        after = speech[int(rng.integers(len(speech)))][:RATE]
        gap = round(float(rng.uniform(0.02, 0.4)) * RATE)
        rest[gap : gap + len(after)] = after[: RATE - gap]
        sound = sound[: round(over * RATE)]
    whole = np.concatenate([lead, sound, rest])[: round((end + 0.6) * RATE)]
    return disturbed(whole, rng, speech), end


def gather(
    path: Path, listener: Listener, rng: np.random.Generator, speech: list[np.ndarray]
) -> Examples:
    """What one file of `speak.py` teaches: calls, phrases that sound like them, or other things."""
    spoken, what = load(path), path.stem.split("-")[1]
    makes = {"calls": _calls, "near": _phrases, "other": _streams}
    pieces: list[np.ndarray] = []
    called: list[np.ndarray] = []
    other: list[np.ndarray] = []
    count = 0
    for sound, end in makes[what](spoken, rng, speech):
        heard = listener.hear(sound)
        places = np.arange(EMBEDDINGS - 1, len(heard))
        if end is None:
            other.append(count + places)
        else:
            after = (places + 1) * STEP / RATE - end
            called.append(count + places[(after >= CALLED[0]) & (after <= CALLED[1])])
        pieces.append(heard.astype(np.float16))
        count += len(heard)
    none = [np.zeros(0, np.int64)]
    return Examples(
        np.concatenate(pieces), np.concatenate(called or none), np.concatenate(other or none)
    )


Stream = tuple[np.ndarray, float | None]
"""Samples, and the second at which the phrase is over."""


def _calls(
    spoken: list[Spoken], rng: np.random.Generator, speech: list[np.ndarray]
) -> Iterator[Stream]:
    """Each call once, or, where there are few, up to six times."""
    for each in spoken * min(max(CALLS // len(spoken), 1), 6):
        yield call_stream(each, rng, speech)


def _phrases(
    spoken: list[Spoken], rng: np.random.Generator, speech: list[np.ndarray]
) -> Iterator[Stream]:
    """After a silence, as who calls speaks: that something begins is no sign of the phrase."""
    for each in spoken[:PHRASES]:
        lead = round((LEAD - 0.4) * RATE) + int(rng.integers(STEP))
        whole = np.pad(floats(each)[: round(1.6 * RATE)], (lead, RATE // 2))
        yield whole if rng.random() < 0.15 else disturbed(whole, rng, speech), None


def _streams(
    spoken: list[Spoken], rng: np.random.Generator, speech: list[np.ndarray]
) -> Iterator[Stream]:
    """Eight in a row, LONG at most; some of them as phrases; and noises."""
    order, seconds = rng.permutation(len(spoken)), 0.0
    for start in range(0, len(order), 8):
        some = np.concatenate([floats(spoken[index]) for index in order[start : start + 8]])
        yield some if rng.random() < 0.25 else disturbed(some, rng, speech), None
        seconds += len(some) / RATE
        if seconds > LONG:
            break
    yield from _phrases([spoken[index] for index in order], rng, speech)
    for kind in NOISES:
        sound = noise(kind, 12 * RATE, rng, speech)
        yield at_level(sound, float(rng.uniform(-60, -14))), None


def joined(found: Sequence[Examples]) -> Examples:
    """All of them in one."""
    starts = np.cumsum([0, *(len(each.embeddings) for each in found)])
    return Examples(
        np.concatenate([each.embeddings for each in found]),
        np.concatenate([each.called + start for each, start in zip(found, starts, strict=False)]),
        np.concatenate([each.other + start for each, start in zip(found, starts, strict=False)]),
    )


def learned(folder: Path, features: Path) -> Examples:
    """What all speech of the training teaches; kept beside it."""
    listener: Listener | None = None
    speech, found = background(folder), []
    for path in sorted(folder.glob("train-*.npz")):
        stored = folder / "examples" / path.name
        if not stored.exists():
            listener = listener or Listener(features)
            rng = np.random.default_rng(zlib.crc32(path.name.encode()))
            stored.parent.mkdir(exist_ok=True)
            np.savez(stored, **vars(gather(path, listener, rng, speech)))
        with np.load(stored) as file:
            found.append(Examples(**{name: file[name] for name in file.files}))
        logging.info("%s: %d, %d", path.stem, len(found[-1].called), len(found[-1].other))
    return joined(found)


def background(folder: Path) -> list[np.ndarray]:
    """Some speech of the training, for babble and for who speaks before and after a call."""
    paths = sorted(folder.glob("train-other-*.npz"))
    return [floats(each) for path in paths for each in load(path)[:100]]
