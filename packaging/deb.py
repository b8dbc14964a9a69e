"""Build the Debian package from a bundle: folder, launcher, desktop entry, man page, dependencies.

    python packaging/deb.py build/bundle dist/

SOURCE_DATE_EPOCH dates everything in it, so that the same commit gives the same package.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bundling.dependencies import alternatives, missing_libraries, packages_of

PROJECT = Path(__file__).parents[1]
LINUX = PROJECT / "packaging" / "linux"
DESKTOP = LINUX / "desktop"
HOME = Path("usr/lib/avatar-app")
"""Where the bundle lies."""
COMPONENT = "io.github.avatar_app.avatar_app"
"""The name under which software centers know the program."""
ICON_SIZES = (48, 64, 128, 256)
LOADED_BY_NAME = ("libportaudio2", "libegl1", "libgl1", "libpulse0")
"""Packages of libraries that are opened at run time, which no file names as needed."""
CONTROL = """Package: avatar-app
Version: {version}
Architecture: {architecture}
Maintainer: The avatar_app developers <avatar-app@users.noreply.github.com>
Installed-Size: {kilobytes}
Depends: {depends}
Recommends: pulseaudio | pipewire-pulse
Section: sound
Priority: optional
Homepage: https://github.com/avatar-app/avatar_app
Description: talk with a face, privately, on your own machine
 A desktop application in which you talk with an animated portrait. It hears you,
 thinks, answers by voice and moves its lips to it, and you can interrupt it like a
 person. Everything runs on this machine; nothing is sent anywhere.
 .
 Recognition, a voice, a dialogue and three drawn characters come with the package;
 better ones are fetched when you ask for them.
"""


def main() -> None:
    """Build the package that the command line asks for and print its name and size."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle", type=Path, help="folder that bundle.py has written")
    parser.add_argument("target", type=Path, help="folder for the package")
    parser.add_argument("--compression", choices=("xz", "zstd", "none"), default="xz")
    options = parser.parse_args()
    package = build_package(options.bundle, options.target, options.compression)
    print(f"{package}: {package.stat().st_size / 1e6:.0f} MB")  # noqa: T201


def build_package(bundle: Path, target: Path, compression: str = "xz") -> Path:
    """Build the Debian package of a bundle in the folder `target`; returns it."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target) as folder:
        root = Path(folder) / "root"
        shutil.copytree(bundle, root / HOME, symlinks=True)
        _add_desktop_files(root)
        _add_documents(root)
        _add_control(root, dependencies(bundle))
        _set_modes_and_dates(root)
        package = target / f"avatar-app_{version()}_{architecture()}.deb"
        command = ["dpkg-deb", "--root-owner-group", "--threads-max=2", f"-Z{compression}"]
        subprocess.run([*command, "--build", str(root), str(package)], check=True)
    return package


def version() -> str:
    """Return the program's version, as the package has it."""
    text = (PROJECT / "avatar_app" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'__version__ = "(.+)"', text)
    if found is None:
        raise ValueError("avatar_app/__init__.py has no version")
    return found[1]


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


def _add_desktop_files(root: Path) -> None:
    share = root / "usr" / "share"
    _copy(DESKTOP / "avatar-app.desktop", share / "applications")
    metainfo = _copy(DESKTOP / f"{COMPONENT}.metainfo.xml", share / "metainfo")
    _fill_in(metainfo)
    _copy(DESKTOP / "avatar-app.mime.xml", share / "mime" / "packages" / "avatar-app.xml")
    for size in ICON_SIZES:
        folder = share / "icons" / "hicolor" / f"{size}x{size}"
        _copy(DESKTOP / "icons" / f"{size}.png", folder / "apps" / "avatar-app.png")
    command = root / "usr" / "bin" / "avatar-app"
    command.parent.mkdir(parents=True)
    command.symlink_to(Path("..", *HOME.parts[1:], "bin", "avatar-app"))


def _add_documents(root: Path) -> None:
    documents = root / "usr" / "share" / "doc" / "avatar-app"
    _copy(LINUX / "copyright", documents)
    _copy(PROJECT / "packaging" / "THIRD-PARTY.md", documents)
    _compress(PROJECT / "CHANGELOG.md", documents / "changelog.gz")
    _compress(DESKTOP / "avatar-app.1", root / "usr" / "share" / "man" / "man1" / "avatar-app.1.gz")


def _add_control(root: Path, depends: str) -> None:
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink()]
    kilobytes = sum(-(-path.stat().st_size // 1024) for path in files)
    sums = [f"{_md5(path)}  {path.relative_to(root)}\n" for path in files]
    control = root / "DEBIAN"
    control.mkdir()
    (control / "md5sums").write_text("".join(sums), encoding="utf-8")
    (control / "control").write_text(
        CONTROL.format(
            version=version(),
            architecture=architecture(),
            kilobytes=kilobytes,
            depends=depends,
        ),
        encoding="utf-8",
    )


def _set_modes_and_dates(root: Path) -> None:
    """Give files the modes that packages have, whatever the umask here, and one date."""
    date = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)
        os.utime(path, (date, date), follow_symlinks=False)


def _fill_in(metainfo: Path) -> None:
    """Write version and date into the description that software centers show."""
    date = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), UTC)
    text = metainfo.read_text(encoding="utf-8").replace("@VERSION@", version())
    metainfo.write_text(text.replace("@DATE@", f"{date:%Y-%m-%d}"), encoding="utf-8")


def _copy(source: Path, target: Path) -> Path:
    """Copy a file into a folder, or under a name that has a suffix; returns the copy."""
    copy = target if target.suffix else target / source.name
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, copy)
    return copy


def _compress(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(gzip.compress(source.read_bytes(), 9, mtime=0))


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


if __name__ == "__main__":
    main()
