"""Networks that are written once for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from vibevoice_parts import Arrays, oracle, write_oracle, write_vibevoice


def pytest_configure(config: pytest.Config) -> None:
    for line in ("ignore::DeprecationWarning", "ignore::FutureWarning"):  # of torch's imports
        config.addinivalue_line("filterwarnings", line)


@pytest.fixture(scope="session")
def vibevoice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with three voices."""
    return write_vibevoice(tmp_path_factory.mktemp("vibevoice"))


@pytest.fixture(scope="session")
def answers() -> Arrays:
    """What Microsoft's code computed."""
    return oracle()


@pytest.fixture(scope="session")
def asked(tmp_path_factory: pytest.TempPathFactory, answers: Arrays) -> Path:
    """The model that Microsoft's code was asked."""
    return write_oracle(tmp_path_factory.mktemp("oracle"), answers)
