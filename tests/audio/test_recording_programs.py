"""Another program that records is noticed; this one, and a paused one, are none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from virtual_audio import RATE, VirtualAudio, wait_until

from avatar_app.audio import recording_programs
from avatar_app.audio.recording_programs import others_record

STREAM = """Source Output #{number}
\tDriver: protocol-native.c
\tCorked: {corked}
\tProperties:
\t\tapplication.name = "A program"
\t\tapplication.process.id = "{process}"
"""


def pactl(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a pactl in front of the machine's."""
    program = folder / "pactl"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("is_ours", "corked", "records"),
    [(False, "no", True), (False, "yes", False), (True, "no", False)],
)
def test_streams_of_others_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_ours: bool, corked: str, records: bool
) -> None:
    ours = STREAM.format(number=1, corked="no", process=os.getpid())
    stream = STREAM.format(number=2, corked=corked, process=os.getpid() if is_ours else 1)
    (tmp_path / "streams").write_text(ours + stream)
    pactl(tmp_path, monkeypatch, f"cat {tmp_path}/streams")
    assert others_record() is records


def test_a_server_that_fails_hangs_or_is_absent_counts_as_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pactl(tmp_path, monkeypatch, "exit 1")
    assert not others_record()
    monkeypatch.setattr(recording_programs, "_PATIENCE", 0.1)
    pactl(tmp_path, monkeypatch, "exec sleep 60")
    assert not others_record()
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert not others_record()


@pytest.mark.device
def test_a_real_recording_is_noticed(virtual_audio: VirtualAudio) -> None:
    assert not others_record()
    with virtual_audio.recording(RATE):
        wait_until(others_record, "the recording is noticed")
    wait_until(lambda: not others_record(), "its end is noticed")
