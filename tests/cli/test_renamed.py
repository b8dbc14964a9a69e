"""Former names of commands do what they did, are hidden, and are told once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from typer.testing import CliRunner

from avatar_app.bench import BENCHES, FORMER_NAMES, run_bench
from avatar_app.cli import main as cli
from avatar_app.core.errors import ConfigInvalid
from avatar_app.models.catalog import user_catalog
from avatar_app.models.store import Store
from avatar_app.settings.loading import load_settings
from avatar_app.system.paths import app_paths, shipped

Run = Callable[..., tuple[int, str, str]]
SMALL = ("width=96", "height=64", "fps=10")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line; returns its status, output and errors."""

    def run_line(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["avatar-app", *map(str, words)])
        monkeypatch.setenv("COLUMNS", "200")
        status = cli.run_command_line()
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run_line


def test_say_is_an_alias_of_render_with_a_notice(run: Run, tmp_path: Path) -> None:
    sizes = [word for each in SMALL for word in ("--set", f"render.standard.{each}")]
    films = [tmp_path / "one.mp4", tmp_path / "other.mp4"]
    status, _, errors = run("say", "Hello!", "--output", films[0], *sizes)
    assert status == 0
    assert errors.count("is now called render --text TEXT") == 1
    status, _, errors = run("render", "--text", "Hello!", "--output", films[1], *sizes)
    assert (status, errors.strip()) == (0, "")
    frames = []
    for film in films:
        with av.open(str(film)) as opened:
            frames.append((opened.streams.video[0].frames, opened.streams.video[0].width))
    assert frames[0] == frames[1]
    assert frames[0][1] == 96


def test_scan_commands_work_under_both_names(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avatar_app.models.discovery.found_models", lambda _folders: [])
    monkeypatch.setattr("avatar_app.models.servers.look", lambda: [])
    for group, former in (("models", "found"), ("servers", "look")):
        now = run(group, "scan", "--json")
        status, output, errors = run(group, former, "--json")
        assert (status, output, "") == now
        assert json.loads(output) == []
        assert errors.startswith(f"{group} {former} is now called {group} scan;")
        assert len(errors.splitlines()) == 1


def test_consent_phrase_works_under_both_names(run: Run) -> None:
    for word in ("consent-phrase", "sentence"):
        status, output, errors = run("voices", word, "ada")
        assert status == 0
        assert "I allow a copy of my voice" in output
        assert ("is now called voices consent-phrase" in errors) == (word == "sentence")


def test_unpin_option_works_under_both_names(run: Run) -> None:
    store = Store.of(app_paths())
    model = user_catalog(store.root).find("gfpgan-1.3")
    for option in ("--unpin", "--forget"):
        store.folder(model).mkdir(parents=True)
        (store.folder(model) / model.files[0].name).write_bytes(b"\x08")
        store.pin(model, model.files[0], "0" * 64)
        assert store.expected_hash(model, model.files[0]) is not None
        status, _, errors = run("models", "remove", model.id, option)
        assert status == 0
        assert store.expected_hash(model, model.files[0]) is None
        assert ("is now called models remove --unpin" in errors) == (option == "--forget")


@pytest.mark.parametrize(("former", "present"), FORMER_NAMES.items())
def test_benches_work_under_both_names(
    run: Run, monkeypatch: pytest.MonkeyPatch, former: str, present: str
) -> None:
    assert present in BENCHES
    assert former not in BENCHES
    settings, _ = load_settings(environ={})
    with pytest.raises(ConfigInvalid, match=f"The bench {present} has no option --utterances"):
        run_bench(former, settings, quick=True, utterances=20)
    status, _, errors = run("bench", former, "--utterances", 20)
    assert status == 1
    assert f"bench {former} is now called bench {present};" in errors
    assert f"The bench {present} has no option --utterances" in errors


def test_former_names_are_not_listed() -> None:
    for words, former in (
        (["--help"], "say"),
        (["models", "--help"], "found"),
        (["models", "remove", "--help"], "--forget"),
        (["servers", "--help"], "look"),
        (["voices", "--help"], "sentence"),
    ):
        output = CliRunner().invoke(cli.app, words, env={"COLUMNS": "200"}).output
        names = {line.split()[1] for line in output.splitlines() if len(line.split()) > 1}
        assert former not in names


def test_no_hint_names_a_former_command() -> None:
    wrong = [
        f"{path.name}: {words}"
        for path in sorted((shipped("avatar_app")).rglob("*.py"))
        for words in (
            "avatar-app say",
            "models found",
            "servers look",
            "voices sentence",
            *(f"bench {former}" for former in FORMER_NAMES),
        )
        if f"{words} " in path.read_text(encoding="utf-8") and path.parent.name != "cli"
    ]
    assert wrong == []
