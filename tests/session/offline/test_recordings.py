"""A whole conversation with the engines that come with the program: recordings in, film out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from avatar_app.cli import main as cli
from avatar_app.core.errors import EngineFailed, InputInvalid
from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.session.offline.conversation import voice_end
from avatar_app.session.offline.demo import film_saying
from avatar_app.session.offline.recordings import (
    ReportLine,
    Said,
    _true_end,
    play_recordings,
    read_lines,
)
from avatar_app.settings.loading import load_settings
from avatar_app.system.paths import app_paths

RECORDING = Path(__file__).parents[2] / "data/goforward.wav"
LIGHT = {
    "face.options.width": 96,
    "face.options.height": 64,
    "face.options.fps": 10,
    "tts.options.speed": 2.0,
}
FIELDS = {
    "user_text", "avatar_text", "heard_text", "interrupted", "outcome", "typed",
    "end_of_turn", "text", "first_token", "first_sound", "first_frame",
    "frames_shown", "frames_by", "frames_dropped", "skew_ms",
}  # fmt: skip


def read_film(path: Path) -> tuple[int, float, float]:
    """Number of pictures, seconds of picture, loudest sample."""
    with av.open(str(path)) as film:
        pictures = [frame.time for frame in film.decode(video=0)]
    with av.open(str(path)) as film:
        loudest = max(float(np.abs(frame.to_ndarray()).max()) for frame in film.decode(audio=0))
    return len(pictures), float(pictures[-1] or 0), loudest


def test_a_recording_is_answered_and_filmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    film, report = tmp_path / "film.mp4", tmp_path / "report.json"
    line = ["avatar-app", "converse", "--input", str(RECORDING), "--output", str(film)]
    line += ["--report", str(report)]
    for name, value in LIGHT.items():
        line += ["--set", f"{name}={value}"]
    monkeypatch.setattr("sys.argv", line)
    assert cli.run_command_line() == 0
    report_read: dict[str, Any] = json.loads(report.read_text())
    assert set(report_read) == {"turns", "engines", "notices", "versions", "machine"}
    assert report_read["notices"] == []
    assert report_read["engines"]["asr"] == "pocketsphinx"
    (turn,) = report_read["turns"]
    assert set(turn) == FIELDS
    assert turn["user_text"] == "go forward ten meters"
    assert turn["heard_text"] == turn["avatar_text"] != ""
    assert turn["outcome"] == "finished"
    assert not turn["interrupted"]
    assert 0 < turn["end_of_turn"] <= turn["first_sound"]
    assert turn["first_token"] <= turn["first_sound"]
    assert turn["frames_shown"] > 5
    pictures, seconds, loudest = read_film(film)
    assert pictures == pytest.approx(seconds * 10, abs=2)
    assert seconds > 3
    assert loudest > 0.1


def test_recording_during_an_answer_interrupts_it() -> None:
    settings, _ = load_settings(overrides=LIGHT | {"tts.options.speed": 0.5})
    lines = [ReportLine("tell me a joke"), *read_lines([RECORDING])]
    report = play_recordings(settings, app_paths(), lines, None, barge_in_at=0.5)
    first, second = report["turns"]
    assert first["typed"]
    assert first["interrupted"]
    assert len(first["heard_text"]) < len(first["avatar_text"])
    assert first["avatar_text"].startswith(first["heard_text"])
    assert second["user_text"] == "go forward ten meters"
    assert second["outcome"] == "finished"


def test_typed_sentence_is_spoken_and_filmed(tmp_path: Path) -> None:
    settings, _ = load_settings(overrides=LIGHT)
    film_saying(settings, app_paths(), "Hello there.", tmp_path / "film.mp4")
    pictures, seconds, loudest = read_film(tmp_path / "film.mp4")
    assert pictures > 8
    assert 0.8 < seconds < 4
    assert loudest > 0.1


def test_unwritable_film_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings, _ = load_settings(overrides=LIGHT)
    with pytest.raises(InputInvalid, match="cannot be written"):
        film_saying(settings, app_paths(), "Hello.", tmp_path / "file" / "film.mp4")


def test_a_voice_that_fails_leaves_no_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise EngineFailed("It broke.", "Mend it.")

    monkeypatch.setattr("avatar_app.engines.hosting.hosted.HostedVoice.speak", fail)
    settings, _ = load_settings(overrides=LIGHT)
    with pytest.raises(EngineFailed, match="It broke"):
        film_saying(settings, app_paths(), "Hello.", tmp_path / "film.mp4")
    assert list(tmp_path.iterdir()) == []


def test_end_of_voice_in_a_recording_is_found() -> None:
    sound = np.zeros(16000, np.float32)
    sound[3200:8000] = 0.5
    assert voice_end(sound, 16000) == pytest.approx(0.5)
    assert voice_end(np.zeros(16000, np.float32), 16000) == 0
    assert voice_end(np.zeros(10, np.float32), 16000) == 0


@pytest.mark.parametrize(
    ("end_of_turn", "user_stopped", "true_end"),
    [(3.5, 2.9, 3.0), (3.5, 3.1, 3.0), (2.0, 1.5, 1.5), (9.0, 8.4, 8.0), (9.0, 6.0, 6.0)],
)
def test_delays_are_measured_from_the_end_of_voice(
    end_of_turn: float, user_stopped: float, true_end: float
) -> None:
    said = [Said("one", 0.0, 3.0), Said("two", 5.0, 8.0)]
    marks = {"end_of_turn": end_of_turn, "user_stopped": user_stopped}
    turn = TurnEnded(1, Outcome.FINISHED, "hello", "hi", "hi", marks)
    assert _true_end(turn, said) == true_end
