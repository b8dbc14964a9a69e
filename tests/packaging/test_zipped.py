"""Modules of Python packed into an archive, from which they are imported with their bytecode."""

from __future__ import annotations

import compileall
import importlib
import py_compile
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

PACKAGING = Path(__file__).parents[2] / "packaging"
FAILS = "def fail():\n    raise ValueError('as written')  # this very line\n"


@pytest.fixture
def zipped(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(PACKAGING)
    return importlib.import_module("bundling.zipped")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Packages and modules of each kind, compiled as bundle.py does."""
    files = {
        "pure/__init__.py": "from pure.inner import deep\n",
        "pure/inner/__init__.py": "",
        "pure/inner/deep.py": FAILS,
        "pure/py.typed": "",
        "pure/unsaid/part.py": "VALUE = 8\n",
        "licensed/__init__.py": "",
        "licensed/LICENSE": "Free",
        "data/__init__.py": "from importlib import resources\nWORDS = resources.files('data')\n",
        "data/words.txt": "words",
        "beside/__init__.py": "from pathlib import Path\nHERE = Path(__file__)\n",
        "compiled/__init__.py": "",
        "compiled/part.so": "",
        "namespace/part.py": "",
        "single.py": "VALUE = 7\n",
        "os.py": "",
    }
    for name, text in files.items():
        (tmp_path / "lib" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "lib" / name).write_text(text)
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(tmp_path / "lib", quiet=1, invalidation_mode=mode)
    return tmp_path / "lib"


def test_only_packages_that_need_no_files_beside_them_are_packed(
    folder: Path, zipped: ModuleType
) -> None:
    assert [item.name for item in zipped.packable(folder)] == ["licensed", "pure", "single.py"]
    standard = [item.name for item in zipped.packable(folder, is_standard=True)]
    assert standard == ["beside", "data", "licensed", "pure", "single.py"]


def test_packed_modules_are_imported_and_show_their_lines(folder: Path, zipped: ModuleType) -> None:
    archive = folder.parent / "packed.zip"
    zipped.pack(zipped.packable(folder), archive)
    assert not (folder / "pure").exists()
    assert not [*folder.glob("__pycache__/single.*")]
    assert (folder / "data" / "words.txt").exists()
    script = (
        f"import sys; sys.path.insert(0, {str(archive)!r})\n"
        "import single, pure.inner.deep, pure.unsaid.part, traceback\n"
        "print(single.VALUE, pure.unsaid.part.VALUE, pure.inner.deep.__cached__.endswith('.pyc'))\n"
        "try: pure.inner.deep.fail()\n"
        "except ValueError: print(traceback.format_exc())\n"
    )
    command = [sys.executable, "-I", "-c", script]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.startswith("7 8 True")
    assert "# this very line" in run.stdout


def test_modules_are_imported_without_their_sources_and_name_their_lines(
    folder: Path, zipped: ModuleType
) -> None:
    archive = folder.parent / "packed.zip"
    (folder / "pure" / "script.txt").write_text("data")
    uncompiled = folder / "pure" / "uncompiled.py"
    uncompiled.write_text("VALUE = 9\n")
    zipped.pack(zipped.packable(folder), archive, without_sources={"pure"})
    with zipfile.ZipFile(archive) as packed:
        names = {*packed.namelist()}
    assert {"pure/inner/deep.pyc", "pure/script.txt", "pure/uncompiled.py", "single.py"} <= names
    assert not names & {"pure/inner/deep.py", "pure/__init__.py", "pure/uncompiled.pyc"}
    script = (
        f"import sys; sys.path.insert(0, {str(archive)!r})\n"
        "import pure.inner.deep, pure.unsaid.part, pure.uncompiled, traceback\n"
        "print(pure.unsaid.part.VALUE, pure.uncompiled.VALUE)\n"
        "try: pure.inner.deep.fail()\n"
        "except ValueError: print(traceback.format_exc())\n"
    )
    command = [sys.executable, "-I", "-c", script]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.startswith("8 9")
    assert "deep.py" in run.stdout
    assert "line 2" in run.stdout


def test_archive_depends_on_the_modules_alone(folder: Path, zipped: ModuleType) -> None:
    items = zipped.packable(folder)
    copies = [folder.parent / name for name in ("first", "second")]
    for copy in copies:
        copy.mkdir()
        (copy / "single.py").write_bytes(items[-1].read_bytes())
        zipped.pack([copy / "single.py"], copy / "packed.zip")
    assert (copies[0] / "packed.zip").read_bytes() == (copies[1] / "packed.zip").read_bytes()
