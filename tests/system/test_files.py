"""Files are replaced whole or not at all, by any thread and under any name that a system takes."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from avatar_app.core.errors import ConfigInvalid
from avatar_app.system.files import is_leftover, replace_file, replacing


def test_two_threads_that_write_one_file_leave_one_of_their_contents(tmp_path: Path) -> None:
    path, both, errors = tmp_path / "told.json", threading.Barrier(2, timeout=30), []

    def write(content: str) -> None:
        try:
            with replacing(path) as unfinished:
                unfinished.write_text(content)
                both.wait()
        except OSError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(each * 1000,)) for each in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert path.read_text() in ("a" * 1000, "b" * 1000)
    assert os.listdir(tmp_path) == ["told.json"]


@pytest.mark.parametrize("name", ["a" * 250, "対" * 83, "é" * 120, "a.b-c [d]*?.txt"])
def test_a_file_may_have_any_name_that_the_system_takes(tmp_path: Path, name: str) -> None:
    for content in (b"one", b"two"):
        replace_file(tmp_path / name, content)
    assert (tmp_path / name).read_bytes() == b"two"
    assert os.listdir(tmp_path) == [name]


def test_what_a_killed_process_left_is_deleted(tmp_path: Path) -> None:
    for name in ("notes.txt", "対" * 83):
        left = tmp_path / f".{name.encode()[:160].decode(errors='ignore')}.7.99999999.part"
        left.touch()
        assert is_leftover(left)
        replace_file(tmp_path / name, b"text")
        assert not left.exists()


def test_a_folder_that_cannot_be_written_is_not_taken_for_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigInvalid) as caught:
        replace_file(tmp_path / "file" / "notes.txt", b"text")
    assert "check that you may write there" in caught.value.hint
