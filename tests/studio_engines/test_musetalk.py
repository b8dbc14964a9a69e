"""The MuseTalk face with tiny true networks: it hears and paints as the published program does,
streams, stays still in silence, and says what is wrong with its files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wav2lip_parts
from musetalk_parts import published_picture, published_sound, write_musetalk

from avatar_app.core.engines import Engine
from avatar_app.core.errors import (
    AvatarError,
    DeviceUnavailable,
    InputInvalid,
    ModelMissing,
    OutOfMemory,
)
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import AudioChunk, FaceState, SpeechChunk, VideoFrame
from avatar_app.engines.face.lips.views import views_of
from avatar_app.engines.face.musetalk.crop import CROPPING
from avatar_app.engines.face.musetalk.engine import MuseTalkFace
from avatar_app.engines.face.musetalk.hearing import EncodedWindow, EncodedWindows, Floats
from avatar_app.engines.face.portrait.avatar import load_avatar
from avatar_app.runtime.registry import Registry

RATE = 16_000
SMALL = {"width": 192, "height": 108, "device": "cpu", "threads": 1}
Options = dict[str, Any]


@pytest.fixture(scope="module")
def avatar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wav2lip_parts.write_avatar(tmp_path_factory.mktemp("avatars") / "nobody")


@pytest.fixture(scope="module")
def options(musetalk: Path, avatar: Path) -> Options:
    return {**SMALL, "avatar": str(avatar), "model": str(musetalk)}


@pytest.fixture(scope="module")
def face(options: Options) -> Iterator[MuseTalkFace]:
    face = MuseTalkFace(**options, expressiveness=0.0)
    yield face
    face.close()


@pytest.fixture(scope="module")
def voice() -> np.ndarray:
    return (wav2lip_parts.golden()["wav_16k"] / 32768).astype(np.float32)[5_000:24_200]


@pytest.fixture(scope="module")
def speech(voice: np.ndarray) -> SpeechChunk:
    """0.3 s of silence, 0.8 s of a voice, 0.7 s of silence, 0.4 s of the voice."""
    first, second = np.split(voice, [12_800])
    silences = [np.zeros(round(seconds * RATE), np.float32) for seconds in (0.3, 0.7)]
    return SpeechChunk(AudioChunk(np.concatenate([silences[0], first, silences[1], second]), RATE))


def split(speech: SpeechChunk, seconds: float) -> Iterator[SpeechChunk]:
    step = round(seconds * RATE)
    for start in range(0, len(speech.audio.samples), step):
        yield SpeechChunk(AudioChunk(speech.audio.samples[start : start + step], RATE, start))


def performed(face: MuseTalkFace, *chunks: SpeechChunk) -> list[VideoFrame]:
    return list(face.perform(iter(chunks), Turn(1)))


def heard(face: MuseTalkFace, *chunks: SpeechChunk, lead: float = 0.0) -> list[EncodedWindow]:
    windows = face._opened().windows(25, lead)
    return [*(each for chunk in chunks for each in windows.add(chunk)), *windows.end()]


def test_manifest_describes_the_engine(face: MuseTalkFace) -> None:
    manifest = Registry().find(Kind.FACE, "musetalk")
    assert manifest.instead == ("wav2lip",)
    assert isinstance(face, Engine)
    assert face.fps == 25
    with pytest.raises(ModelMissing, match="No folder with MuseTalk is chosen") as caught:
        MuseTalkFace(**manifest.defaults())
    assert "sd-vae" in caught.value.hint


def test_sound_of_a_whole_speech_is_the_published_one(
    face: MuseTalkFace, musetalk: Path, speech: SpeechChunk
) -> None:
    published = published_sound(musetalk, speech.audio.samples)
    windows = heard(face, speech)
    assert len(windows) == len(published) == 55
    assert published.shape[1:] == (30, 16)
    for window, sound in zip(windows, published, strict=True):
        assert np.abs(window.sound - sound).max() < 1e-4


def test_speech_of_more_than_half_a_minute_is_heard_in_the_published_pieces(
    face: MuseTalkFace, musetalk: Path, voice: np.ndarray
) -> None:
    long = np.tile(voice, 26)[: 31 * RATE]
    published = published_sound(musetalk, long)
    chunks = [
        SpeechChunk(AudioChunk(part, RATE, begin))
        for begin, part in ((0, long[: 29 * RATE]), (29 * RATE, long[29 * RATE :]))
    ]
    windows = heard(face, *chunks)
    assert [window.frame for window in windows] == list(range(775))
    for frame in [*range(730, 775)]:
        assert np.abs(windows[frame].sound - published[frame]).max() < 1e-4


def test_painted_face_is_the_published_one(
    face: MuseTalkFace, musetalk: Path, avatar: Path, speech: SpeechChunk
) -> None:
    crop = views_of(load_avatar(avatar), CROPPING).faces[0]
    assert crop.shape == (256, 256, 3)
    stage = face._opened()
    for window in heard(face, speech)[10:13]:
        published = published_picture(musetalk, crop, window.sound)
        painted = stage.paint(window.sound[None], [0])()[0]
        assert np.abs(painted.astype(int) - published).max() <= 1
        lips = stage.begin(window.sound[None], [0.0])()[0]
        region = stage.region
        part = published[region.top : region.bottom, region.left : region.right]
        assert np.abs(lips.astype(int) - part).max() <= 1


def test_older_files_give_the_same_networks(
    options: Options, face: MuseTalkFace, speech: SpeechChunk, tmp_path: Path
) -> None:
    """The first version, torch's older format, and the names that attention once had."""
    older = MuseTalkFace(**options | {"model": str(write_musetalk(tmp_path / "v1", old=True))})
    sound = heard(face, speech)[12].sound[None]
    one, other = (each._opened().paint(sound, [0])() for each in (face, older))
    assert np.array_equal(one, other)
    older.close()


