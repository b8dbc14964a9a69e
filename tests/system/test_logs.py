"""The log goes on where its file was deleted."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from avatar_app.system.logs import log_to_file


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    path = log_to_file(tmp_path / "logs", "info")
    assert path is not None
    yield path
    for handler in [each for each in root.handlers if each not in handlers]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


def test_what_is_logged_after_the_file_was_deleted_is_kept(log_file: Path) -> None:
    log = logging.getLogger("avatar_app.test")
    log.info("before")
    log_file.unlink()
    log.info("after")
    log.info("and later")
    lines = log_file.read_text(encoding="utf-8").splitlines()
    assert [line.partition(": ")[2] for line in lines] == ["after", "and later"]


def test_folder_that_cannot_be_made_leaves_the_program_without_a_log(
    tmp_path: Path, expected_warnings: list[str]
) -> None:
    expected_warnings.append("no log file")
    (tmp_path / "logs").write_text("a file", encoding="utf-8")
    assert log_to_file(tmp_path / "logs", "info") is None
