"""Packs Python modules and their bytecode into the archive that Python looks into first.

An interpreter has `pythonXY.zip` as the first entry of its path, as on Windows, where the standard
library comes in one. Modules and their bytecode take a third of the space there. Sources go along
where sources.py asks for them; of the standard library, only what is not compiled. What has
compiled parts, or looks for files beside itself, stays a folder.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from collections.abc import Collection, Iterable
from pathlib import Path

_ASK = """
import site, sys, sysconfig
print([entry for entry in sys.path if entry.endswith(".zip")][0])
print(sysconfig.get_path("stdlib"))
print(site.getsitepackages()[-1])
"""
LANDMARKS = ("os.py", "site.py", "importlib")
"""By the first, Python finds its folder; the others come before an archive can be read."""
COMPILED = (".so", ".pyd", ".dll", ".dylib")
OWN_FILES = re.compile(
    rb"__file__|__path__|importlib[._]resources|importlib import resources|get_data\("
)
"""Words of a module that may look for files beside itself."""
HARMLESS = (
    # they ask for the file of the main program, or of a caller's module
    "anyio",
    "jinja2",
    "joblib",
    "pydantic",
    "rich",
    "typer",
    # only modules of theirs that nothing here imports do
    "cloudpickle",
    "jsonschema",
    "pycparser",
    "tqdm",
    "urllib3",
    # it is made to run from an archive, as when Python installs it
    "pip",
    # methods of their own have such a name
    "fsspec",
    "pypdf",
    # they make files of their own while being developed, or describe models for publication
    "huggingface_hub",
    "pygments",
    "securesystemslib",
)
"""Packages that have those words and work all the same."""
_DATE = (1980, 1, 1, 0, 0, 0)


def pack_modules(executable: Path, without_sources: Collection[str] = ()) -> int:
    """Pack what can be packed of the library and packages of an interpreter, whose modules are
    compiled; the library and the packages named go without their sources. Returns the bytes that
    were saved.
    """
    command = [str(executable), "-I", "-c", _ASK]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    archive, library, packages = (Path(line) for line in answer.stdout.splitlines())
    standard = packable(library, is_standard=True)
    bare = {*(item.name for item in standard), *without_sources}
    return pack([*standard, *packable(packages)], archive, bare)


def packable(folder: Path, *, is_standard: bool = False) -> list[Path]:
    """Return the modules and packages in a folder that work from an archive; of the standard
    library, all that is not compiled, since it comes so on Windows.
    """
    return [
        item
        for item in sorted(folder.iterdir())
        if item.name not in LANDMARKS and _is_pure(item) and (is_standard or _works_packed(item))
    ]


def pack(items: Iterable[Path], archive: Path, without_sources: Collection[str] = ()) -> int:
    """Move modules and packages into an archive, compiled modules of some without their sources;
    returns the bytes that were saved.
    """
    before = 0
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for item in items:
            for folder in _namespaces(item):
                name = f"{folder.relative_to(item.parent).as_posix()}/"
                packed.writestr(zipfile.ZipInfo(name, _DATE), b"")
            for path in _files(item):
                name = path.relative_to(item.parent).as_posix()
                bytecode = _bytecode(path)
                if bytecode is None or item.name not in without_sources:
                    before += _add(packed, path, name)
                else:
                    before += path.stat().st_size
                if bytecode is not None:
                    before += _add(packed, bytecode, f"{name}c")
                    bytecode.unlink()
            if item.is_dir():
                shutil.rmtree(item)
            else:
                item.unlink()
    return before - archive.stat().st_size


def _is_pure(item: Path) -> bool:
    """Return whether it is a module, or a package without compiled parts."""
    if not item.is_dir():
        return item.suffix == ".py"
    compiled = any(path.suffix in COMPILED for path in item.rglob("*"))
    return not compiled and (item / "__init__.py").is_file()


def _works_packed(item: Path) -> bool:
    modules = [path for path in _files(item) if path.suffix == ".py"]
    return item.name in HARMLESS or not any(OWN_FILES.search(path.read_bytes()) for path in modules)


def _files(item: Path) -> list[Path]:
    """Return a module, or all files of a package but its bytecode, in order."""
    if not item.is_dir():
        return [item]
    return sorted(path for path in item.rglob("*") if path.is_file() and path.suffix != ".pyc")


def _namespaces(item: Path) -> list[Path]:
    """Return the folders of modules in a package that are packages without saying so: they are
    found in an archive only if it names the folder.
    """
    folders = {path.parent for path in item.rglob("*.py")}
    return sorted(folder for folder in folders if not (folder / "__init__.py").is_file())


def _bytecode(module: Path) -> Path | None:
    """Return the file of a module's bytecode, where it was compiled."""
    if module.suffix != ".py":
        return None
    return next(module.parent.glob(f"__pycache__/{module.stem}.*.pyc"), None)


def _add(packed: zipfile.ZipFile, path: Path, name: str) -> int:
    """Add a file under a name, the same bytes whenever it was written; returns its size."""
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o100644 << 16
    packed.writestr(entry, path.read_bytes())
    return path.stat().st_size
