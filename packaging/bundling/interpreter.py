"""Copies a Python interpreter and the standard library that the program needs, made relocatable."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bundling.elf import closure, elf_files, needed, set_search_path

_ASK = """
import json, os, sys, sysconfig
variable = sysconfig.get_config_var
print(json.dumps({
    "executable": os.path.realpath(sys.executable),
    "version": "%d.%d" % sys.version_info[:2],
    "library": sysconfig.get_path("stdlib"),
    "shared": os.path.join(variable("LIBDIR") or "", variable("INSTSONAME") or "")
              if variable("Py_ENABLE_SHARED") else "",
}))
"""
UNUSED = (
    "config-*",
    "ensurepip",
    "idlelib",
    "lib2to3",
    "pydoc_data",
    "site-packages",
    "dist-packages",
    "sitecustomize.py",
    "test",
    "tkinter",
    "turtle*",
    "EXTERNALLY-MANAGED",
)
"""Of the standard library: what nothing in the program imports."""
UNUSED_MODULES = (
    "_codecs_??",
    "_codecs_???",
    "_crypt",
    "_ctypes_test",
    "_curses*",
    "_dbm",
    "_gdbm",
    "_test*",
    "_tkinter",
    "_xxtest*",
    "nis",
    "ossaudiodev",
    "readline",
    "spwd",
    "xxlimited*",
)
"""Compiled modules that nothing imports, some of which need libraries of their own."""
SYSTEM = ("libc.so", "libm.so", "libdl.so", "libpthread.so", "librt.so", "libutil.so", "ld-linux")
"""Beginnings of the names of libraries that belong to the system: the C library's."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python on this machine, from which the bundle's is copied."""

    executable: Path
    version: str
    """Such as `3.11`."""
    library: Path
    """The folder of its standard library."""
    shared: Path | None
    """Its libpython, if it is a library of its own."""


def find_interpreter(python: Path) -> Interpreter:
    """Ask `python` where its parts are; CalledProcessError if it does not run."""
    answer = subprocess.run(
        [str(python), "-I", "-S", "-c", _ASK], capture_output=True, text=True, check=True
    )
    parts = json.loads(answer.stdout)
    shared = Path(parts["shared"]) if parts["shared"] else None
    return Interpreter(
        executable=Path(parts["executable"]),
        version=parts["version"],
        library=Path(parts["library"]),
        shared=shared if shared and shared.is_file() else None,
    )


def copy_interpreter(source: Interpreter, target: Path) -> Path:
    """Copy the interpreter into the empty folder `target`; returns the copy's executable.

    Python looks for its library next to its own folder (`bin/../lib/pythonX.Y`), so the copy can
    be moved. Libraries that it and its modules need travel with it, except the C library's.
    """
    executable = target / "bin" / f"python{source.version}"
    library = target / "lib" / f"python{source.version}"
    executable.parent.mkdir(parents=True)
    shutil.copy2(source.executable, executable)
    (executable.parent / "python3").symlink_to(executable.name)
    unused = shutil.ignore_patterns("__pycache__", "*.pyc", *UNUSED)
    shutil.copytree(source.library, library, ignore=unused, ignore_dangling_symlinks=True)
    for pattern in UNUSED_MODULES:
        for module in (library / "lib-dynload").glob(f"{pattern}.cpython-*.so"):
            module.unlink()
    _copy_libraries(source, target)
    return executable


def _copy_libraries(source: Interpreter, target: Path) -> None:
    """Copy the interpreter's shared libraries into its folder, and make it load those."""
    users = [*elf_files(target)]
    for library in closure(users, without=SYSTEM):
        shutil.copy2(library, target / "lib" / library.name)
    if source.shared is not None and any(source.shared.name in needed(user) for user in users):
        shutil.copy2(source.shared, target / "lib" / source.shared.name)
    for path in elf_files(target):
        set_search_path(path, target / "lib")
