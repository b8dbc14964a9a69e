"""The check of a bundle finds imports anywhere, and tells what is missing from extras."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

PACKAGING = Path(__file__).parents[2] / "packaging"
SOURCE = """
import os.path
from json import decoder, loads
def late():
    from tuf.ngclient.updater import Updater
    from . import beside
"""


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(PACKAGING)
    return importlib.import_module("check_imports")


def test_imports_in_functions_are_found(check: ModuleType) -> None:
    assert {*check._imports_of(SOURCE)} == {
        ("os.path", ""),
        ("json", "decoder"),
        ("json", "loads"),
        ("tuf.ngclient.updater", "Updater"),
    }
    assert ("tuf.ngclient.updater", "Updater") in check.imports()


def test_what_is_missing_is_reported_unless_it_belongs_to_an_extra(
    check: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "lately"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "whole.py").write_text("import json\n")
    (package / "pruned.py").write_text("import lately.gone\n")
    (package / "extra.py").write_text("import package_that_nobody_has\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert check.failure("lately", "whole") == ""
    assert check.failure("lately.extra", "VALUE") == ""
    assert "No module named 'lately.gone'" in check.failure("lately.pruned", "")
    assert "No module named 'lately.whole.value'" in check.failure("lately.whole", "value")
