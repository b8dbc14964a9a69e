"""What installers contain of others is named: Python packages and compiled libraries."""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from packaging.requirements import Requirement

PACKAGING = Path(__file__).parents[2] / "packaging"
SITE = Path(np.__file__).parents[1]
NOT_BUNDLED = ("openvino", "llama_cpp", "torch", "pyarrow")
"""Packages of extras and of tests, which no installer carries."""


@pytest.fixture(autouse=True)
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The scripts import each other as they do when one of them is run."""
    monkeypatch.syspath_prepend(PACKAGING)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if str(PACKAGING) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def module(name: str) -> ModuleType:
    return importlib.import_module(name)


def carried_packages() -> set[str]:
    """Names of the packages that requirements.txt pins for this system, as folders are called."""
    text = (PACKAGING / "requirements.txt").read_text().replace("\\\n", " ")
    pinned = (Requirement(line.split(" --hash")[0]) for line in text.splitlines() if line)
    return {folded(each.name) for each in pinned if not each.marker or each.marker.evaluate()}


def folded(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()


def test_native_library_table_matches_the_libraries_in_the_wheels() -> None:
    native = module("bundling.native")
    table = native.read_table()
    files = [
        file
        for file in native.library_files(SITE)
        if not file.relative_to(SITE).parts[0].lower().startswith(NOT_BUNDLED)
    ]
    assert len(files) > 80
    found = {native.described(file, table).name for file in files}
    assert found == {library.name for library in table}


def test_library_missing_from_the_table_is_refused(tmp_path: Path) -> None:
    native = module("bundling.native")
    (tmp_path / "some.libs").mkdir()
    file = tmp_path / "some.libs" / "libnew.so.1"
    file.write_bytes(b"")
    assert native.library_files(tmp_path) == [file]
    with pytest.raises(LookupError, match=r"libnew\.so\.1"):
        native.described(file, native.read_table())


def test_sbom_lists_packages_and_libraries_and_matches_its_schema(tmp_path: Path) -> None:
    package = tmp_path / "example-1.0.dist-info"
    package.mkdir()
    lines = ["Metadata-Version: 2.4", "Name: Example", "Version: 1.0", "License-Expression: MIT"]
    (package / "METADATA").write_text("\n".join(lines) + "\n")
    (tmp_path / "example.libs").mkdir()
    (tmp_path / "example.libs" / "libx264-12345678.so.165").write_bytes(b"x264")
    sbom = module("sbom")
    text = sbom.bill(tmp_path)
    assert text == sbom.bill(tmp_path)
    bill = json.loads(text)
    assert bill["metadata"]["component"]["name"] == "avatar-app"
    components = {each["name"]: each for each in bill["components"]}
    assert components["Example"]["purl"] == "pkg:pypi/example@1.0"
    assert components["Example"]["licenses"] == [{"license": {"id": "MIT"}}]
    assert components["x264"]["licenses"] == [{"license": {"id": "GPL-2.0-or-later"}}]
    assert components["x264"]["hashes"][0]["alg"] == "SHA-256"


def test_license_report_lists_every_bundled_package() -> None:
    report = (PACKAGING / "THIRD-PARTY.md").read_text()
    rows = {folded(name) for name in re.findall(r"^\| ([\w.-]+) \|", report, re.MULTILINE)}
    assert carried_packages() - rows == set()
    for library in module("bundling.native").read_table():
        assert f"| {library.name} | {library.license} |" in report
