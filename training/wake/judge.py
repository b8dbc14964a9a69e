"""What a classifier does with the voices and people that it was not trained with.

    python training/wake/judge.py SPEECH --features FOLDER [--word hey_mira | FILE]

The embeddings of what is heard are kept beside the speech, so that another classifier is judged in
seconds, on the very same sounds.
"""

from __future__ import annotations

import argparse
import logging
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  the project must be found first
from augment import NOISES, RATE, active_level, at_level, in_room, mixed, noise  # noqa: E402
from examples import floats  # noqa: E402
from listener import Listener  # noqa: E402
from make_speech import Spoken, load  # noqa: E402

from avatar_app.core.values import Samples  # noqa: E402
from avatar_app.engines.wake.livekit.classifier import EMBEDDINGS, WordClassifier  # noqa: E402
from avatar_app.engines.wake.livekit.engine import AGREEING  # noqa: E402
from avatar_app.engines.wake.livekit.features import SIZE, STEP  # noqa: E402

REST = EMBEDDINGS + AGREEING - 1
"""Embeddings after an answer until the engine can hear the phrase once more."""
THRESHOLDS = (0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98)
DEFAULT = 0.8
"""Of the engine."""
SURROUNDINGS = (("10 dB", 10.0, False), ("10 dB, room", 10.0, True))
Heard = tuple[str, Samples]
"""What was said, and the embeddings of it."""


def alarms(probabilities: np.ndarray, threshold: float) -> list[int]:
    """Places at which the phrase is heard."""
    found: list[int] = []
    for place in np.flatnonzero(probabilities >= threshold):
        if not found or place - found[-1] >= REST:
            found.append(int(place))
    return found


def probabilities(classifier: WordClassifier, heard: Samples) -> np.ndarray:
    """One for each embedding, as the engine compares it with its threshold."""
    found = np.zeros(len(heard))
    if len(heard) >= EMBEDDINGS:
        windows = np.lib.stride_tricks.sliding_window_view(heard, (EMBEDDINGS, SIZE))[:, 0]
        found[EMBEDDINGS - 1 :] = classifier.each(np.ascontiguousarray(windows))
    return np.convolve(found, np.full(AGREEING, 1 / AGREEING))[: len(found)]


def call_of(
    spoken: Spoken, ratio: float | None, rng: np.random.Generator, *, room: bool
) -> np.ndarray:
    """A call after two and a half seconds, in the noise of one kind."""
    sound = np.pad(floats(spoken), (round(2.5 * RATE), RATE))
    level = active_level(sound)
    sound = in_room(sound, rng) if room else sound
    if ratio is not None:
        kind = str(rng.choice([name for name in NOISES if name != "babble"]))
        sound = mixed(sound, level, ratio, noise(kind, len(sound), rng, []))
    return at_level(sound, float(rng.uniform(-36, -18)))


def calls_of(path: Path, ratio: float | None, *, room: bool) -> Iterator[tuple[str, np.ndarray]]:
    """Each call of a file, in its surroundings."""
    rng = np.random.default_rng(zlib.crc32(f"{path.stem} {ratio} {room}".encode()))
    for spoken in load(path):
        yield f"{spoken.speaker}: {spoken.text}", call_of(spoken, ratio, rng, room=room)


