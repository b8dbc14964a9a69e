"""A model that is written once for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from voxtral_parts import write_voxtral_folder


@pytest.fixture(scope="session")
def voxtral_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_voxtral_folder(tmp_path_factory.mktemp("models") / "voxtral")