@pytest.mark.parametrize("seconds", [0.1, 0.29])
def test_streamed_speech_has_the_same_times_and_nearly_the_same_sound(
    seconds: float, face: MuseTalkFace, speech: SpeechChunk
) -> None:
    whole, parts = performed(face, speech), performed(face, *split(speech, seconds))
    assert [frame.at for frame in parts] == [frame.at for frame in whole]
    assert [frame.pose.share for frame in parts] == [frame.pose.share for frame in whole]
    one, other = heard(face, speech), heard(face, *split(speech, seconds))
    size = np.sqrt(np.mean([np.square(window.sound).mean() for window in one]))
    apart = [np.square(a.sound - b.sound).mean() for a, b in zip(one, other, strict=True)]
    assert np.sqrt(np.mean(apart)) < 0.25 * size


def test_pictures_arrive_as_soon_as_their_sound_is_complete(
    face: MuseTalkFace, speech: SpeechChunk
) -> None:
    known = 0.0

    def live() -> Iterator[SpeechChunk]:
        nonlocal known
        for chunk in split(speech, 0.1):
            known = chunk.audio.start / RATE + chunk.audio.seconds
            yield chunk

    waits = [known - frame.at for frame in face.perform(live(), Turn(1))]
    assert max(waits) <= 0.16 + 0.1 + 1e-6  # its moments with two to spare, and a chunk