def others_of(path: Path, hours: float) -> Iterator[tuple[str, np.ndarray]]:
    """Each utterance between two others, as loud as people at a laptop; `hours` at most."""
    left = hours * 3600
    for spoken in load(path):
        sound = np.pad(floats(spoken), (RATE // 5, RATE // 5))
        yield f"{spoken.speaker}: {spoken.text}", at_level(sound, -26.0)
        left -= len(sound) / RATE
        if left < 0:
            return


def heard_of(
    listener: Listener, sounds: Iterator[tuple[str, np.ndarray]], stored: Path, *, joined: bool
) -> list[Heard]:
    """The embeddings; eight sounds at a time in one stream where they are `joined`."""
    if not stored.exists():
        texts, pieces = [], []
        for number, (text, sound) in enumerate(sounds):
            if not joined or number % 8 == 0:
                texts.append("")
                pieces.append([])
            starts = sum(map(len, pieces[-1])) // STEP
            texts[-1] += f"{starts}\t{text}\n"
            pieces[-1].append(sound)
        found = [listener.hear(np.concatenate(each)).astype(np.float16) for each in pieces]
        stored.parent.mkdir(exist_ok=True)
        np.savez(
            stored,
            embeddings=np.concatenate(found),
            lengths=np.array([len(each) for each in found]),
            texts=np.array(texts),
        )
    with np.load(stored) as file:
        every = np.split(file["embeddings"], np.cumsum(file["lengths"])[:-1])
        return list(zip(file["texts"].tolist(), (x.astype(np.float32) for x in every), strict=True))


def said_at(texts: str, place: int) -> str:
    """Which of the sounds of a stream is heard at an embedding."""
    lines = [line.split("\t", 1) for line in texts.splitlines()]
    return next(text for start, text in reversed(lines) if int(start) <= max(place - 5, 0))


def interval(hits: int, count: int) -> str:
    """Wilson's of 95 %, in percent."""
    share, z = hits / count, 1.96
    middle = share + z * z / (2 * count)
    spread = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    low, high = ((middle + sign * spread) / (1 + z * z / count) for sign in (-1, 1))
    return f"{100 * share:.1f} % of {count} ({100 * low:.0f}-{100 * high:.0f})"


def judge(folder: Path, features: Path, word: str, hours: float) -> None:
    """Log the calls that are found, and the false alarms, at each threshold."""
    listener, classifier = Listener(features), WordClassifier(word)
    for path in sorted(folder.glob("test-calls-*.npz")):
        for name, ratio, room in SURROUNDINGS:
            stored = folder / "judged" / f"{path.stem} {name}.npz"
            sounds = calls_of(path, ratio, room=room)
            heard = heard_of(listener, sounds, stored, joined=False)
            peaks = np.array([probabilities(classifier, each).max() for _, each in heard])
            found = " ".join(f"{t}: {100 * np.mean(peaks >= t):.1f}" for t in THRESHOLDS)
            surely = interval(int(np.sum(peaks >= DEFAULT)), len(peaks))
            logging.info(f"{path.stem}, {name}: {found}; at {DEFAULT}: {surely}")
    total, counts = 0.0, np.zeros(len(THRESHOLDS), int)
    for path in sorted(folder.glob("test-other-*.npz")):
        stored = folder / "judged" / path.name
        heard = heard_of(listener, others_of(path, hours), stored, joined=True)
        here = sum(len(each) for _, each in heard) * STEP / RATE / 3600
        found = [[] for _ in THRESHOLDS]
        for texts, each in heard:
            probable = probabilities(classifier, each)
            for at, threshold in enumerate(THRESHOLDS):
                found[at] += [said_at(texts, place) for place in alarms(probable, threshold)]
        numbers = np.array([len(each) for each in found])
        shown = " ".join(f"{t}: {n}" for t, n in zip(THRESHOLDS, numbers, strict=True))
        logging.info(f"{path.stem}, {here:.2f} h: {shown}")
        logging.info(f"  at {DEFAULT}: {found[THRESHOLDS.index(DEFAULT)][:30]}")
        total, counts = total + here, counts + numbers
    shown = " ".join(f"{t}: {n}" for t, n in zip(THRESHOLDS, counts, strict=True))
    logging.info(f"false alarms in {total:.2f} h: {shown}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("speech", type=Path)
    parser.add_argument("--features", type=Path, required=True, help="folder of the networks")
    parser.add_argument("--word", default="hey_mira")
    parser.add_argument("--hours", type=float, default=2.5, help="of each file of other speech")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    judge(options.speech, options.features, options.word, options.hours)


if __name__ == "__main__":
    main()
