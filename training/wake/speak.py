"""Lets the voices speak, once: the phrase, what sounds like it, and other things, into a folder.

    python training/wake/speak.py FOLDER [--kokoro FOLDER] [--piper FOLDER] [--share 1.0]

A file that is there is kept, so that it goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  the project must be found first
from make_speech import (  # noqa: E402
    ENGLISH,
    FLITE,
    HELD_OUT_FLITE,
    HELD_OUT_KOKORO,
    HELD_OUT_VARIANTS,
    VARIANTS,
    Say,
    espeak,
    flite,
    kokoro,
    kokoro_voices,
    piper,
    save,
    utterances,
)
from texts import CALLS, NEAR, NEAR_ABROAD, SHORT_CALLS, call, other  # noqa: E402

Text = Callable[[np.random.Generator], str]


@dataclass
class Plan:
    """A file of speech."""

    name: str
    say: Say
    text: Text
    seconds: float


def one_of(texts: tuple[str, ...]) -> Text:
    """Any of them."""
    return lambda rng: str(rng.choice(texts))


def plans(kokoro_folder: Path | None, piper_folder: Path | None) -> Iterator[Plan]:
    """What is said, in the order in which it is."""
    train, test, calls = partial(other, part="train"), partial(other, part="test"), one_of(CALLS)
    yield Plan("train-calls-espeak", espeak(VARIANTS), call, 700)
    yield Plan("train-calls-short", espeak(VARIANTS, ENGLISH), one_of(SHORT_CALLS), 200)
    yield Plan("train-calls-flite", flite(FLITE), calls, 200)
    yield Plan("train-near-en", espeak(VARIANTS, ENGLISH), one_of(NEAR), 300)
    yield Plan("train-near-flite", flite(FLITE), one_of(NEAR), 150)
    for language, phrases in NEAR_ABROAD.items():
        yield Plan(f"train-near-{language}", espeak(VARIANTS, (language,)), one_of(phrases), 80)
    yield Plan("train-other-espeak", espeak(VARIANTS), train, 6000)
    yield Plan("train-other-flite", flite(FLITE), train, 600)
    if kokoro_folder:
        say = kokoro(kokoro_folder, kokoro_voices(kokoro_folder))
        yield Plan("train-calls-kokoro", say, call, 110)
        yield Plan("train-other-kokoro", say, train, 60)
    if piper_folder:
        yield Plan("train-calls-piper", piper(piper_folder), call, 100)
    yield Plan("test-calls-espeak", espeak(HELD_OUT_VARIANTS), call, 100)
    yield Plan("test-calls-flite", flite(HELD_OUT_FLITE), calls, 60)
    yield Plan("test-other-espeak", espeak(HELD_OUT_VARIANTS), test, 8400)
    if kokoro_folder:
        say = kokoro(kokoro_folder, HELD_OUT_KOKORO)
        yield Plan("test-calls-kokoro", say, call, 60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kokoro", type=Path, help="folder of its model")
    parser.add_argument("--piper", type=Path, help="folder of a voice")
    parser.add_argument("--share", type=float, default=1.0, help="of the seconds above")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options.folder.mkdir(parents=True, exist_ok=True)
    for plan in plans(options.kokoro, options.piper):
        path = options.folder / f"{plan.name}.npz"
        if path.exists():
            continue
        began, rng = time.monotonic(), np.random.default_rng(zlib.crc32(plan.name.encode()))
        spoken = list(utterances(plan.say, plan.text, rng, plan.seconds * options.share))
        save(spoken, path)
        took = time.monotonic() - began
        logging.info("%s: %d utterances, %.0f s", path.name, len(spoken), took)


if __name__ == "__main__":
    main()
