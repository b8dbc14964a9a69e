"""Networks that are written once for all tests, and the warnings of libraries that are known."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from coqui_parts import SPEAKERS, write_spectrogram, write_vits, write_xtts

KNOWN = (
    "ignore::DeprecationWarning",  # of numba, librosa and torch, which import one another
    "ignore::FutureWarning",
    "ignore:.*weight_norm.*",
    "ignore:.*init_from_config.*",
)


def pytest_configure(config: pytest.Config) -> None:
    for line in KNOWN:
        config.addinivalue_line("filterwarnings", line)
    os.environ["CI"] = "true"  # else the warnings of transformers would not reach the log


@pytest.fixture(scope="session")
def vits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Many speakers, as VCTK."""
    return write_vits(tmp_path_factory.mktemp("vctk-vits"), SPEAKERS)


@pytest.fixture(scope="session")
def lone_vits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One speaker, whose name nobody knows."""
    return write_vits(tmp_path_factory.mktemp("ljspeech-vits"))


@pytest.fixture(scope="session")
def xtts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_xtts(tmp_path_factory.mktemp("xtts-v2"))


@pytest.fixture(scope="session")
def glow_tts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_spectrogram(tmp_path_factory.mktemp("glow-tts"), "glow_tts", statistics=True)


@pytest.fixture(scope="session")
def tacotron2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_spectrogram(tmp_path_factory.mktemp("tacotron2-ddc"), "tacotron2")
