"""Packages of permissive licenses keep their bytecode only; all others keep their sources."""

from __future__ import annotations

import compileall
import importlib
import py_compile
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

PACKAGING = Path(__file__).parents[2] / "packaging"
LICENSES = {
    "open": "MIT",
    "cv2": "Apache-2.0",
    "shared": "LGPL-2.1-or-later",
    "avatar_app": "GPL-3.0-or-later",
}
MODULE = "def fail():\n    raise ValueError('here')\n"


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(PACKAGING)
    return importlib.import_module("bundling.sources")


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A package of each license, compiled as bundle.py does."""
    for name, license in LICENSES.items():
        for module in ("__init__.py", "inner/__init__.py", "inner/deep.py"):
            path = tmp_path / name / module
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(MODULE if path.stem == "deep" else "")
        about = tmp_path / f"{name}-1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Name: {name}\nVersion: 1\nLicense: {license}\n")
        (about / "RECORD").write_text(f"{name}/__init__.py,,\n{name}-1.dist-info/METADATA,,\n")
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(tmp_path, quiet=1, invalidation_mode=mode)
    return tmp_path


def test_only_sources_of_permissive_packages_go(packages: Path, sources: ModuleType) -> None:
    assert sources.permissive(packages) == {"open"}
    assert sources.leave_out(packages, {"open", "packed"}) == len(MODULE)
    assert {path.parts[-2] for path in (packages / "open").rglob("*.*")} == {"open", "inner"}
    assert not [*(packages / "open").rglob("*.py")]
    for name in ("cv2", "shared", "avatar_app"):
        assert len([*(packages / name).rglob("*.py")]) == 3


def test_bytecode_alone_is_imported_and_names_its_lines(
    packages: Path, sources: ModuleType
) -> None:
    sources.leave_out(packages, {"open"})
    command = [sys.executable, "-c", "from open.inner.deep import fail; fail()"]
    run = subprocess.run(command, cwd=packages, capture_output=True, text=True, check=False)
    assert "ValueError: here" in run.stderr
    assert "deep.py" in run.stderr
    assert "line 2" in run.stderr


def test_a_module_without_bytecode_keeps_its_source(packages: Path, sources: ModuleType) -> None:
    for bytecode in (packages / "open" / "inner" / "__pycache__").glob("deep.*"):
        bytecode.unlink()
    sources.leave_out(packages, {"open"})
    assert [path.name for path in (packages / "open").rglob("*.py")] == ["deep.py"]
