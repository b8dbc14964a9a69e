"""Any sound file becomes mono sound; what is none is refused in one sentence with a hint."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import AudioChunk
from avatar_app.media.sound_reader import SoundWriter, read_sound, write_sound

DATA = Path(__file__).parent.parent / "data"


def tone(rate: int, seconds: float = 0.5, pitch: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate)).astype("f4")


@pytest.mark.parametrize(
    ("name", "subtype", "tolerance"),
    [
        ("a.wav", "PCM_U8", 0.01),
        ("a.wav", "PCM_16", 0.001),
        ("a.wav", "PCM_24", 0.001),
        ("a.wav", "FLOAT", 0.001),
        ("a.flac", "PCM_16", 0.001),
        ("a.ogg", "VORBIS", 0.1),
        ("a.mp3", "MPEG_LAYER_III", 0.1),
    ],
)
@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_every_kind_of_file_becomes_mono_at_16_khz(
    tmp_path: Path, name: str, subtype: str, tolerance: float, rate: int
) -> None:
    left = tone(rate)
    soundfile.write(tmp_path / name, np.stack([left, 0 * left], axis=1), rate, subtype=subtype)
    chunk = read_sound(tmp_path / name)
    assert chunk.rate == 16_000
    assert chunk.samples.dtype == np.float32
    assert chunk.samples.shape == (8000,)
    middle = slice(1000, 7000)  # filters ring at the edges
    np.testing.assert_allclose(chunk.samples[middle], tone(16_000)[middle] / 2, atol=tolerance)


def test_a_real_recording_is_read() -> None:
    assert read_sound(DATA / "jfk.flac").seconds == pytest.approx(11.0, abs=0.01)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "is not a sound file"),
        (b"Dear diary, today nothing was recorded." * 50, "is not a sound file"),
        (bytes(5000), "is not a sound file"),
    ],
)
def test_what_is_no_sound_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(InputInvalid, match=sentence) as refusal:
        read_sound(tmp_path / "a.wav")
    assert refusal.value.hint


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg"])
@pytest.mark.parametrize("part", [0.5, 0.95])
def test_a_truncated_file_is_refused(tmp_path: Path, name: str, part: float) -> None:
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, 48_000)
    soundfile.write(tmp_path / name, noise, 48_000)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(InputInvalid, match=r"ends before|is not a sound|contains no sound"):
        read_sound(tmp_path / name)


def test_an_ogg_file_without_its_last_page_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.ogg", tone(48_000, seconds=4), 48_000)
    whole = (tmp_path / "a.ogg").read_bytes()
    (tmp_path / "a.ogg").write_bytes(whole[: whole.rfind(b"OggS")])
    with pytest.raises(InputInvalid, match="ends before its sound does"):
        read_sound(tmp_path / "a.ogg")


def test_a_header_without_sound_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(0), 16_000)
    with pytest.raises(InputInvalid, match="contains no sound"):
        read_sound(tmp_path / "a.wav")


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match="does not exist"):
        read_sound(tmp_path / "none.wav", 16_000)
    with pytest.raises(InputInvalid, match="is a folder"):
        read_sound(tmp_path, 16_000)


def test_more_than_an_hour_is_refused_unread(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(3602 * 100, np.int16), 100)
    with pytest.raises(InputInvalid, match="longer than an hour"):
        read_sound(tmp_path / "a.wav")


def test_a_recording_from_a_pipe_is_read_despite_its_unknown_length(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", AudioChunk(tone(16_000), 16_000))
    content = bytearray((tmp_path / "a.wav").read_bytes())
    content[4:8] = content[40:44] = b"\xff\xff\xff\xff"
    (tmp_path / "a.wav").write_bytes(content)
    assert len(read_sound(tmp_path / "a.wav").samples) == 8000


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    samples = np.concatenate([tone(22_050), np.float32([1.0, -1.0, 1.5, -7.0])])
    write_sound(tmp_path / "a.wav", AudioChunk(samples, 22_050))
    read = read_sound(tmp_path / "a.wav", 22_050).samples
    np.testing.assert_allclose(read, np.clip(samples, -1, 1), atol=2e-4)


def test_pieces_make_one_file(tmp_path: Path) -> None:
    with SoundWriter(tmp_path / "a.wav", 16_000) as writer:
        for piece in np.split(tone(16_000), 10):
            writer.write(piece)
    assert len(read_sound(tmp_path / "a.wav").samples) == 8000


def test_an_unwritable_place_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match="cannot be written") as refusal:
        SoundWriter(tmp_path / "missing" / "a.wav", 16_000)
    assert "folder" in refusal.value.hint


@contextmanager
def small_disk() -> Iterator[None]:
    """No file of this process may grow past 20 kB: a write fails as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    with small_disk(), SoundWriter(tmp_path / "a.wav", 48_000) as writer:
        writer.write(np.zeros(20 * 480, np.float32))
        with pytest.raises(InputInvalid, match="cannot be written"):
            writer.write(np.zeros(20 * 480, np.float32))
    assert len(read_sound(tmp_path / "a.wav", 48_000).samples) >= 20 * 480
