"""`avatar-app render`: a name or a photo, a sound or a text, and what cannot be is said."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import wav2lip_parts
from terminal import typed

from avatar_app.app.avatars.shelf import Shelf
from avatar_app.app.places import user_places
from avatar_app.app.render.device import BEST_ON_CPU
from avatar_app.app.render.finding import find_weights
from avatar_app.cli.render import render
from avatar_app.core.errors import AvatarError, ConfigInvalid, ModelMissing

ASTRONAUT = Path(__file__).parents[1] / "data" / "faces" / "astronaut.png"
SMALL = ("--size", "192x108", "--fps", "10")


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    hum = 0.3 * np.sin(2 * np.pi * 150 * np.arange(8_000) / 16_000)
    soundfile.write(tmp_path / "voice.wav", hum, 16_000)
    return tmp_path / "voice.wav"


def test_a_photo_without_weights_moves_by_its_own_means(voice: Path, tmp_path: Path) -> None:
    output = tmp_path / "film.mp4"
    arguments = ("--avatar", ASTRONAUT, "--audio", voice, "--output", output)
    result = typed(render, *arguments, *SMALL, "--json")
    report = json.loads(result.stdout)
    assert (report["face"], report["size"], report["pictures"]) == ("photo", [192, 108], 5)
    assert "its own means" in report["notices"][0]
    assert "its own means" in " ".join(result.stderr.split())
    with av.open(str(output)) as film:
        assert film.streams.video[0].frames == 5


def test_lips_are_painted_where_the_weights_are(voice: Path, tmp_path: Path) -> None:
    places = user_places()
    places.models.mkdir(parents=True)
    state = wav2lip_parts.random_state()
    weights = wav2lip_parts.write_safetensors(places.models / "wav2lip_gan.safetensors", state)
    folder = Shelf.of(places).root / "nobody"
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
    assert report["notices"] == []


def test_a_drawn_character_speaks_a_text(tmp_path: Path) -> None:
    output = tmp_path / "film.mp4"
    result = typed(render, "--text", "Hello!", "--output", output, *SMALL, "--no-sound")
    assert str(output) in result.stdout.replace("\n", "")
    with av.open(str(output)) as film:
        assert not film.streams.audio


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "What shall be said"),
        (("--audio", "a.wav", "--text", "Hello!"), "What shall be said"),
        (("--text", "Hello!", "--size", "large"), "is no size"),
        (("--text", "Hello!", "--size", "10x10"), "width"),
        (("--text", "Hello!", "--quality", "best"), "quality"),
        (("--text", "Hello!", "--avatar", "nobody"), "no avatar 'nobody'"),
        (("--text", "Hello!", "--face", "wav2lip"), "weights wav2lip are not there"),
        (("--text", "Hello!", "--face", "potato"), "no face engine 'potato'"),
    ],
)
def test_what_cannot_be_is_said(arguments: tuple[str, ...], told: str, tmp_path: Path) -> None:
    with pytest.raises(AvatarError, match=told):
        typed(render, *arguments, "--output", tmp_path / "film.mp4")
    assert list(tmp_path.iterdir()) == []


def test_lips_need_somebody(tmp_path: Path) -> None:
    weights = tmp_path / "any.pth"
    weights.touch()
    with pytest.raises(ConfigInvalid, match="needs an avatar"):
        typed(
            render,
            *("--text", "Hello!", "--face", "wav2lip", "--model", weights),
            *("--output", tmp_path / "film.mp4"),
        )


def test_weights_are_found_by_name_in_the_folder_of_models_or_a_folder_in_it() -> None:
    places = user_places()
    with pytest.raises(ModelMissing) as caught:
        find_weights("wav2lip", places)
    assert str(places.models) in caught.value.hint
    (places.models / "wav2lip").mkdir(parents=True)
    inside = places.models / "wav2lip" / "fetched.pth"
    inside.touch()
    assert find_weights("wav2lip", places) == inside
    beside = places.models / "wav2lip.onnx"
    beside.touch()
    assert find_weights("wav2lip", places) == beside
    assert find_weights(inside, places) == inside
