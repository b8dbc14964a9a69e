"""Write the icons of Windows (.ico) and macOS (.icns) from the program's picture.

python packaging/icons.py build/icons
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

PICTURE = Path(__file__).parents[1] / "assets" / "icons" / "icon.png"
ICO_SIZES = (16, 24, 32, 48, 64, 128, 256)
ICNS_SIDE = 1024
"""Pixels of the largest picture that macOS shows; Pillow adds the smaller ones."""


def main() -> None:
    """Write both icons into the folder that the command line names."""
    write_icons(Path(sys.argv[1]))


def write_icons(target: Path) -> tuple[Path, Path]:
    """Write avatar-app.ico and avatar-app.icns into a folder; returns both."""
    target.mkdir(parents=True, exist_ok=True)
    windows, macos = target / "avatar-app.ico", target / "avatar-app.icns"
    with Image.open(PICTURE) as picture:
        image = picture.convert("RGBA")
    image.save(windows, sizes=[(side, side) for side in ICO_SIZES])
    image.resize((ICNS_SIDE, ICNS_SIDE), Image.Resampling.LANCZOS).save(macos)
    return windows, macos


if __name__ == "__main__":
    main()
