"""Names and texts are printed as they are, whatever brackets, colons and letters they hold."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import avatar_app.cli
from avatar_app.cli import main as cli
from avatar_app.cli.console import busy, check_mark, plain_console
from avatar_app.cli.progress import run_download, run_job
from avatar_app.models.progress import DownloadProgress

NAMES = ["take [/1]", "hello [final]", "a :smile: b", "[red]x", "[link=x]東京 [bold] ñ", "{task.x}"]
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line; returns its status, and all that was printed."""

    def run_line(*words: object) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["avatar-app", *map(str, words)])
        monkeypatch.setenv("COLUMNS", "400")
        for console in (cli.out, cli.err):
            monkeypatch.setattr(console, "_width", 400)
        status = cli.run_command_line()
        captured = capsys.readouterr()
        return status, captured.out + captured.err

    return run_line


@pytest.mark.parametrize("name", NAMES)
def test_every_command_prints_names_as_they_are(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    odd = tmp_path / name

    def film_demo(_settings: Any, _paths: Any, path: Path, report: Any) -> dict[str, Any]:
        report(name)
        return {"notices": [f"Look at {path}."]}

    monkeypatch.setattr("avatar_app.session.offline.demo.film_demo", film_demo)
    monkeypatch.setattr("avatar_app.cli.speak._out._width", 400)
    for status, words in {
        (0, ("speak", "Hello.", "--output", f"{odd}.wav")),
        (0, ("demo", "--output", f"{odd}.mp4")),
        (1, ("converse", "--input", f"{odd}.mp3")),
        (1, ("render", "--audio", f"{odd}.mp3", "--output", f"{odd}.mp4")),
        (1, ("avatars", "add", f"{odd}.png")),
        (1, ("avatars", "remove", name)),
        (1, ("models", "import", f"{odd}.gguf")),
        (1, ("models", "info", name)),
        (1, ("voices", "clone", f"{odd}.mp3", "--name", "ada")),
        (1, ("bench", name)),
        (1, ("speak", "Hello.", "--engine", name, "--output", f"{odd}.wav")),
        (0, ("demo", "--set", f"face.options.avatar={name}", "--output", f"{odd}.mp4")),
    }:
        found, printed = run(*words)
        assert (found, name in " ".join(printed.split())) == (status, True), (words, printed)
        assert "Traceback" not in printed


def test_a_path_that_another_program_reads_is_not_broken(tmp_path: Path) -> None:
    """As a shell's pipe or a log gets it."""
    missing = tmp_path / f"{'a rather long name of a film ' * 4}.mp3"
    command = [sys.executable, "-m", "avatar_app", "converse", "--input", str(missing)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert str(missing) in ended.stderr


@pytest.mark.parametrize("name", NAMES)
def test_progress_is_shown_as_plain_text(name: str) -> None:
    console = plain_console()
    console._force_terminal = True
    with console.capture() as captured, busy(console, f"Playing {name}") as tell:
        tell(f"Still {name}")
    assert "Traceback" not in captured.get()
    with console.capture():
        run_job(name, console, lambda job: job.report(0.5, name))
        run_download(name, console, lambda _job, watch: watch(DownloadProgress(name)))


def test_tables_show_names_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(check_mark(passed=True), check_mark(passed=False))
    assert captured.get().split() == ["✓", "✗"]


def test_consoles_are_created_in_one_module() -> None:
    for path in Path(avatar_app.cli.__file__).parent.glob("*.py"):
        made = [
            node
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "Console"
        ]
        assert not made or path.name == "console.py", path
