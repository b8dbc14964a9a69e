"""Writes small wheels, and lets pip see nothing but them: a package index without a network."""

from __future__ import annotations

import os
from pathlib import Path
from zipfile import ZipFile

import pytest


def write_wheel(
    folder: Path, name: str, version: str = "1.0", code: str = "", requires: tuple[str, ...] = ()
) -> Path:
    """A package `name` with `code` as its only module."""
    module = name.replace("-", "_")
    described = f"{module}-{version}.dist-info"
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
    metadata += [f"Requires-Dist: {each}" for each in requires]
    files = {
        f"{module}/__init__.py": code,
        f"{described}/METADATA": "\n".join(metadata) + "\n",
        f"{described}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [*(f"{path},," for path in files), f"{described}/RECORD,,"]
    path = folder / f"{module}-{version}-py3-none-any.whl"
    with ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
        archive.writestr(f"{described}/RECORD", "\n".join(record))
    return path


def offer_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pip find the wheels of `folder` and nothing else."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
