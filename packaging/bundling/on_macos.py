"""What a bundle is on macOS: a relocatable build of Python, copied whole, and a shell script.

Not run so far: there was no Mac. The interpreter has to be one that can be moved, as
python-build-standalone's is; Apple's and Homebrew's are not.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from bundling.interpreter import UNUSED, Interpreter
from bundling.on_linux import add_launcher as add_launcher


def copy_python(source: Interpreter, target: Path) -> Path:
    """Copy a relocatable interpreter; returns the copy's executable."""
    root = source.executable.parents[1]
    unused = shutil.ignore_patterns(
        "__pycache__", "include", "share", "*.a", "tcl*", "tk*", *UNUSED
    )
    shutil.copytree(root, target, symlinks=True, ignore=unused)
    return target / "bin" / source.executable.name


def reduce(packages: Path) -> None:
    """Remove nothing more: libraries name each other by paths, and a change would end the signature
    that each carries.
    """
