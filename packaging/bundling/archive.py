"""Packs a folder into a tar archive whose bytes depend on its content alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

COMPRESSIONS = {
    "xz": (".xz", ["xz", "--stdout", "--threads=2", "--x86", "--lzma2=preset=6,dict=32MiB"]),
    "zstd": (".zst", ["zstd", "--quiet", "--stdout", "-T2", "-3"]),
    "none": ("", ["cat"]),
}
"""Suffix and command of each compression. xz's filter for x86 takes a twentieth off programs; it
does nothing to other processors' and every reader of xz knows it."""


def tar_folder(folder: Path, archive: Path, compression: str, *, inside: str = ".") -> Path:
    """Pack a folder under the name `inside`; returns the archive, with its suffix."""
    suffix, command = COMPRESSIONS[compression]
    result = archive.with_name(archive.name + suffix)
    pack = ["tar", "--create", "--format=gnu", "--sort=name", "--numeric-owner"]
    pack += ["--owner=0", "--group=0", f"--transform=flags=r;s|^\\.|{inside}|"]
    with (
        result.open("wb") as file,
        subprocess.Popen(
            [*pack, "--directory", str(folder), "."], stdout=subprocess.PIPE
        ) as packing,
    ):
        subprocess.run(command, stdin=packing.stdout, stdout=file, check=True)
    if packing.returncode:
        raise subprocess.CalledProcessError(packing.returncode, pack)
    return result
