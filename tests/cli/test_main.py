"""Every command does what it says; whatever is wrong costs one sentence and the status 1."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from avatar_app.bench import BENCHES
from avatar_app.cli import main as cli
from avatar_app.core.errors import DeviceUnavailable
from avatar_app.system.paths import app_paths

RECORDING = Path(__file__).parents[1] / "data/goforward.wav"
LIGHT = ["--set", "face.options.width=64", "--set", "face.options.height=64"]

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line; returns its status, output and errors."""

    def run_line(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["avatar-app", *map(str, words)])
        monkeypatch.setenv("COLUMNS", "200")
        for console in (cli.out, cli.err):
            monkeypatch.setattr(console, "_width", 300)
        status = cli.run_command_line()
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run_line


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Conversations are not held; what they were to be is kept here."""
    calls: list[dict[str, Any]] = []

    def converse(settings: Any, paths: Any, lines: Any, output: Any, *_: Any) -> dict[str, Any]:
        calls.append({"settings": settings, "lines": lines, "output": output})
        return {"turns": [], "notices": []}

    monkeypatch.setattr("avatar_app.session.offline.recordings.play_recordings", converse)
    return calls


@pytest.fixture
def filmed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Demonstrations are not filmed; where they would lie is kept here."""
    filmed: list[Path] = []

    def film_demo(settings: Any, paths: Any, output: Path, progress: Any) -> dict[str, Any]:
        progress("Hello.")
        filmed.append(output)
        return {"notices": []}

    monkeypatch.setattr("avatar_app.session.offline.demo.film_demo", film_demo)
    return filmed


def test_no_command_prints_the_list_of_commands(run: Run) -> None:
    status, output, errors = run()
    assert status in (0, 2)
    for command in ("run", "demo", "render", "converse", "devices", "engines", "doctor", "bench"):
        assert command in output + errors


@pytest.mark.parametrize("words", [["nonsense"], ["run", "--nonsense"], ["render"], ["converse"]])
def test_unknown_arguments_are_reported(run: Run, words: list[str]) -> None:
    status, _, errors = run(*words)
    assert status == 2
    assert "Usage" in errors or "Missing" in errors or "No such" in errors


def test_engines_are_listed(run: Run) -> None:
    status, output, errors = run("engines")
    assert (status, errors) == (0, "")
    for name in ("pocketsphinx", "espeak", "illustrated", "webrtc_aec3", "silero", "builtin"):
        assert name in output


def test_a_broken_user_engine_is_reported_and_the_others_listed(run: Run) -> None:
    folder = app_paths().engines / "tts" / "broken"
    folder.mkdir(parents=True)
    (folder / "manifest.yaml").write_text("name: [")
    status, output, errors = run("engines")
    assert status == 0
    assert "broken YAML" in errors
    assert "espeak" in output


def test_memory_is_shown_by_engine_without_loading_any(run: Run) -> None:
    status, output, _ = run("memory")
    assert status == 0
    assert "espeak" in output
    assert "left below the limit." in " ".join(output.split())  # a large number breaks the line
    status, output, _ = run("memory", "--json")
    report = json.loads(output)
    assert {"pocketsphinx", "espeak", "builtin"} <= {each["engine"] for each in report["plan"]}
    assert report["engines"] == []
    assert report["pools"]["memory"]["total_mb"] > 0


