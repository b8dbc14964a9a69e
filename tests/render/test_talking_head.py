"""The interface for programs: a photo and a sound in, a film out, errors as programs expect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
import soundfile
import wav2lip_parts

from avatar_app.core.errors import EngineFailed
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.render import talking_head as module
from avatar_app.render.device import BEST_ON_CPU
from avatar_app.render.estimate import RenderSpeed, RenderSpeeds
from avatar_app.render.talking_head import Wav2LipTalkingHead
from avatar_app.system.paths import app_paths

ASTRONAUT = Path(__file__).parents[1] / "data" / "faces" / "astronaut.png"
SIZE = (192, 108)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "lips.safetensors"
    return wav2lip_parts.write_safetensors(path, wav2lip_parts.random_state())


@pytest.fixture(scope="module")
def head(model: Path) -> Iterator[Wav2LipTalkingHead]:
    with pytest.MonkeyPatch.context() as patch:  # the tests' own folders are not there yet
        patch.setenv("AVATAR_DATA_DIR", str(model.parent))
        head = Wav2LipTalkingHead(ASTRONAUT, "cpu", model_path=model, size=SIZE)
        head.preprocess_avatar()  # its helper thread is there before the tests count threads
    with head:
        yield head


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    samples = wav2lip_parts.golden()["wav_16k"][5_000:17_800]
    soundfile.write(tmp_path / "voice.wav", samples.astype(np.int16), 16_000)
    return tmp_path / "voice.wav"


def test_published_checkpoint_shows_its_license_before_use(tmp_path: Path) -> None:
    model = tmp_path / "wav2lip.pth"
    model.write_bytes(b"no weights at all")
    with (
        Wav2LipTalkingHead(ASTRONAUT, "cpu", model_path=model) as head,
        pytest.warns(UserWarning, match="commercial"),
        pytest.raises(ValueError, match=r"wav2lip\.pth"),
    ):
        head.preprocess_avatar()


def test_photo_and_sound_become_a_film(
    head: Wav2LipTalkingHead, voice: Path, tmp_path: Path
) -> None:
    reported: list[float] = []
    film = head.generate(
        voice, tmp_path / "film.mp4", progress=lambda done, _: reported.append(done)
    )
    assert film == str(tmp_path / "film.mp4")
    with av.open(film) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.width, video.height, video.frames) == (*SIZE, 20)
        assert float(audio.duration * audio.time_base) == pytest.approx(0.8, abs=0.001)
    assert reported[-1] == 100
    assert head.get_model_info() == {
        "model_name": "lips",
        "model_path": head.get_model_info()["model_path"],
        "quality_mode": "standard",
        "device": "cpu",
        "output_resolution": SIZE,
        "fps": 25,
        "batch_size": BEST_ON_CPU,
        "face_det_batch_size": 4,
        "model_loaded": True,
    }


@pytest.mark.parametrize("fps", [25, 30])
def test_a_film_ends_with_the_mouth_closed(
    head: Wav2LipTalkingHead, tmp_path: Path, fps: float
) -> None:
    noise = np.random.default_rng(5).uniform(-0.5, 0.5, 12_800)
    ends = {}
    for name, samples in (("loud", noise), ("silent", 0 * noise)):  # loud to its last sample
        soundfile.write(tmp_path / f"{name}.wav", samples, 16_000)
        film = head.generate(tmp_path / f"{name}.wav", tmp_path / f"{name}.mp4", fps)
        with av.open(film) as container:
            ends[name] = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    apart = [
        float(np.abs(loud.astype(int) - silent).max())
        for loud, silent in zip(ends["loud"], ends["silent"], strict=True)
    ]
    assert len(apart) == round(0.8 * fps)
    assert apart[len(apart) // 2] > 60
    assert apart[-4] > 30
    assert apart[-1] < 0.4 * apart[-4]  # the encoder leaves some of the picture before


def test_frame_rate_and_sound_can_be_chosen(
    head: Wav2LipTalkingHead, voice: Path, tmp_path: Path
) -> None:
    with av.open(head.generate(voice, tmp_path / "film.mp4", 30, include_audio=False)) as film:
        assert film.streams.video[0].frames == 24
        assert not film.streams.audio
    with pytest.raises(ValueError, match="pictures a second"):
        head.generate(voice, tmp_path / "film.mp4", fps=1000)


def test_render_speeds_persist_between_processes(
    head: Wav2LipTalkingHead, model: Path, voice: Path, tmp_path: Path
) -> None:
    guessed = head.estimate_generation_time(60)
    head.generate(voice, tmp_path / "film.mp4")
    speeds = RenderSpeeds(app_paths()).of(*head._kind(BEST_ON_CPU))
    assert speeds.weight == 20
    other = Wav2LipTalkingHead(ASTRONAUT, "cpu", model_path=model, size=SIZE)
    assert other.estimate_generation_time(60) == pytest.approx(speeds.seconds(1500, loaded=False))
    assert head.estimate_generation_time(60) != guessed
    with pytest.raises(ValueError, match="not a length"):
        head.estimate_generation_time(float("nan"))


def test_cancelled_film_leaves_no_file(
    head: Wav2LipTalkingHead, voice: Path, tmp_path: Path
) -> None:
    turn = Turn(1)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        head.generate(voice, tmp_path / "film.mp4", turn=turn)
    assert list(tmp_path.iterdir()) == [voice]


def test_missing_inputs_are_reported(model: Path, head: Wav2LipTalkingHead, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.jpg"):
        Wav2LipTalkingHead(tmp_path / "none.jpg", "cpu", model_path=model)
    with pytest.raises(FileNotFoundError, match="wav2lip"):
        Wav2LipTalkingHead(ASTRONAUT, "cpu")
    with pytest.raises(FileNotFoundError, match=r"none\.wav"):
        head.generate(tmp_path / "none.wav", tmp_path / "film.mp4")


def test_invalid_inputs_are_reported(model: Path, head: Wav2LipTalkingHead, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="quality mode 'best'"):
        Wav2LipTalkingHead(ASTRONAUT, "cpu", "best", model)
    with pytest.raises(ValueError, match="device 'abacus'"):
        Wav2LipTalkingHead(ASTRONAUT, "abacus", model_path=model)
    (tmp_path / "noise.wav").write_bytes(b"noise" * 100)
    with pytest.raises(ValueError, match="not a readable sound file"):
        head.generate(tmp_path / "noise.wav", tmp_path / "film.mp4")
    soundfile.write(tmp_path / "long.wav", np.zeros(301 * 8_000, np.int16), 8_000)
    with pytest.raises(ValueError, match="longer than 5 minutes"):
        head.generate(tmp_path / "long.wav", tmp_path / "film.mp4")
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((300, 300, 3), 127, np.uint8))
    with (
        Wav2LipTalkingHead(tmp_path / "wall.png", "cpu", model_path=model) as nobody,
        pytest.raises(ValueError, match="No face"),
    ):
        nobody.preprocess_avatar()
    (tmp_path / "broken.pth").write_bytes(b"no weights")
    with (
        Wav2LipTalkingHead(ASTRONAUT, "cpu", model_path=tmp_path / "broken.pth") as broken,
        pytest.raises(ValueError, match="damaged"),
    ):
        broken.preprocess_avatar()


@pytest.mark.parametrize("batch", [0, -1, 1.5, "4", None])
@pytest.mark.parametrize("name", ["face_det_batch_size", "wav2lip_batch_size"])
def test_invalid_batch_is_refused_immediately(model: Path, name: str, batch: object) -> None:
    options: dict[str, Any] = {name: batch}
    with pytest.raises(ValueError, match=name):
        Wav2LipTalkingHead(ASTRONAUT, "cpu", model_path=model, **options)


@pytest.mark.parametrize("size", [(640,), "640x480", (640.5, 480), (0, 480), 640])
def test_invalid_size_is_refused_immediately(model: Path, size: Any) -> None:
    with pytest.raises(ValueError, match=r"not a size|cannot be"):
        Wav2LipTalkingHead(ASTRONAUT, "cpu", model_path=model, size=size)


def test_an_odd_size_is_made_even_with_a_warning(model: Path) -> None:
    with pytest.warns(UserWarning, match="640 × 478 pixels instead of 641 × 479") as warned:
        head = Wav2LipTalkingHead(ASTRONAUT, "cpu", model_path=model, size=(641, 479))
    assert warned[0].filename == __file__
    assert head.get_model_info()["output_resolution"] == (640, 478)


@pytest.mark.parametrize("fps", [0, -5, 1000, float("nan"), "25", None])
def test_invalid_frame_rate_is_refused_immediately(
    model: Path, voice: Path, tmp_path: Path, fps: Any
) -> None:
    head = Wav2LipTalkingHead(ASTRONAUT, "cpu", model_path=model, size=SIZE)
    with pytest.raises(ValueError, match="pictures a second"):
        head.estimate_generation_time(5, fps=fps)
    with pytest.raises(ValueError, match="pictures a second"):
        head.generate(voice, tmp_path / "film.mp4", fps=fps)
    assert head.get_model_info()["model_loaded"] is False


def test_the_output_may_not_overwrite_an_input(model: Path, voice: Path, tmp_path: Path) -> None:
    photo, link = tmp_path / "photo.png", tmp_path / "link.mp4"
    photo.write_bytes(ASTRONAUT.read_bytes())
    link.symlink_to(voice)
    before = [path.read_bytes() for path in (photo, voice, model)]
    head = Wav2LipTalkingHead(photo, "cpu", model_path=model, size=SIZE)
    for output in (photo, voice, link, model):
        with pytest.raises(ValueError, match="would replace"):
            head.generate(voice, output)
    assert [path.read_bytes() for path in (photo, voice, model)] == before


def test_a_failing_engine_is_a_runtime_error(
    head: Wav2LipTalkingHead, voice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*arguments: object, **options: object) -> None:
        raise EngineFailed("The device is lost.", "Start again.")

    monkeypatch.setattr(module, "render_film", failing)
    with pytest.raises(RuntimeError, match="device is lost"):
        head.generate(voice, tmp_path / "film.mp4")


def test_unwritable_output_is_a_runtime_error(head: Wav2LipTalkingHead, voice: Path) -> None:
    with pytest.raises(RuntimeError, match="cannot be written"):
        head.generate(voice, voice / "film.mp4")


def test_closed_talking_head_raises(model: Path, voice: Path, tmp_path: Path) -> None:
    head = Wav2LipTalkingHead(ASTRONAUT, "cpu", model_path=model, size=SIZE)
    assert head.get_model_info()["model_loaded"] is False
    head.cleanup()
    head.cleanup()
    with pytest.raises(RuntimeError, match="closed"):
        head.generate(voice, tmp_path / "film.mp4")


def test_without_a_gpu_the_cpu_is_used_with_a_notice(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    head = Wav2LipTalkingHead(ASTRONAUT, model_path=model, quality_mode="high", size=SIZE)
    assert head.get_model_info()["device"] == "cpu"
    assert head.get_model_info()["quality_mode"] == "high"
    with head, pytest.warns(UserWarning, match="cuda is not available"):
        head.preprocess_avatar()


def test_profiles_map_to_settings(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolution(quality: str) -> object:
        head = Wav2LipTalkingHead(ASTRONAUT, "cpu", quality, model)
        return head.get_model_info()["output_resolution"]

    assert resolution("standard") == (1280, 720)
    assert resolution("high") == (1920, 1080)
    monkeypatch.setenv("AVATAR_RENDER__HIGH__WIDTH", "1080")
    assert resolution("high") == (1080, 1080)


def test_render_speed_is_learned_and_changes_slowly() -> None:
    once = RenderSpeed().learned(loading=2.0, around=0.4, painted=5.0, pictures=125)
    assert once.seconds(125, loaded=True) == pytest.approx(5.4)
    assert once.seconds(1500, loaded=False) == pytest.approx(2.0 + 0.4 + 60.0)
    twice = once.learned(loading=None, around=0.4, painted=10.0, pictures=125)
    assert twice.picture == pytest.approx(0.06)
    assert twice.loading == 2.0


@pytest.mark.parametrize("content", ["", "[]", "{", '{"x": 3}', "[" * 100_000])
def test_a_damaged_file_of_render_speeds_is_replaced(content: str) -> None:
    paths = app_paths()
    paths.cache.mkdir(parents=True, exist_ok=True)
    (paths.cache / "render-pace.json").write_text(content)
    paces = RenderSpeeds(paths)
    assert paces.of("x") == RenderSpeed()
    paces.keep(RenderSpeed(picture=0.5, weight=3), "x")
    assert RenderSpeeds(paths).of("x").picture == 0.5
