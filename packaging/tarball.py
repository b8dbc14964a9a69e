"""Build the archive that runs on any Linux from wherever it is unpacked: no root, no installation.

python packaging/tarball.py build/bundle dist/
"""

from __future__ import annotations

import argparse
import platform
import shutil
import tempfile
from pathlib import Path

from bundling.archive import COMPRESSIONS, tar_folder
from bundling.linux_tree import DESKTOP, copy, set_modes_and_dates, version


def main() -> None:
    """Build the archive that the command line asks for and print its name and size."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle", type=Path, help="folder that bundle.py has written")
    parser.add_argument("target", type=Path, help="folder for the archive")
    parser.add_argument("--compression", choices=COMPRESSIONS, default="xz")
    options = parser.parse_args()
    archive = build_tarball(options.bundle, options.target, options.compression)
    print(f"{archive}: {archive.stat().st_size / 1e6:.0f} MB")  # noqa: T201


def build_tarball(bundle: Path, target: Path, compression: str = "xz") -> Path:
    """Build the archive of a bundle in the folder `target`; returns it."""
    name = f"avatar-app-{version()}-linux-{platform.machine()}"
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target) as folder:
        root = Path(folder) / name
        shutil.copytree(bundle, root, symlinks=True)
        copy(DESKTOP / "icons" / "256.png", root / "share" / "avatar-app.png")
        copy(DESKTOP / "avatar-app.desktop", root / "share")
        set_modes_and_dates(root)
        return tar_folder(root, target / f"{name}.tar", compression, inside=name)


if __name__ == "__main__":
    main()
