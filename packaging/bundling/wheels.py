"""Installs the program and its pinned wheels into the bundle's interpreter."""

from __future__ import annotations

import subprocess
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PYTHON = "3.11"
"""The version of Python for which requirements.txt was written."""
PINNED = PROJECT / "packaging" / "requirements.txt"
"""Every package of the default set with its version and the hashes of its files."""


def packages_folder(executable: Path) -> Path:
    """Return the folder from which the interpreter imports packages, below its own library."""
    ask = "import site; print(site.getsitepackages()[-1])"
    command = [str(executable), "-I", "-c", ask]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return Path(answer.stdout.strip())


def build_wheel(target: Path) -> Path:
    """Build the program's own wheel into the folder `target`; returns it."""
    subprocess.run(
        ["uv", "build", "--quiet", "--wheel", "-o", str(target), str(PROJECT)], check=True
    )
    return next(target.glob("avatar_app-*.whl"))


def install(executable: Path, wheel: Path, *, requirements: Path = PINNED) -> Path:
    """Install the pinned packages and the program's wheel; returns the folder of the packages.

    CalledProcessError if a package cannot be had, or its hash is not the pinned one.
    """
    packages = packages_folder(executable)
    into = ["uv", "pip", "install", "--quiet", "--target", str(packages)]
    into += ["--link-mode", "copy"]  # what is changed here must not change in uv's cache, too
    into += ["--python", str(executable)]
    pinned = ["--require-hashes", "--no-deps"]
    subprocess.run([*into, *pinned, "-r", str(requirements)], check=True)
    subprocess.run([*into, "--no-deps", str(wheel)], check=True)
    return packages
