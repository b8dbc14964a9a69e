"""Build the AppImage from a bundle: one file that runs on any Linux; needs mksquashfs.

    python packaging/appimage.py build/bundle dist/ --runtime runtime-x86_64 --sha256 HASH

An AppImage is a small program, the runtime, with a file system behind it. The runtime is not in
this repository: its hash has to be named, and a file with another one is refused.
"""

from __future__ import annotations

import argparse
import hashlib
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

from bundling.linux_tree import DESKTOP, copy, lay_out, set_modes_and_dates, source_date
from bundling.linux_tree import version as program_version

START = """#!/bin/sh
# Opens the window, or does what the command line says.
[ "$#" -gt 0 ] || set -- run
exec "$(dirname "$(readlink -f "$0")")/usr/lib/avatar-app/bin/avatar-app" "$@"
"""


def main() -> None:
    """Build the AppImage that the command line asks for and print its name and size."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle", type=Path, help="folder that bundle.py has written")
    parser.add_argument("target", type=Path, help="folder for the AppImage")
    parser.add_argument("--runtime", type=Path, required=True, help="AppImage's type 2 runtime")
    parser.add_argument("--sha256", required=True, help="SHA-256 of the runtime")
    options = parser.parse_args()
    runtime = checked_runtime(options.runtime, options.sha256)
    image = build_appimage(options.bundle, options.target, runtime)
    print(f"{image}: {image.stat().st_size / 1e6:.0f} MB")  # noqa: T201


def checked_runtime(runtime: Path, sha256: str) -> bytes:
    """Return the runtime's bytes; SystemExit if they are not those that the hash names."""
    content = runtime.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256.lower():
        raise SystemExit(f"{runtime} has the SHA-256 {found}, not {sha256}.")
    return content


def build_appimage(bundle: Path, target: Path, runtime: bytes) -> Path:
    """Build the AppImage of a bundle in the folder `target`; returns it."""
    target.mkdir(parents=True, exist_ok=True)
    image = target / f"avatar-app-{program_version()}-{platform.machine()}.AppImage"
    with tempfile.TemporaryDirectory(dir=target) as folder:
        tree = Path(folder) / "AppDir"
        lay_out_appdir(bundle, tree)
        system = Path(folder) / "image.squashfs"
        _pack(tree, system)
        with image.open("wb") as file:
            file.write(runtime)
            with system.open("rb") as content:
                shutil.copyfileobj(content, file)
    image.chmod(0o755)
    return image


def lay_out_appdir(bundle: Path, tree: Path) -> None:
    """Lay out the folder that the AppImage mounts: what AppRun starts, and what desktops read."""
    lay_out(bundle, tree)
    (tree / "AppRun").write_text(START, encoding="utf-8")
    (tree / "AppRun").chmod(0o755)
    copy(DESKTOP / "avatar-app.desktop", tree / "avatar-app.desktop")
    copy(DESKTOP / "icons" / "256.png", tree / "avatar-app.png")
    (tree / ".DirIcon").symlink_to("avatar-app.png")
    set_modes_and_dates(tree)


def _pack(tree: Path, system: Path) -> None:
    command = ["mksquashfs", str(tree), str(system), "-noappend", "-all-root", "-quiet"]
    command += ["-comp", "zstd", "-Xcompression-level", "15", "-b", "1M", "-no-progress"]
    environment = {"SOURCE_DATE_EPOCH": str(source_date()), "PATH": "/usr/bin:/bin:/usr/sbin"}
    subprocess.run(command, env=environment, check=True)


if __name__ == "__main__":
    main()
