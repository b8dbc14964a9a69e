"""Build the part of OpenCV that the program uses, for the bundle.

    python packaging/opencv.py build/opencv

Downloads the pinned source, or takes `--source ARCHIVE`; writes cv2.abi3.so into the folder.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from bundling import opencv
from bundling.wheels import PINNED


def main() -> None:
    """Build the module that the command line asks for and print its size."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--source", type=Path, help="the archive, if it is here already")
    parser.add_argument("target", type=Path, help="folder for the compiled module")
    options = parser.parse_args()
    options.target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.target) as folder:
        place = Path(folder)
        archive = options.source or opencv.download_source(PINNED, place)
        source = opencv.unpack_source(archive, PINNED, place)
        built = opencv.build(source, Path(sys.executable), place / "build")
        compiled = shutil.copy(built, options.target / built.name)
    print(f"{compiled}: {compiled.stat().st_size / 1e6:.0f} MB")  # noqa: T201


if __name__ == "__main__":
    main()
