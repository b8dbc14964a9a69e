"""One cluster for all tests: it takes half a minute to start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from avatar_app.runtime.ray.cluster import joined_cluster, leave_cluster

UNRAISABLE = "ignore::pytest.PytestUnraisableExceptionWarning"
"""Ray leaves processes to themselves."""


def pytest_configure(config: pytest.Config) -> None:
    for line in (
        "ignore::DeprecationWarning",
        "ignore::FutureWarning",
        "ignore::ResourceWarning",
        UNRAISABLE,
    ):
        config.addinivalue_line("filterwarnings", line)  # of Ray's


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    joined_cluster()
    yield
    leave_cluster()
