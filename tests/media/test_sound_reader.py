"""Any sound file becomes mono sound; what is none is refused in one sentence with a hint."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
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
def test_every_format_becomes_mono_at_16_khz(
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
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "is not a readable sound file"),
        (b"Dear diary, today nothing was recorded." * 50, "is not a readable sound file"),
        (bytes(5000), "is not a readable sound file"),
    ],
)
def test_a_file_without_sound_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
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
    with pytest.raises(InputInvalid, match=r"is truncated|is not a readable|contains no sound"):
        read_sound(tmp_path / name)


def test_an_ogg_file_without_its_last_page_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.ogg", tone(48_000, seconds=4), 48_000)
    whole = (tmp_path / "a.ogg").read_bytes()
    (tmp_path / "a.ogg").write_bytes(whole[: whole.rfind(b"OggS")])
    with pytest.raises(InputInvalid, match="is truncated"):
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


def with_lengths(content: bytes, data: int, riff: int | None = None) -> bytes:
    """A WAV file whose header says something else than how long it is."""
    at = content.index(b"data") + 4
    whole = bytearray(content)
    whole[at : at + 4] = data.to_bytes(4, "little")
    whole[4:8] = (data + 36 & 0xFFFFFFFF if riff is None else riff).to_bytes(4, "little")
    return bytes(whole)


@pytest.mark.parametrize(
    "promised",
    [
        0,
        2_000_000_000,
        0x7FFFF000,
        0x7FFFFFFF - 36,
        0x7FFFFFFF,
        0x80000000,
        0x80000024,
        0xFFFFFFFF - 36,
        0xFFFFFFFF,
    ],
)
def test_placeholder_length_is_ignored(tmp_path: Path, promised: int) -> None:
    whole = (DATA / "goforward.wav").read_bytes()
    (tmp_path / "a.wav").write_bytes(with_lengths(whole, promised))
    samples = read_sound(tmp_path / "a.wav").samples
    np.testing.assert_array_equal(samples, read_sound(DATA / "goforward.wav").samples)


@pytest.mark.parametrize("promised", [0, 8, 0x7FFFFFFF, 0xFFFFFFFF])
def test_length_limit_counts_only_the_sound(tmp_path: Path, promised: int) -> None:
    whole = (DATA / "goforward.wav").read_bytes()
    length = len(whole) - whole.index(b"data") - 8
    for riff in (promised, len(whole), len(whole) + 8):
        (tmp_path / "a.wav").write_bytes(with_lengths(whole, length, riff))
        assert read_sound(tmp_path / "a.wav").seconds == pytest.approx(2.786, abs=0.001)


def test_an_impossible_rate_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(16_000), 16_000, subtype="PCM_16")
    content = bytearray(path.read_bytes())
    content[24:28] = (2**31 - 1).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(InputInvalid, match="not a readable sound file"):
        read_sound(path)


def test_metadata_before_the_data_chunk_is_skipped(tmp_path: Path) -> None:
    whole = (DATA / "goforward.wav").read_bytes()
    note = b"LIST\x1a\0\0\0INFOISFT\x0e\0\0\0Lavf61.7.100\0\0"
    piped = with_lengths(whole[:36] + note + whole[36:], 0xFFFFFFFF)
    (tmp_path / "a.wav").write_bytes(piped)
    assert read_sound(tmp_path / "a.wav").seconds == pytest.approx(2.786, abs=0.001)


def test_other_formats_are_read_from_a_pipe(tmp_path: Path) -> None:
    for kind in ("AU", "AIFF", "FLAC"):
        soundfile.write(tmp_path / kind, tone(16_000, seconds=2), 16_000, format=kind)
    au, aiff, flac = (bytearray((tmp_path / kind).read_bytes()) for kind in ("AU", "AIFF", "FLAC"))
    au[8:12] = b"\xff" * 4
    frames, sound = aiff.index(b"COMM") + 10, aiff.index(b"SSND") + 4
    aiff[4:8] = aiff[frames : frames + 4] = aiff[sound : sound + 4] = bytes(4)
    flac[21] &= 0xF0  # the number of samples, in STREAMINFO
    flac[22:26] = bytes(4)
    for content in (au, aiff, flac):
        (tmp_path / "piped").write_bytes(content)
        assert read_sound(tmp_path / "piped").seconds == pytest.approx(2, abs=0.001)


@pytest.mark.parametrize(
    ("kind", "subtype"),
    [
        ("WAV", "GSM610"),
        ("WAV", "G721_32"),
        ("WAV", "NMS_ADPCM_32"),
        ("AIFF", "GSM610"),
        ("AU", "G723_24"),
        ("WAV", "IMA_ADPCM"),
        ("WAV", "MS_ADPCM"),
        ("WAV", "ULAW"),
        ("AU", "ALAW"),
        ("W64", "GSM610"),
        ("CAF", "ALAC_16"),
        ("RF64", "PCM_24"),
    ],
)
def test_telephone_codecs_are_read(tmp_path: Path, kind: str, subtype: str) -> None:
    said = tone(8_000, seconds=2, pitch=300)
    soundfile.write(tmp_path / "call", said, 8_000, subtype, format=kind)
    read = read_sound(tmp_path / "call", 8_000).samples
    assert abs(len(read) - len(said)) <= 320
    assert np.corrcoef(read[400:8000], said[400:8000])[0, 1] > 0.9


def test_a_recorded_telephone_call_is_read() -> None:
    call = read_sound(DATA / "sounds" / "sub-gsm610.wav").samples[:44_000]
    clear = read_sound(DATA / "goforward.wav").samples[:44_000]
    assert np.corrcoef(call, clear)[0, 1] > 0.8


def compressed(path: Path, codec: str, kind: str, rate: int, said: np.ndarray) -> Path:
    """As telephones and browsers write it."""
    with av.open(str(path), "w", format=kind) as film:
        stream = film.add_stream(codec, rate=rate)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(said[None], format="fltp", layout="mono")
        frame.sample_rate = rate
        form = stream.format.name
        whole = av.AudioResampler(form, "mono", rate, frame_size=stream.frame_size or 1024)
        for piece in [*whole.resample(frame), *whole.resample(None)]:
            film.mux(stream.encode(piece))
        film.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("codec", "kind", "rate"),
    [
        ("aac", "mp4", 44_100),
        ("alac", "mp4", 44_100),
        ("aac", "3gp", 16_000),
        ("libopus", "webm", 48_000),
        ("aac", "adts", 44_100),
        ("g726", "wav", 8_000),
        ("libmp3lame", "wav", 16_000),
        ("libopencore_amrnb", "amr", 8_000),
        ("pcm_s16le", "mov", 16_000),
        ("wavpack", "wv", 16_000),
    ],
)
def test_recordings_of_phones_and_browsers_are_read(
    tmp_path: Path, codec: str, kind: str, rate: int
) -> None:
    said = tone(rate, seconds=2, pitch=300)
    path = compressed(tmp_path / "note", codec, kind, rate, said)
    read = read_sound(path, rate).samples
    assert abs(len(read) / rate - 2) < 0.12
    spectrum = np.abs(np.fft.rfft(read[rate // 2 : rate // 2 + rate]))
    assert abs(int(spectrum.argmax()) - 300) <= 1


@pytest.mark.parametrize(
    ("kind", "subtype"),
    [("WAV", "GSM610"), ("AIFF", "PCM_16"), ("AU", "PCM_16"), ("CAF", "PCM_16"), ("W64", "PCM_16")],
)
@pytest.mark.parametrize("part", [0.5, 0.95])
def test_truncated_files_of_other_formats_are_refused(
    tmp_path: Path, kind: str, subtype: str, part: float
) -> None:
    soundfile.write(tmp_path / "a", tone(8_000, seconds=2), 8_000, subtype, format=kind)
    whole = (tmp_path / "a").read_bytes()
    (tmp_path / "a").write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(InputInvalid, match="is truncated"):
        read_sound(tmp_path / "a")


@pytest.mark.parametrize("part", [0.5, 0.8])
@pytest.mark.parametrize("kind", ["mp4", "matroska"])
def test_a_truncated_film_is_refused(tmp_path: Path, kind: str, part: float) -> None:
    path = compressed(tmp_path / "note", "aac", kind, 44_100, tone(44_100, seconds=4))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(InputInvalid, match=r"is truncated|is not a readable sound file"):
        read_sound(path)


def test_a_film_without_sound_and_a_picture_are_refused(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "film.mp4"), "w") as film:
        stream = film.add_stream("libx264", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for _ in range(10):
            black = np.zeros((64, 64, 3), np.uint8)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(black, format="rgb24")))
        film.mux(stream.encode(None))
    with pytest.raises(InputInvalid, match="contains no sound"):
        read_sound(tmp_path / "film.mp4")
    with pytest.raises(InputInvalid, match="is not a readable sound file"):
        read_sound(DATA / "faces" / "README.md")


def test_playlist_is_refused(tmp_path: Path) -> None:
    other = (DATA / "goforward.wav").resolve()
    for name, content in {
        "list.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{other}\n#EXT-X-ENDLIST\n",
        "list.ffconcat": f"ffconcat version 1.0\nfile {other}\n",
        "list.sdp": "v=0\nc=IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n",
    }.items():
        (tmp_path / name).write_text(content)
        with pytest.raises(InputInvalid, match="is not a readable sound file"):
            read_sound(tmp_path / name)


def test_damaged_mp3_is_read_without_terminal_output(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "a.mp3", tone(48_000, seconds=2), 48_000)
    content = bytearray((tmp_path / "a.mp3").read_bytes())
    content[2000:2600] = bytes(600)
    content[3500:3520] = b"\xff" * 20
    (tmp_path / "a.mp3").write_bytes(content)
    assert 1.5 < read_sound(tmp_path / "a.mp3").seconds < 2
    (tmp_path / "a.mp3").write_bytes(b"ID3\x04\0\0\0\0\x10\0" + b"x" * 500 + content[:99])
    with pytest.raises(InputInvalid):
        read_sound(tmp_path / "a.mp3")
    assert capfd.readouterr() == ("", "")


def test_web_page_is_refused_without_terminal_output(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.mp3").write_bytes(b"<!DOCTYPE html><html>" + b"x" * 4000)
    with pytest.raises(InputInvalid, match="is not a readable sound file"):
        read_sound(tmp_path / "a.mp3")
    assert capfd.readouterr() == ("", "")


def test_recording_with_an_inverted_channel_is_not_cancelled_out(tmp_path: Path) -> None:
    said = tone(16_000)
    soundfile.write(tmp_path / "a.wav", np.stack([said, -said], axis=1), 16_000)
    np.testing.assert_allclose(read_sound(tmp_path / "a.wav").samples, said, atol=1e-3)


def test_nan_samples_become_silence(tmp_path: Path) -> None:
    samples = np.full(1600, 0.25, np.float32)
    samples[100:200], samples[300], samples[400] = np.nan, np.inf, -np.inf
    samples[500] = 7.0
    soundfile.write(tmp_path / "odd.wav", samples, 16_000, "FLOAT")
    read = read_sound(tmp_path / "odd.wav").samples
    assert (read[100:200] == 0).all()
    assert (read[300], read[400], read[500]) == (1, -1, 1)
    assert read[600] == 0.25
    soundfile.write(tmp_path / "odd.wav", np.full(1600, np.nan, np.float32), 16_000, "FLOAT")
    with pytest.raises(InputInvalid, match="no audible sound"):
        read_sound(tmp_path / "odd.wav")


def test_written_samples_are_read_back(tmp_path: Path) -> None:
    samples = np.concatenate([tone(22_050), np.float32([1.0, -1.0, 1.5, -7.0])])
    write_sound(tmp_path / "a.wav", AudioChunk(samples, 22_050))
    read = read_sound(tmp_path / "a.wav", 22_050).samples
    np.testing.assert_allclose(read, np.clip(samples, -1, 1), atol=2e-4)


def test_chunks_are_written_to_one_file(tmp_path: Path) -> None:
    with SoundWriter(tmp_path / "a.wav", 16_000) as writer:
        for piece in np.split(tone(16_000), 10):
            writer.write(piece)
    assert len(read_sound(tmp_path / "a.wav").samples) == 8000


def test_unwritable_path_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputInvalid, match="cannot be written") as refusal:
        SoundWriter(tmp_path / "file" / "a.wav", 16_000)
    assert "folder" in refusal.value.hint


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    write_sound(tmp_path / "new" / "newer" / "a.wav", AudioChunk(tone(16_000), 16_000))
    assert read_sound(tmp_path / "new" / "newer" / "a.wav").seconds == 0.5


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


def test_a_full_disk_is_reported(tmp_path: Path) -> None:
    with small_disk(), SoundWriter(tmp_path / "a.wav", 48_000) as writer:
        writer.write(np.zeros(20 * 480, np.float32))
        with pytest.raises(InputInvalid, match="cannot be written"):
            writer.write(np.zeros(20 * 480, np.float32))
    assert len(read_sound(tmp_path / "a.wav", 48_000).samples) >= 20 * 480
