"""Lays the files of a Linux package around a bundle: launcher, desktop entry, icons, man page."""

from __future__ import annotations

import gzip
import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

PROJECT = Path(__file__).parents[2]
LINUX = PROJECT / "packaging" / "linux"
DESKTOP = LINUX / "desktop"
HOME = Path("usr/lib/avatar-app")
"""Where the bundle lies."""
COMPONENT = "io.github.avatar_app.avatar_app"
"""The name under which software centers know the program."""
ICON_SIZES = (48, 64, 128, 256)


def version() -> str:
    """Return the program's version, as every package has it."""
    text = (PROJECT / "avatar_app" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'__version__ = "(.+)"', text)
    if found is None:
        raise ValueError("avatar_app/__init__.py has no version")
    return found[1]


def lay_out(bundle: Path, root: Path) -> None:
    """Copy the bundle and what belongs to it into the folder `root`, below /usr."""
    shutil.copytree(bundle, root / HOME, symlinks=True)
    _add_desktop_files(root)
    _add_documents(root)


def source_date() -> int:
    """Return the second that dates every file of a package: SOURCE_DATE_EPOCH, or 1970."""
    return int(os.environ.get("SOURCE_DATE_EPOCH", "0"))


def set_modes_and_dates(root: Path) -> None:
    """Give files the modes that packages have, whatever the umask here, and one date."""
    date = source_date()
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or _is_program(path) else 0o644)
        os.utime(path, (date, date), follow_symlinks=False)


def _is_program(path: Path) -> bool:
    """Tell whether a file is run: wheels mark libraries, modules and texts so, too."""
    in_wheel = any(part.endswith("-packages") for part in path.parts)
    return bool(path.stat().st_mode & 0o100) and not in_wheel


def _add_desktop_files(root: Path) -> None:
    share = root / "usr" / "share"
    copy(DESKTOP / "avatar-app.desktop", share / "applications")
    metainfo = copy(DESKTOP / f"{COMPONENT}.metainfo.xml", share / "metainfo")
    _fill_in(metainfo)
    copy(DESKTOP / "avatar-app.mime.xml", share / "mime" / "packages" / "avatar-app.xml")
    for size in ICON_SIZES:
        folder = share / "icons" / "hicolor" / f"{size}x{size}"
        copy(DESKTOP / "icons" / f"{size}.png", folder / "apps" / "avatar-app.png")
    command = root / "usr" / "bin" / "avatar-app"
    command.parent.mkdir(parents=True)
    command.symlink_to(Path("..", *HOME.parts[1:], "bin", "avatar-app"))


def _add_documents(root: Path) -> None:
    documents = root / "usr" / "share" / "doc" / "avatar-app"
    copy(LINUX / "copyright", documents)
    copy(PROJECT / "packaging" / "THIRD-PARTY.md", documents)
    _compress(PROJECT / "CHANGELOG.md", documents / "NEWS.md.gz")
    _compress(DESKTOP / "avatar-app.1", root / "usr" / "share" / "man" / "man1" / "avatar-app.1.gz")


def _fill_in(metainfo: Path) -> None:
    """Write version and date into the description that software centers show."""
    date = datetime.fromtimestamp(source_date(), UTC)
    text = metainfo.read_text(encoding="utf-8").replace("@VERSION@", version())
    metainfo.write_text(text.replace("@DATE@", f"{date:%Y-%m-%d}"), encoding="utf-8")


def copy(source: Path, target: Path) -> Path:
    """Copy a file into a folder, or under a name that has a suffix; returns the copy."""
    result = target if target.suffix else target / source.name
    result.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, result)
    return result


def _compress(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(gzip.compress(source.read_bytes(), 9, mtime=0))
