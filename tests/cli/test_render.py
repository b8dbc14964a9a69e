"""`avatar-app render`: a name or a photo, a sound or a text, and what cannot be is said."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import wav2lip_parts
from terminal import typed

from avatar_app import __main__ as program
from avatar_app.avatars.library import AvatarLibrary
from avatar_app.cli.render import render
from avatar_app.core.errors import AvatarError, ConfigInvalid, InputInvalid, ModelMissing
from avatar_app.media.video_writer import FilmUnwritable
from avatar_app.render.device import BEST_ON_CPU
from avatar_app.render.inputs import find_weights
from avatar_app.system.paths import app_paths

ASTRONAUT = Path(__file__).parents[1] / "data" / "faces" / "astronaut.png"
SMALL = ("--size", "192x108", "--fps", "10")


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    hum = 0.3 * np.sin(2 * np.pi * 150 * np.arange(8_000) / 16_000)
    soundfile.write(tmp_path / "voice.wav", hum, 16_000)
    return tmp_path / "voice.wav"


def test_photo_without_wav2lip_is_rendered_by_the_photo_engine(voice: Path, tmp_path: Path) -> None:
    output = tmp_path / "film.mp4"
    arguments = ("--avatar", ASTRONAUT, "--audio", voice, "--output", output)
    result = typed(render, *arguments, *SMALL, "--json")
    report = json.loads(result.stdout)
    assert (report["face"], report["size"], report["pictures"]) == ("photo", [192, 108], 5)
    assert "photo face is used" in report["notices"][0]
    assert "photo face is used" in " ".join(result.stderr.split())
    with av.open(str(output)) as film:
        assert film.streams.video[0].frames == 5


def test_wav2lip_is_used_where_its_weights_are_installed(voice: Path, tmp_path: Path) -> None:
    paths = app_paths()
    paths.models.mkdir(parents=True)
    state = wav2lip_parts.random_state()
    weights = wav2lip_parts.write_safetensors(paths.models / "wav2lip_gan.safetensors", state)
    folder = AvatarLibrary.of(paths).root / "nobody"
    folder.parent.mkdir(parents=True)
    wav2lip_parts.write_avatar(folder)
    arguments = ("--avatar", "nobody", "--audio", voice, "--output", tmp_path / "film.mp4")
    result = typed(render, *arguments, *SMALL, "--json", "--quality", "high", "--device", "cpu")
    report = json.loads(result.stdout)
    assert (report["face"], report["model"], report["batch"]) == (
        "wav2lip",
        str(weights),
        BEST_ON_CPU,
    )
    (license,) = report["notices"]
    assert "commercial use is forbidden" in license.casefold()


def test_a_drawn_character_speaks_a_text(tmp_path: Path) -> None:
    output = tmp_path / "film.mp4"
    result = typed(render, "--text", "Hello!", "--output", output, *SMALL, "--no-sound")
    assert str(output) in result.stdout.replace("\n", "")
    with av.open(str(output)) as film:
        assert not film.streams.audio


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "No speech given"),
        (("--audio", "a.wav", "--text", "Hello!"), "No speech given"),
        (("--text", "Hello!", "--size", "large"), "is not a size"),
        (("--text", "Hello!", "--size", "10x10"), "width"),
        (("--text", "Hello!", "--quality", "best"), "quality"),
        (("--text", "Hello!", "--avatar", "nobody"), "Unknown avatar 'nobody'"),
        (("--text", "Hello!", "--face", "wav2lip"), "weights wav2lip do not exist"),
        (("--text", "Hello!", "--face", "potato"), "Unknown face engine 'potato'"),
    ],
)
def test_invalid_options_are_reported(
    arguments: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    with pytest.raises(AvatarError, match=message):
        typed(render, *arguments, "--output", tmp_path / "film.mp4")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("role", ["--audio", "--avatar", "--model"])
def test_the_output_may_not_overwrite_an_input(role: str, voice: Path, tmp_path: Path) -> None:
    source, link = tmp_path / "source", tmp_path / "link"
    source.write_bytes(voice.read_bytes())
    link.symlink_to(source)
    arguments = {"--audio": voice, "--avatar": ASTRONAUT, role: source}
    words = [word for pair in arguments.items() for word in pair]
    for output in (source, link):
        with pytest.raises(InputInvalid, match="would replace"):
            typed(render, *words, "--output", output, *SMALL)
    assert source.read_bytes() == voice.read_bytes()
    assert sorted(tmp_path.iterdir()) == [link, source, voice]


@pytest.mark.skipif(os.name == "nt", reason="needs a pipe that has a name")
def test_device_file_is_not_overwritten(voice: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(FilmUnwritable, match="not a regular file"):
        typed(render, "--audio", tmp_path / "missing.wav", "--output", pipe)
    assert pipe.is_fifo()


def test_an_odd_size_is_rounded_with_a_notice(voice: Path, tmp_path: Path) -> None:
    output = tmp_path / "film.mp4"
    odd = ("--size", "193X109", "--fps", "10")
    result = typed(render, "--audio", voice, "--output", output, *odd, "--json")
    report = json.loads(result.stdout)
    assert report["size"] == [192, 108]
    assert "192 × 108 pixels instead of 193 × 109" in report["notices"][0]
    assert "instead of 193 × 109" in " ".join(result.stderr.split())
    with av.open(str(output)) as film:
        assert (film.streams.video[0].width, film.streams.video[0].height) == (192, 108)


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no such signal")
def test_sigterm_while_rendering_leaves_no_file(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "long.wav", np.zeros(8_000 * 280, np.int16), 8_000)
    output = tmp_path / "film.mp4"
    words = ("render", "--audio", tmp_path / "long.wav", "--output", output)
    command = [sys.executable, "-m", "avatar_app", *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
        try:
            deadline = time.monotonic() + 60
            while not list(tmp_path.glob(".film.*.partial.mp4")) and time.monotonic() < deadline:
                assert child.poll() is None
                time.sleep(0.05)
            child.terminate()
            _, errors = child.communicate(timeout=30)
        finally:
            child.kill()
    assert child.returncode == 128 + signal.SIGTERM
    assert b"Traceback" not in errors
    assert list(tmp_path.iterdir()) == [tmp_path / "long.wav"]


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no such signal")
def test_sigterm_acts_like_ctrl_c(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raised: list[object] = []

    def waits() -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        return 0

    monkeypatch.setattr("avatar_app.cli.main.run_command_line", waits)
    monkeypatch.setattr(os, "environ", os.environ.copy())
    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    interval = sys.getswitchinterval()
    try:
        signal.signal(signal.SIGINT, lambda number, _: raised.append(number))  # as the window does
        assert program.main() == 128 + signal.SIGTERM
        assert raised == [signal.SIGTERM]
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does in the background
        with pytest.raises(KeyboardInterrupt):
            program.main()
    finally:
        sys.setswitchinterval(interval)
        for each, handler in handlers.items():
            signal.signal(each, handler)


def test_wav2lip_needs_an_avatar(tmp_path: Path) -> None:
    weights = tmp_path / "any.pth"
    weights.touch()
    with pytest.raises(ConfigInvalid, match="needs an avatar"):
        typed(
            render,
            "--text",
            "Hello!",
            "--face",
            "wav2lip",
            "--model",
            weights,
            "--output",
            tmp_path / "film.mp4",
        )


def test_weights_are_found_by_name_in_the_folder_of_models_or_a_folder_in_it() -> None:
    paths = app_paths()
    with pytest.raises(ModelMissing) as caught:
        find_weights("wav2lip", paths)
    assert str(paths.models) in caught.value.hint
    (paths.models / "wav2lip").mkdir(parents=True)
    inside = paths.models / "wav2lip" / "fetched.pth"
    inside.touch()
    assert find_weights("wav2lip", paths) == inside
    neighbor = paths.models / "wav2lip.onnx"
    neighbor.touch()
    assert find_weights("wav2lip", paths) == neighbor
    assert find_weights(inside, paths) == inside


def test_without_an_avatar_option_the_chosen_avatar_speaks(tmp_path: Path) -> None:
    folder = AvatarLibrary.of(app_paths()).root / "ada"
    folder.parent.mkdir(parents=True)
    wav2lip_parts.write_avatar(folder)
    chosen = ("--set", "face.engine=photo", "--set", "face.options.avatar=ada")
    line = ("--text", "Hello!", "--output", tmp_path / "film.mp4", *SMALL, "--json")
    assert json.loads(typed(render, *line, *chosen).stdout)["face"] == "photo"
    drawn = typed(render, *line, *chosen, "--face", "illustrated")
    assert json.loads(drawn.stdout)["face"] == "illustrated"
