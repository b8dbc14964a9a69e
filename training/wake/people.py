"""Stores recordings of people who do not say the phrase as `speak.py` stores voices.

    python training/wake/people.py SPEECH FOLDER --part test --name readers [--every 2]

Every file of sound in FOLDER (below it as well) becomes an utterance; its name is its text.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  the project must be found first
from make_speech import RATE, Spoken, save  # noqa: E402

from avatar_app.core.errors import AvatarError  # noqa: E402
from avatar_app.media.sound_reader import read_sound  # noqa: E402

SUFFIXES = {".wav", ".flac", ".mp3", ".ogg"}


def recordings(folder: Path, name: str, every: int) -> list[Spoken]:
    """What can be read; a damaged file is named and left out."""
    found = []
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    for path in paths[::every]:
        try:
            samples = read_sound(path, RATE).samples
        except AvatarError as error:
            logging.info("%s: %s", path.name, error.message)
            continue
        whole = np.clip(samples * 32768, -32768, 32767).astype(np.int16)
        found.append(Spoken(name, str(path.relative_to(folder)), whole, -1.0))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("speech", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--part", choices=("train", "test"), required=True)
    parser.add_argument("--name", required=True, help="of the recordings")
    parser.add_argument("--every", type=int, default=1, help="take each n-th file")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    found = recordings(options.folder, options.name, options.every)
    save(found, options.speech / f"{options.part}-other-{options.name}.npz")
    seconds = sum(len(each.samples) for each in found) / RATE
    logging.info("%s: %d recordings, %.2f h", options.name, len(found), seconds / 3600)


if __name__ == "__main__":
    main()
