"""Build the Debian package from a bundle: folder, launcher, desktop entry, man page, dependencies.

    python packaging/deb.py build/bundle dist/

SOURCE_DATE_EPOCH dates everything in it, so that the same commit gives the same package.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import subprocess
import tempfile
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from bundling.archive import COMPRESSIONS, tar_folder
from bundling.dependencies import alternatives, missing_libraries, packages_of
from bundling.linux_tree import (
    LINUX,
    copy,
    lay_out,
    set_modes_and_dates,
    source_date,
    version,
)

OVERRIDES = LINUX / "lintian-overrides"
LOADED_BY_NAME = ("libportaudio2", "libegl1", "libgl1", "libpulse0")
"""Packages of libraries that are opened at run time, which no file names as needed."""
MAINTAINER = "The avatar_app developers <avatar-app@users.noreply.github.com>"
CHANGELOG = """avatar-app ({version}) unstable; urgency=medium

  * Release {version}; NEWS.md.gz says what changed.

 -- {maintainer}  {date}
"""
CONTROL = """Package: avatar-app
Version: {version}
Architecture: {architecture}
Maintainer: {maintainer}
Installed-Size: {kilobytes}
Depends: {depends}
Recommends: pulseaudio | pipewire-pulse
Section: sound
Priority: optional
Homepage: https://github.com/avatar-app/avatar_app
Description: talk with a face, privately, on your own machine
 A desktop application in which you talk with an animated portrait. It hears
 you, thinks, answers by voice and moves its lips to it, and you can interrupt
 it like a person. Everything runs on this machine; nothing is sent anywhere.
 .
 Recognition, a voice, a dialogue and three drawn characters come with the
 package; better ones are fetched when you ask for them.
"""


def main() -> None:
    """Build the package that the command line asks for and print its name and size."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle", type=Path, help="folder that bundle.py has written")
    parser.add_argument("target", type=Path, help="folder for the package")
    parser.add_argument("--compression", choices=COMPRESSIONS, default="xz")
    options = parser.parse_args()
    package = build_package(options.bundle, options.target, options.compression)
    print(f"{package}: {package.stat().st_size / 1e6:.0f} MB")  # noqa: T201


def build_package(bundle: Path, target: Path, compression: str = "xz") -> Path:
    """Build the Debian package of a bundle in the folder `target`; returns it."""
    target.mkdir(parents=True, exist_ok=True)
    package = target.resolve() / f"avatar-app_{version()}_{architecture()}.deb"
    package.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=target) as folder:
        place = Path(folder)
        root, control = place / "root", place / "control"
        lay_out(bundle, root)
        _add_for_debian(root)
        _write_control(control, root, dependencies(bundle))
        for tree in (root, control):
            set_modes_and_dates(tree)
        _join(place, package, compression)
    return package


def _add_for_debian(root: Path) -> None:
    """Add what only Debian reads: its changelog, and what lintian is to leave alone."""
    overrides = root / "usr" / "share" / "lintian" / "overrides"
    copy(OVERRIDES, overrides).rename(overrides / "avatar-app")
    date = format_datetime(datetime.fromtimestamp(source_date(), UTC))
    text = CHANGELOG.format(version=version(), maintainer=MAINTAINER, date=date)
    log = root / "usr" / "share" / "doc" / "avatar-app" / "changelog.gz"
    log.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def _join(place: Path, package: Path, compression: str) -> None:
    """Put the parts of a Debian package together: its format, control files and content."""
    (place / "debian-binary").write_text("2.0\n", encoding="utf-8")
    members = [
        "debian-binary",
        tar_folder(place / "control", place / "control.tar", "xz").name,
        tar_folder(place / "root", place / "data.tar", compression).name,
    ]
    subprocess.run(["ar", "-rcD", str(package), *members], cwd=place, check=True)


def architecture() -> str:
    """Return Debian's name of this machine's architecture, such as `amd64`."""
    command = ["dpkg", "--print-architecture"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def dependencies(bundle: Path) -> str:
    """Return the Depends field: what the bundle's files need of the system, found by inspection."""
    found = packages_of(missing_libraries(bundle)) | {*LOADED_BY_NAME}
    lines = (LINUX / "apt-run.txt").read_text(encoding="utf-8").splitlines()
    listed = [line for line in lines if not line.startswith("#")]
    needed = {
        "libc6 (>= 2.36)" if name == "libc6" else alternatives(name, listed) for name in found
    }
    return ", ".join(sorted(needed))


def _write_control(control: Path, root: Path, depends: str) -> None:
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink()]
    kilobytes = sum(-(-path.stat().st_size // 1024) for path in files)
    sums = [f"{_md5(path)}  {path.relative_to(root)}\n" for path in files]
    control.mkdir()
    (control / "md5sums").write_text("".join(sums), encoding="utf-8")
    (control / "control").write_text(
        CONTROL.format(
            version=version(),
            maintainer=MAINTAINER,
            architecture=architecture(),
            kilobytes=kilobytes,
            depends=depends,
        ),
        encoding="utf-8",
    )


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


if __name__ == "__main__":
    main()