def test_devices_are_listed_or_their_absence_explained(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avatar_app.cli.tables.list_devices", lambda: [])
    assert run("devices")[0] == 0

    def missing() -> Any:
        raise DeviceUnavailable("PortAudio is missing.", "Type: apt install libportaudio2")

    monkeypatch.setattr("avatar_app.cli.tables.list_devices", missing)
    status, _, errors = run("devices")
    assert status == 1
    assert errors == "PortAudio is missing.\nType: apt install libportaudio2\n"


@pytest.mark.parametrize(
    ("assignment", "sentence", "hint"),
    [
        ("face.engin=illustrated", "Unknown setting face.engin", "Did you mean face.engine?"),
        ("window.theme=pink", "The setting window.theme cannot be 'pink'", "explains every"),
        ("nonsense", "'nonsense' is not an assignment.", "name=value"),
        ("turn_detection.min_endpointing_delay=soon", "cannot be 'soon'", "explains every"),
    ],
)
@pytest.mark.parametrize("command", [["demo"], ["render", "--text", "Hi", "--output", "x.mp4"]])
def test_a_wrong_setting_on_the_command_line_is_an_error(
    run: Run, command: list[str], assignment: str, sentence: str, hint: str
) -> None:
    status, _, errors = run(*command, "--set", assignment)
    assert status == 1
    assert sentence in errors
    assert hint in errors
    assert "Traceback" not in errors


def test_an_unknown_engine_on_the_command_line_is_replaced(
    run: Run, held: list[dict[str, Any]]
) -> None:
    line = ["converse", "--input", RECORDING, "--set", "tts.engine=espeek"]
    assert run(*line)[0] == 0
    assert held[0]["settings"].tts.engine == "espeek"  # what becomes of it the build decides


def test_a_broken_settings_file_costs_a_notice(run: Run, held: list[dict[str, Any]]) -> None:
    paths = app_paths()
    paths.config.mkdir(parents=True, exist_ok=True)
    paths.settings_file.write_text("window: {theme: [\n")
    status, _, errors = run("converse", "--input", RECORDING)
    assert status == 0
    assert "config.yaml" in errors
    assert "cannot be read" in errors
    assert len(held) == 1
    paths.settings_file.write_text("window: {theme: pink}\n")
    status, _, errors = run("converse", "--input", RECORDING)
    assert status == 0
    assert "window.theme cannot be 'pink'" in errors


def test_film_does_not_overwrite_its_input_recording(run: Run, tmp_path: Path) -> None:
    mine = tmp_path / "mine.wav"
    shutil.copy(RECORDING, mine)
    status, _, errors = run("converse", "--input", mine, "--output", mine)
    assert status == 1
    assert "would replace" in errors
    assert mine.read_bytes() == Path(RECORDING).read_bytes()


def test_benches_are_listed_with_their_questions(run: Run) -> None:
    status, out, _ = run("bench")
    assert status == 0
    assert all(name in out for name in BENCHES)
    assert "processor use of a working face" in out


def test_an_unknown_bench_is_reported(run: Run) -> None:
    status, _, errors = run("bench", "nonsense")
    assert status == 1
    assert "Unknown bench 'nonsense'." in errors
    assert "latency" in errors


def test_an_empty_text_is_reported(run: Run, tmp_path: Path) -> None:
    status, _, errors = run("render", "--text", "  ", "--output", tmp_path / "film.mp4")
    assert status == 1
    assert "No speech given." in errors
    assert list(tmp_path.iterdir()) == []


def test_settings_are_validated_before_speaking(run: Run, tmp_path: Path) -> None:
    file = app_paths().settings_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("window: {theme: pink}\n")
    line = ["--text", "Hello!", "--output", tmp_path / "film.mp4", "--size", "96x64"]
    status, _, errors = run("render", *line, "--fps", 10)
    assert status == 0
    assert "window.theme cannot be 'pink'" in errors


def test_run_without_a_display_films_the_demo(
    run: Run, filmed: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    status, output, _ = run("run")
    assert status == 0
    assert "No display" in output
    assert filmed == [app_paths().videos / "avatar-demo.mp4"]
    assert str(filmed[0]) in output


def test_run_with_a_display_opens_the_window(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []

    def run_window(session: Any, *_: Any) -> int:
        shown.append(session)
        session.close()
        return 7

    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setattr("avatar_app.ui.app.run_window", run_window)
    monkeypatch.setattr("avatar_app.system.logs.log_to_file", lambda *_: None)
    assert run("run")[0] == 7
    assert shown[0].character == "mira"


def test_demo_is_written_to_the_given_path(run: Run, filmed: list[Path], tmp_path: Path) -> None:
    assert run("demo", "--output", tmp_path / "film.mp4")[0] == 0
    assert filmed == [tmp_path / "film.mp4"]


def test_ctrl_c_exits_with_a_message(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("avatar_app.session.offline.demo.film_demo", interrupted)
    assert run("demo")[0] == 130


def test_the_report_is_written_or_printed(
    run: Run, held: list[dict[str, Any]], tmp_path: Path
) -> None:
    line = ["converse", "--input", RECORDING]
    assert json.loads(run(*line)[1]) == {"turns": [], "notices": []}
    assert run(*line, "--report", tmp_path / "report.json")[0] == 0
    assert json.loads((tmp_path / "report.json").read_text()) == {"turns": [], "notices": []}
    assert run(*line, "--report", tmp_path / "new" / "folder" / "report.json")[0] == 0
    assert (tmp_path / "new" / "folder" / "report.json").exists()
    status, _, errors = run(*line, "--report", tmp_path / "report.json" / "report.json")
    assert status == 1
    assert "cannot be written" in errors


@pytest.mark.parametrize(
    ("rate", "channels", "subtype", "suffix"),
    [
        (16000, 1, "PCM_16", "wav"),
        (8000, 1, "PCM_U8", "wav"),
        (48000, 2, "PCM_24", "wav"),
        (44100, 2, "FLOAT", "wav"),
        (22050, 1, "PCM_16", "flac"),
        (48000, 1, "VORBIS", "ogg"),
    ],
)
def test_recordings_in_any_format_are_read(
    run: Run,
    held: list[dict[str, Any]],
    tmp_path: Path,
    rate: int,
    channels: int,
    subtype: str,
    suffix: str,
) -> None:
    path = tmp_path / f"recording.{suffix}"
    tone = 0.5 * np.sin(np.arange(rate) * 2 * np.pi * 440 / rate)
    soundfile.write(path, np.stack([tone] * channels, axis=1), rate, subtype=subtype)
    assert run("converse", "--input", path)[0] == 0
    (line,) = held[0]["lines"]
    assert len(line.samples) == pytest.approx(16000, abs=700)
    assert np.abs(line.samples).max() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("missing.wav", None, "does not exist"),
        ("empty.wav", b"", "is empty."),
        ("cut.wav", RECORDING.read_bytes()[:20000], "is truncated."),
        ("head.wav", RECORDING.read_bytes()[:44], "contains no sound|is truncated"),
        ("text.wav", b"this is no sound at all, only text", "is not a readable sound file"),
    ],
)
def test_unreadable_recordings_are_reported(
    run: Run,
    held: list[dict[str, Any]],
    tmp_path: Path,
    name: str,
    content: bytes | None,
    sentence: str,
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    status, output, errors = run("converse", "--input", RECORDING, "--input", path)
    assert status == 1
    assert output == ""
    assert held == []
    assert any(part in errors for part in sentence.split("|"))
    assert name in errors
    assert len(errors.strip().splitlines()) == 2
    assert "Traceback" not in errors