class CountingEncoder:
    """Hidden states that are the numbers of their moments."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def __call__(self, samples: np.ndarray) -> Floats:
        self.lengths.append(len(samples))
        return np.arange(len(samples) // 320, dtype=np.float32)[:, None, None]


def test_moments_of_each_picture_are_those_around_it_at_any_rate_and_lead() -> None:
    sound = np.full(2 * RATE, 0.1, np.float32)
    for fps, lead, before in ((25.0, 0.0, 4), (25.0, 0.1, 9), (30.0, 0.0, 4), (12.5, 0.0, 8)):
        windows = EncodedWindows(CountingEncoder(), fps, lead)
        late = SpeechChunk(AudioChunk(sound, RATE, 4 * RATE))
        every = [*windows.add(late), *windows.end()]
        assert [each.frame for each in every] == list(range(round(4 * fps), round(6 * fps)))
        for number, each in enumerate(every):
            begin = int(number * 50 / fps - lead * 50 + before + 1e-6) - before
            begin -= before - round(5 * lead * 10)
            expected = [k if 0 <= k < 100 else 0 for k in range(begin, begin + 10)]
            assert each.sound[:, 0].tolist() == expected


def test_encoder_is_asked_only_when_a_picture_is_due() -> None:
    encoder = CountingEncoder()
    windows = EncodedWindows(encoder, 25.0, 0.0)
    for k in range(100):
        list(windows.add(SpeechChunk(AudioChunk(np.zeros(160, np.float32), RATE, k * 160))))
    assert len(encoder.lengths) <= 25


def test_silence_shows_the_portrait_and_the_mouth_closes(
    face: MuseTalkFace, speech: SpeechChunk
) -> None:
    frames = performed(face, speech)
    still = face.rest(FaceState.IDLE).image
    at = {round(frame.at, 3): frame for frame in frames}
    for silent in (0.0, 0.04, 0.12, 1.44, 1.6):
        assert np.array_equal(at[silent].image, still)
    for voiced in (0.48, 0.8, 1.0, 2.0):
        assert at[voiced].pose.share == 1.0
        assert not np.array_equal(at[voiced].image, still)
    assert np.array_equal(frames[-1].image, still)
    changed = np.any([(frame.image != still).any(axis=2) for frame in frames], axis=0)
    assert 0 < changed.mean() < 0.2


def test_mouth_follows_the_sound_at_its_own_time(face: MuseTalkFace) -> None:
    """Bursts of noise open the mouth no later than 45 ms after they begin, and no earlier than the
    80 ms that the published schedule looks ahead."""
    rng = np.random.default_rng(3)
    sound = np.zeros(4 * RATE, np.float32)
    begins = (0.5, 1.3, 2.0, 2.7, 3.4)
    for begin in begins:
        burst = rng.uniform(-0.5, 0.5, round(0.24 * RATE))
        sound[round(begin * RATE) :][: len(burst)] = burst
    opened = [
        frame.at
        for frame in performed(face, SpeechChunk(AudioChunk(sound, RATE)))
        if frame.pose.share
    ]
    for begin in begins:
        first = min(at for at in opened if at > begin - 0.16)
        assert -0.1 <= first - begin <= 0.045


def test_batches_loops_and_sizes(options: Options, face: MuseTalkFace, speech: SpeechChunk) -> None:
    together = MuseTalkFace(**options, expressiveness=0.0, batch=4)
    for one, other in zip(performed(face, speech), performed(together, speech), strict=True):
        assert np.abs(one.image.astype(int) - other.image.astype(int)).max() <= 1
    frames = together.perform(iter([speech]), Turn(1))
    together.configure(width=64, height=96)
    assert next(frames).image.shape == (108, 192, 3)
    assert together.rest(FaceState.IDLE).image.shape == (96, 64, 3)
    together.close()


def test_cancelled_turn_stops(face: MuseTalkFace, speech: SpeechChunk) -> None:
    turn = Turn(1)
    frames = face.perform(iter([speech]), turn)
    next(frames)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        next(frames)


def test_memory_that_ends_while_it_paints_is_said(
    face: MuseTalkFace, speech: SpeechChunk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(face._opened()._networks._unet, "forward", full)
    with pytest.raises(OutOfMemory, match="not enough memory for MuseTalk"):
        performed(face, speech)


def _json(name: str, **changes: Any) -> Any:
    def change(root: Path) -> None:
        path = root / name
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


def _cut(name: str) -> Any:
    def change(root: Path) -> None:
        path = root / name
        path.write_bytes(path.read_bytes()[:3000])

    return change


DAMAGES: dict[str, tuple[Any, type[AvatarError], str]] = {
    "no network": (lambda root: shutil.rmtree(root / "musetalkV15"), ModelMissing, "is missing"),
    "no weights": (lambda root: (root / "musetalkV15/unet.pth").unlink(), ModelMissing, "weights"),
    "no sound": (
        lambda root: (root / "whisper/preprocessor_config.json").unlink(),
        InputInvalid,
        "is damaged or no description",
    ),
    "no JSON": (
        lambda root: (root / "sd-vae/config.json").write_text("{"),
        InputInvalid,
        "no JSON",
    ),
    "list": (lambda root: (root / "sd-vae/config.json").write_text("[]"), InputInvalid, "no JSON"),
    "cut off": (_cut("musetalkV15/unet.pth"), InputInvalid, r"unet\.pth is damaged"),
    "cut autoencoder": (
        _cut("sd-vae/diffusion_pytorch_model.safetensors"),
        InputInvalid,
        "damaged",
    ),
    "other size": (
        _json("musetalkV15/musetalk.json", block_out_channels=[16, 16]),
        InputInvalid,
        "is not a checkpoint of MuseTalk",
    ),
    "nonsense": (
        _json("musetalkV15/musetalk.json", block_out_channels="many"),
        InputInvalid,
        "is damaged or no MuseTalk",
    ),
    "shorter pieces": (
        _json("whisper/config.json", max_source_positions=100),
        InputInvalid,
        "is not a checkpoint of Whisper",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_missing_and_damaged_files_are_said(
    name: str, options: Options, musetalk: Path, tmp_path: Path
) -> None:
    change, error, message = DAMAGES[name]
    copy = Path(shutil.copytree(musetalk, tmp_path / "copy"))
    change(copy)
    with pytest.raises(error, match=message) as caught:
        MuseTalkFace(**options | {"model": str(copy)})
    assert caught.value.hint


def test_machine_without_a_card_is_said(options: Options) -> None:
    for device in ("auto", "cuda"):
        with pytest.raises(DeviceUnavailable, match="MuseTalk needs an NVIDIA card") as caught:
            MuseTalkFace(**options | {"device": device})
        assert caught.value.hint
