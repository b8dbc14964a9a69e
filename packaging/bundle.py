"""Build the folder that the installers carry: interpreter, pinned wheels, launcher, licenses.

    python packaging/bundle.py --python /usr/bin/python3 build/bundle

Nothing in it is frozen: it is an interpreter that can be moved, with the packages of
requirements.txt below it, so that user engines and extras find a Python. The same commit gives the
same bytes.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bundling import opencv, pruning, sources, wheels, zipped
from bundling.interpreter import find_interpreter

PLATFORMS = {"linux": "on_linux", "darwin": "on_macos", "win32": "on_windows"}
"""The module that knows what a bundle is on each system."""
SELDOM = r"packages/(pip|pygments/lexers)/"
"""Modules that are not compiled: pip is started for extras only, and no start colors a source."""


def main() -> None:
    """Build the bundle that the command line asks for and print its size."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--python", type=Path, default=Path("/usr/bin/python3"), help="to copy")
    parser.add_argument("target", type=Path, help="folder to write; what was there is removed")
    parser.add_argument("--opencv", type=Path, help="OpenCV's module as opencv.py has built it")
    options = parser.parse_args()
    build_bundle(options.python, options.target.resolve(), options.opencv)
    print(f"{options.target}: {size_of(options.target) / 1e6:.0f} MB")  # noqa: T201


def build_bundle(python: Path, target: Path, compiled_opencv: Path | None = None) -> None:
    """Build the bundle in the folder `target` from a copy of the interpreter `python`."""
    platform = importlib.import_module(f"bundling.{PLATFORMS[sys.platform]}")
    source = find_interpreter(python)
    if source.version != wheels.PYTHON:
        raise SystemExit(
            f"{python} is Python {source.version}; the packages are pinned for {wheels.PYTHON}."
        )
    shutil.rmtree(target, ignore_errors=True)
    executable = platform.copy_python(source, target)
    with tempfile.TemporaryDirectory() as folder:
        packages = wheels.install(executable, wheels.build_wheel(Path(folder)))
    pruning.prune(packages)
    if compiled_opencv is not None:
        opencv.replace_in(packages, compiled_opencv)
    platform.reduce(packages)
    platform.add_launcher(target)
    for name in ("LICENSE", "packaging/THIRD-PARTY.md"):
        shutil.copy(wheels.PROJECT / name, target / Path(name).name)
    _compile(executable, target)
    permissive = sources.permissive(packages)
    zipped.pack_modules(executable, without_sources=permissive)
    sources.leave_out(packages, permissive)
    _forget_how_it_was_installed(packages)


def _forget_how_it_was_installed(packages: Path) -> None:
    """Remove what differs from build to build, where a package came from, and when, and the lists
    of files as they were before some of them went.
    """
    about = [f"*.dist-info/{name}" for name in ("direct_url.json", "uv_cache.json", "RECORD")]
    for pattern in (*about, ".lock"):
        for path in packages.glob(pattern):
            path.unlink()


def _compile(executable: Path, target: Path) -> None:
    """Compile all modules but those of SELDOM, so that no start does; the files are never compared
    with their sources, because nobody changes them, and name them relative to the bundle. Columns,
    a quarter of their size, are left out.
    """
    command = [str(executable), "-S", "-m", "compileall", "-q", "-j", "0", "-x", SELDOM]
    options = ["--invalidation-mode", "unchecked-hash", "-s", str(target), str(target)]
    environment = os.environ | {"PYTHONHASHSEED": "0", "PYTHONNODEBUGRANGES": "1"}
    subprocess.run([*command, *options], env=environment, check=False, stdout=subprocess.DEVNULL)


def size_of(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*"))


if __name__ == "__main__":
    main()
