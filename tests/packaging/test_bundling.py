"""What an installer carries: pruned packages, libraries by need, dependencies by inspection."""

from __future__ import annotations

import shutil
import struct
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from packaging.requirements import Requirement

SCRIPTS = ("bundling", "deb", "rpm", "appimage", "tarball", "sbom", "icons", "msi", "dmg")
PT_LOAD = 1
"""A segment that is mapped into memory."""
PACKAGING = Path(__file__).parents[2] / "packaging"
LISTED = [
    line
    for line in (PACKAGING / "linux" / "apt-run.txt").read_text().splitlines()
    if not line.startswith("#")
]


@pytest.fixture(autouse=True)
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The scripts import each other as they do when one of them is run."""
    monkeypatch.syspath_prepend(PACKAGING)
    yield
    for name in [name for name in sys.modules if name.split(".")[0] in SCRIPTS]:
        del sys.modules[name]


def module(name: str) -> ModuleType:
    import importlib

    return importlib.import_module(name)


def numpy_in(folder: Path) -> Path:
    """NumPy's compiled core and the libraries that its wheel brings, copied; returns the latter."""
    site = Path(np.__file__).parents[1]
    core = next(site.glob("numpy/_core/_multiarray_umath*.so"))
    (folder / "numpy" / "_core").mkdir(parents=True)
    shutil.copy(core, folder / "numpy" / "_core")
    return Path(shutil.copytree(site / "numpy.libs", folder / "numpy.libs"))


def test_needed_libraries_of_an_elf_file_are_read() -> None:
    extension = next(Path(np.__file__).parent.glob("_core/_multiarray_umath*.so"))
    names = module("bundling.elf").needed(extension)
    assert any(name.startswith("libc.so") for name in names)
    assert any("openblas" in name for name in names)


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"\x7fELF" + b"\xff" * 90, b"text"])
def test_damaged_elf_file_has_no_needed_libraries(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "lib.so"
    file.write_bytes(content)
    assert module("bundling.elf").needed(file) == set()


def test_unreached_libraries_are_found(tmp_path: Path) -> None:
    libraries = numpy_in(tmp_path)
    (needed,) = libraries.glob("*openblas*")
    shutil.copy(needed, libraries / "libspare.so.1")
    elf = module("bundling.elf")
    assert elf.unreached_libraries(tmp_path) == [libraries / "libspare.so.1"]
    (tmp_path / "numpy" / "_core").rename(tmp_path / "elsewhere")
    assert needed not in elf.unreached_libraries(tmp_path)
    shutil.rmtree(tmp_path / "elsewhere")
    assert needed in elf.unreached_libraries(tmp_path)


def test_pruning_removes_only_unneeded_files(tmp_path: Path) -> None:
    gone = ["PySide6/Qt/qml/QtQuick/x.qml", "PySide6/QtQml.abi3.so", "PySide6/QtGui.pyi"]
    gone += ["numpy/tests/test_x.py", "numpy/include/x.h", "onnx/backend/test/data.pb"]
    stays = ["PySide6/QtWidgets.abi3.so", "PySide6/Qt/plugins/platforms/libqxcb.so"]
    stays += ["numpy/testing/__init__.py", "PySide6/Qt/translations/qtbase_de.qm"]
    for name in gone + stays:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    module("bundling.pruning").prune(tmp_path)
    assert [name for name in gone if (tmp_path / name).exists()] == []
    assert [name for name in stays if not (tmp_path / name).exists()] == []


def test_library_with_displaced_segments_is_not_loadable(tmp_path: Path) -> None:
    file = min(numpy_in(tmp_path).iterdir(), key=lambda path: path.stat().st_size)
    elf = module("bundling.elf")
    assert elf.is_loadable(file)
    content = bytearray(file.read_bytes())
    start = struct.unpack_from("<Q", content, 32)[0]
    size, count = struct.unpack_from("<HH", content, 54)
    for entry in range(start, start + size * count, size):
        kind, _, offset = struct.unpack_from("<IIQ", content, entry)
        if kind == PT_LOAD:
            struct.pack_into("<Q", content, entry + 8, offset + 8)
    file.write_bytes(content)
    assert not elf.is_loadable(file)


def test_dependencies_list_the_package_names_of_each_release() -> None:
    alternatives = module("bundling.dependencies").alternatives
    assert alternatives("libglib2.0-0", LISTED) == "libglib2.0-0 | libglib2.0-0t64"
    assert alternatives("libglib2.0-0t64", LISTED) == "libglib2.0-0 | libglib2.0-0t64"
    assert alternatives("libegl1", LISTED) == "libegl1"


def test_unknown_library_is_named_in_the_error() -> None:
    with pytest.raises(LookupError, match="libnowhere"):
        module("bundling.dependencies").packages_of(["libnowhere.so.7"])


def test_interpreter_is_located() -> None:
    found = module("bundling.interpreter").find_interpreter(Path(sys.executable))
    assert found.executable.is_file()
    assert (found.library / "os.py").is_file()
    assert found.version == f"{sys.version_info.major}.{sys.version_info.minor}"


def test_every_bundled_package_is_pinned_with_hashes() -> None:
    text = (PACKAGING / "requirements.txt").read_text()
    blocks = text.replace("\\\n", " ").splitlines()
    assert all("==" in line and "--hash=sha256:" in line for line in blocks if line.strip())
    names = {line.split("==")[0] for line in blocks}
    project = tomllib.loads((PACKAGING.parent / "pyproject.toml").read_text())["project"]
    needed = {Requirement(line).name.lower() for line in project["dependencies"]}
    assert needed <= names


def test_deb_version_is_the_program_version() -> None:
    from avatar_app import __version__

    assert module("bundling.linux_tree").version() == __version__
    assert module("deb").architecture()


def test_changelog_and_readme_name_the_version_of_the_program() -> None:
    from avatar_app import __version__

    changelog = (PACKAGING.parent / "CHANGELOG.md").read_text()
    assert changelog.split("\n## ", 1)[1].split()[0] == __version__
    assert f"avatar-app_{__version__}_" in (PACKAGING.parent / "README.md").read_text()
