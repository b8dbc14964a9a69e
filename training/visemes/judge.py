"""Judges a network by speech that was held out of its training, at several thresholds of closing.

    python training/visemes/judge.py [NETWORK]

By these figures the thresholds of animation/viseme_network.py are chosen; flite's slt and awb, whom
`avatar-app bench visemes` hears, take no part.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  the project must be found first
from make_speech import (  # noqa: E402
    HELD_OUT_FESTIVAL,
    HELD_OUT_LANGUAGES,
    HELD_OUT_VARIANTS,
    RATE,
    Spoken,
    espeak,
    festival,
)
from targets import CLASSES, targets_of  # noqa: E402

from avatar_app.bench.visemes import CLOSED, MISSED_BY, share_met  # noqa: E402
from avatar_app.core.values import MouthShape  # noqa: E402
from avatar_app.engines.face.animation import viseme_network  # noqa: E402
from avatar_app.engines.face.animation.spectrum import HOP  # noqa: E402

THRESHOLDS = ((0.4, 0.7), (0.5, 0.8), (0.6, 0.85), (0.7, 0.9), (0.8, 0.95))
SECONDS = 90
"""Of each group of voices."""
LIPS, SILENCE = CLASSES.index(MouthShape.PP), CLASSES.index(MouthShape.SIL)


def judged(spoken: Sequence[Spoken]) -> str:
    """Opening's r, closures found, closings in speech that are one, share of silence closed."""
    heard, true, classes = (np.concatenate(each) for each in zip(*map(curves, spoken), strict=True))
    closed = heard < CLOSED
    near = np.convolve(classes == SILENCE, np.ones(21), "same")  # a tenth of a second either side
    speaking = closed & (near == 0)
    return (
        f"r {np.corrcoef(heard, true)[0, 1]:.3f}  "
        f"closed {share_met(classes == LIPS, closed, 0):.2f}  "
        f"rightly {share_met(speaking, classes == LIPS, MISSED_BY):.2f}  "
        f"silence {closed[near == 21].mean():.3f}"
    )


def curves(spoken: Spoken) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Opening heard, opening told by the labels, and classes; one of each a column."""
    listener = viseme_network.VisemeStream(RATE)
    listener.add((spoken.samples / 32768).astype(np.float32))
    listener.end()
    columns = round(len(spoken.samples) / RATE / HOP)
    classes, told = targets_of(spoken.track, columns)
    heard = np.array([listener.mouth(column * HOP).opening for column in range(columns)])
    return heard, told[:, 0], classes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", type=Path, nargs="?", default=viseme_network.NETWORK)
    viseme_network.NETWORK = parser.parse_args().network
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    groups = {
        "espeak-ng": list(espeak(SECONDS, 21, HELD_OUT_LANGUAGES, HELD_OUT_VARIANTS)),
        **{voice: list(festival(SECONDS, 22, [voice])) for voice in HELD_OUT_FESTIVAL},
    }
    for pair in THRESHOLDS:
        viseme_network.CLOSING_FROM, viseme_network.CLOSED_FROM = pair
        for name, spoken in groups.items():
            logging.info("%s  %-10s  %s", pair, name, judged(spoken))


if __name__ == "__main__":
    main()
