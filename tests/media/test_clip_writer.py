"""Clips in every container and codec hold what was written, whole, marked, or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from avatar_app.core.errors import ConfigInvalid
from avatar_app.media.clip_formats import ClipCodec, ClipFormat, ClipQuality, encoding_of
from avatar_app.media.clip_writer import ClipContent, write_clip
from avatar_app.media.provenance import COMMENT, mark_png
from avatar_app.media.subtitles import Subtitle
from avatar_app.media.video_writer import FilmUnwritable

FPS, COUNT, RATE = 24, 36, 24_000
PAIRS = [
    (ClipFormat.MP4, ClipCodec.H264, "h264"),
    (ClipFormat.MP4, ClipCodec.HEVC, "hevc"),
    (ClipFormat.MP4, ClipCodec.VP9, "vp9"),
    (ClipFormat.WEBM, ClipCodec.AUTO, "vp9"),
    (ClipFormat.MOV, ClipCodec.H264, "h264"),
    (ClipFormat.MOV, ClipCodec.PRORES, "prores"),
    (ClipFormat.AVI, ClipCodec.AUTO, "h264"),
    (ClipFormat.GIF, ClipCodec.AUTO, "gif"),
]
both = pytest.mark.parametrize(("form", "codec", "named"), PAIRS)


def frames(count: int = COUNT) -> Any:
    """A bright square moves over a gradient."""
    pictures = np.zeros((count, 64, 96, 3), np.uint8)
    pictures[..., 0] = np.linspace(20, 120, 96, dtype=np.uint8)
    pictures[..., 2] = np.linspace(120, 20, 64, dtype=np.uint8)[:, None]
    for index in range(count):
        pictures[index, 20:44, 2 * index : 2 * index + 24, 1] = 220
    return pictures


def content(**more: Any) -> ClipContent:
    times = np.arange(COUNT * RATE // FPS) / RATE
    tone = (0.5 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)
    subtitles = (Subtitle(0.1, 0.6, "Hello there."), Subtitle(0.7, 1.4, "How are you?"))
    return ClipContent(frames(), FPS, tone, RATE, subtitles, **more)


def written(path: Path, form: ClipFormat, codec: ClipCodec, quality: ClipQuality) -> list[Path]:
    return write_clip(content(), path, encoding_of(form, codec, quality), lambda _share: None)


def pictures_of(path: Path) -> Any:
    with av.open(str(path)) as container:
        return np.stack([each.to_ndarray(format="rgb24") for each in container.decode(video=0)])


@both
def test_each_container_holds_all_pictures(
    tmp_path: Path, form: ClipFormat, codec: ClipCodec, named: str
) -> None:
    path = tmp_path / f"clip.{form}"
    written(path, form, codec, ClipQuality.MEDIUM)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name.removeprefix("lib") == named
        assert (stream.width, stream.height) == (96, 64)
        assert float(stream.average_rate) == pytest.approx(FPS, rel=0.05)
    shown = pictures_of(path)
    assert len(shown) == COUNT
    assert np.abs(shown.astype(int) - frames()).mean() < 12
    assert [path] == [each for each in tmp_path.iterdir() if each.suffix == path.suffix]


@both
def test_sound_is_as_long_as_the_pictures(
    tmp_path: Path, form: ClipFormat, codec: ClipCodec, named: str
) -> None:
    path = tmp_path / f"clip.{form}"
    written(path, form, codec, ClipQuality.LOW)
    with av.open(str(path)) as container:
        if form is ClipFormat.GIF:
            assert not container.streams.audio
            return
        heard = np.concatenate(
            [each.to_ndarray().mean(axis=0) for each in container.decode(audio=0)]
        )
        rate = container.streams.audio[0].rate
    if heard.dtype.kind == "i" or np.abs(heard).max() > 2:
        heard = heard / 32768
    assert len(heard) / rate == pytest.approx(COUNT / FPS, abs=0.08)
    middle = heard[len(heard) // 4 : 3 * len(heard) // 4]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.354, rel=0.1)
    peaks = np.fft.rfftfreq(len(middle), 1 / rate)[np.abs(np.fft.rfft(middle)).argmax()]
    assert peaks == pytest.approx(440, abs=3)


@both
def test_subtitles_are_in_the_clip_or_beside_it(
    tmp_path: Path, form: ClipFormat, codec: ClipCodec, named: str
) -> None:
    path = tmp_path / f"clip.{form}"
    files = written(path, form, codec, ClipQuality.LOW)
    with av.open(str(path)) as container:
        inside = [
            bytes(packet)
            for stream in container.streams.subtitles
            for packet in container.demux(stream)
            if packet.size
        ]
    if form in (ClipFormat.AVI, ClipFormat.GIF):
        assert files == [path, path.with_suffix(".srt")]
        assert "00:00:00,700 --> 00:00:01,400\nHow are you?" in files[1].read_text()
    else:
        assert files == [path]
        assert sum(b"Hello there." in packet or b"How are you?" in packet for packet in inside) == 2


@both
def test_each_clip_says_that_it_is_synthetic(
    tmp_path: Path, form: ClipFormat, codec: ClipCodec, named: str
) -> None:
    path = tmp_path / f"clip.{form}"
    written(path, form, codec, ClipQuality.LOW)
    data = path.read_bytes()
    assert COMMENT.encode() in data
    if form in (ClipFormat.MP4, ClipFormat.MOV):
        assert b"trainedAlgorithmicMedia" in data


@pytest.mark.parametrize(
    ("form", "codec"),
    [
        (ClipFormat.MP4, ClipCodec.H264),
        (ClipFormat.MP4, ClipCodec.HEVC),
        (ClipFormat.WEBM, ClipCodec.VP9),
    ],
)
def test_better_qualities_are_nearer_to_the_pictures(
    tmp_path: Path, form: ClipFormat, codec: ClipCodec
) -> None:
    errors = []
    for quality in ClipQuality:
        path = tmp_path / f"{quality}.{form}"
        written(path, form, codec, quality)
        errors.append(float(np.abs(pictures_of(path).astype(int) - frames()).mean()))
    low, medium, high, lossless = errors
    assert low > max(medium, high)
    assert lossless < min(medium, high)
    assert lossless < 1.5  # lossless, but for the rounding of RGB to YUV and back


def test_a_codec_that_does_not_fit_is_refused_with_those_that_do() -> None:
    with pytest.raises(ConfigInvalid, match=r"webm file cannot contain h264.*Choose vp9"):
        encoding_of(ClipFormat.WEBM, ClipCodec.H264, ClipQuality.LOW)


def test_a_stopped_clip_leaves_nothing_and_the_older_one(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"older")

    def stop(share: float) -> None:
        if share > 0.5:
            raise InterruptedError

    encoding = encoding_of(ClipFormat.MP4, ClipCodec.AUTO, ClipQuality.LOW)
    with pytest.raises((InterruptedError, FilmUnwritable)):
        write_clip(content(), path, encoding, stop)
    assert path.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    encoding = encoding_of(ClipFormat.MP4, ClipCodec.AUTO, ClipQuality.LOW)
    with pytest.raises(FilmUnwritable) as caught:
        write_clip(content(), tmp_path / "file" / "clip.mp4", encoding, lambda _share: None)
    assert caught.value.hint


def test_a_png_keeps_its_picture_and_says_that_it_is_synthetic() -> None:
    import cv2

    picture = frames(1)[0]
    _, png = cv2.imencode(".png", picture)
    marked = mark_png(png.tobytes())
    assert b"trainedAlgorithmicMedia" in marked
    assert np.array_equal(cv2.imdecode(np.frombuffer(marked, np.uint8), cv2.IMREAD_COLOR), picture)
