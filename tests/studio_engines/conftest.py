"""Pipelines that are written once for all tests, and the warnings of libraries that are known."""

from __future__ import annotations

from pathlib import Path

import pytest
from diffusion_parts import write_flux, write_flux_gguf, write_modelscope, write_svd
from musetalk_parts import write_musetalk


def pytest_configure(config: pytest.Config) -> None:
    for line in ("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"):
        config.addinivalue_line("filterwarnings", line)


@pytest.fixture(scope="session")
def flux(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_flux(tmp_path_factory.mktemp("models") / "flux")


@pytest.fixture(scope="session")
def flux_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_flux_gguf(tmp_path_factory.mktemp("models") / "flux-q8.gguf")


@pytest.fixture(scope="session")
def svd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_svd(tmp_path_factory.mktemp("models") / "svd")


@pytest.fixture(scope="session")
def musetalk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_musetalk(tmp_path_factory.mktemp("models") / "musetalk")


@pytest.fixture(scope="session")
def modelscope(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_modelscope(tmp_path_factory.mktemp("models") / "modelscope")
