"""A text becomes a sound file of any kind, in any voice; what cannot be is said."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from terminal import typed

from avatar_app.bench.scripted.kokoro import VOICES, write_kokoro
from avatar_app.cli.speak import speak
from avatar_app.core.errors import ConfigInvalid, InputInvalid
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.settings.schema import EngineChoice
from avatar_app.speech.text_to_speech import TTSEngine, TTSStreamer

TEXT = "Hello there, this is what I say."


@pytest.fixture(scope="module")
def espeak() -> Iterator[TTSEngine]:
    with TTSEngine(EngineChoice(engine="espeak")) as engine:
        engine._voice.wait_ready()  # its thread begins before the first test
        yield engine


def probed(path: Path) -> dict[str, Any]:
    """What another program reads in the file."""
    if shutil.which("ffprobe") is None:
        import av

        with av.open(str(path)) as file:
            stream = file.streams.audio[0]
            name = stream.codec.canonical_name
            return {"codec_name": name, "sample_rate": str(stream.rate), "channels": 1}
    expected = subprocess.run(
        ["ffprobe", "-v", "error", "-of", "json", "-show_streams", str(path)],
        capture_output=True,
        check=True,
    )
    return dict(json.loads(expected.stdout)["streams"][0])


@pytest.mark.parametrize(
    ("ending", "codec", "rate"),
    [
        ("wav", "pcm_s16le", 16_000),
        ("mp3", "mp3", 44_100),
        ("ogg", "vorbis", 48_000),
        ("flac", "flac", 24_000),
        ("mp3", "mp3", 16_000),
    ],
)
def test_every_format_is_written_at_its_rate(
    espeak: TTSEngine, tmp_path: Path, ending: str, codec: str, rate: int
) -> None:
    path = tmp_path / f"speech.{ending}"
    written = espeak.synthesize(TEXT, path, sample_rate=rate)
    stream = probed(path)
    assert (stream["codec_name"], int(stream["sample_rate"])) == (codec, rate)
    samples, found = soundfile.read(path)
    assert (found, samples.ndim) == (rate, 1)
    assert len(samples) / rate == pytest.approx(written.seconds, abs=0.1)
    assert written.seconds == pytest.approx(1.9, abs=0.5)
    assert 0.02 < np.sqrt(np.mean(samples**2)) < 0.3
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("bit_rate", "rate"),
    [(128, 24_000), (160, 16_000), (128, 44_100), (192, 44_100), (320, 48_000)],
)
def test_an_mp3_has_the_bit_rate_that_was_asked_for(
    espeak: TTSEngine, tmp_path: Path, bit_rate: int, rate: int
) -> None:
    path = tmp_path / "speech.mp3"
    seconds = espeak.synthesize(TEXT, path, sample_rate=rate, bit_rate=bit_rate).seconds
    import av

    with av.open(str(path)) as file:
        packets = [packet.size for packet in file.demux(audio=0) if packet.size]
    frames = seconds * rate / (1152 if rate >= 32_000 else 576)
    assert len(packets) == pytest.approx(frames, abs=4)
    each = 1000 * bit_rate / 8 * (seconds / frames)
    assert packets[len(packets) // 2] == pytest.approx(each, abs=2)
    assert max(packets[1:]) - min(packets[1:]) <= 1, "it is constant"


def test_the_stream_is_what_the_file_holds(espeak: TTSEngine, tmp_path: Path) -> None:
    chunks = list(espeak.synthesize_stream(TEXT))
    assert len(chunks) > 2
    assert [word.text for chunk in chunks for word in chunk.words] == TEXT.split()
    streamed = np.concatenate([chunk.audio.samples for chunk in chunks])
    espeak.synthesize(TEXT, tmp_path / "a.wav", sample_rate=22_050)
    written, _ = soundfile.read(tmp_path / "a.wav", dtype="float32")
    np.testing.assert_allclose(written, streamed, atol=1e-4)


def test_speaker_language_and_speed_apply_to_one_text(espeak: TTSEngine, tmp_path: Path) -> None:
    usual = espeak.synthesize(TEXT, tmp_path / "a.wav")
    slow = espeak.synthesize(TEXT, tmp_path / "b.wav", "m3", "de", speed=0.5)
    again = espeak.synthesize(TEXT, tmp_path / "c.wav")
    assert slow.seconds > 1.5 * usual.seconds
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "c.wav").read_bytes()
    assert again.seconds == usual.seconds
    assert "f2" in espeak.list_speakers()


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("a.xyz", {}),
        ("a.wav", {"format": "wma"}),
        ("a.wav", {"sample_rate": 8_000}),
        ("a.wav", {"sample_rate": 96_000}),
        ("a.mp3", {"sample_rate": 40_000}),
        ("a.mp3", {"bit_rate": 64}),
        ("a.mp3", {"bit_rate": 320}),
        ("a.wav", {"bit_rate": 128}),
        ("a.wav", {"text": "<laugh>"}),
        ("a.wav", {"speaker": "nobody"}),
        ("a.wav", {"language": "klingon"}),
        ("a.wav", {"speed": 3.0}),
        ("a.wav", {"sample_rate": "24000"}),
        ("a.wav", {"sample_rate": None}),
        ("a.wav", {"sample_rate": 24_000.5}),
        ("a.wav", {"format": 3}),
        ("a.wav", {"text": " \n"}),
        ("a.wav", {"text": "🙂🙂 …"}),
        ("a.wav", {"text": None}),
        ("a.wav", {"text": b"Hello"}),
        (".", {"format": "wav"}),
        (300 * "a" + ".wav", {}),
    ],
)
def test_invalid_output_is_reported_and_leaves_no_file(
    espeak: TTSEngine, tmp_path: Path, name: str, asked: dict[str, Any]
) -> None:
    with pytest.raises((ConfigInvalid, InputInvalid)) as error:
        espeak.synthesize(output_path=tmp_path / name, **{"text": TEXT, **asked})
    assert error.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_path_may_be_written_as_text(espeak: TTSEngine, tmp_path: Path) -> None:
    assert espeak.synthesize("Hello.", str(tmp_path / "a.wav")).path == tmp_path / "a.wav"


@pytest.mark.parametrize("text", ["", " \n", "🙂🙂", "…"])
def test_a_text_without_a_word_is_refused_before_it_is_streamed(
    espeak: TTSEngine, text: str
) -> None:
    with pytest.raises(InputInvalid, match="There is nothing to say"):
        espeak.synthesize_stream(text)


def test_missing_folder_is_created(espeak: TTSEngine, tmp_path: Path) -> None:
    path = tmp_path / "none" / "deeper" / "a.wav"
    assert espeak.synthesize(TEXT, path).seconds > 0
    assert [each.name for each in path.parent.iterdir()] == ["a.wav"]
    with pytest.raises(InputInvalid, match=f"{path / 'b.wav'} cannot be written: File exists"):
        espeak.synthesize(TEXT, path / "b.wav")


def test_errors_of_the_file_system_are_reported(espeak: TTSEngine, tmp_path: Path) -> None:
    path = tmp_path / (300 * "a" + ".wav")
    with pytest.raises(InputInvalid) as error:
        espeak.synthesize(TEXT, path)
    assert error.value.message == f"The sound file {path} cannot be written: File name too long."


def test_invalid_arguments_are_named_as_given(espeak: TTSEngine) -> None:
    with pytest.raises(ConfigInvalid, match="option voice cannot be 'nobody'"):
        espeak.synthesize_stream(TEXT, speaker="nobody")
    with pytest.raises(ConfigInvalid, match="option language cannot be 'klingon'"):
        espeak.synthesize_stream(TEXT, language="klingon")


def test_a_cancelled_text_leaves_the_old_file(espeak: TTSEngine, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"old")
    turn = Turn(1)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        espeak.synthesize(TEXT, path, turn=turn)
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.wav"]


def test_speak_command_writes_speech_and_lists_voices(tmp_path: Path) -> None:
    path = tmp_path / "x.mp3"
    report = json.loads(typed(speak, TEXT, "--output", path, "--voice", "m1", "--json").stdout)
    assert report["path"] == str(path)
    assert probed(path)["codec_name"] == "mp3"
    assert "belinda" in typed(speak, "--list").stdout.split()
    with pytest.raises(ConfigInvalid, match="No output file"):
        typed(speak, TEXT)


def test_engine_can_be_chosen_by_folder(tmp_path: Path) -> None:
    folder = write_kokoro(tmp_path / "kokoro")
    chosen = EngineChoice(engine="kokoro", options={"model": str(folder)})
    with TTSEngine(chosen) as tts:
        assert tts.list_speakers() == tuple(sorted(VOICES))
        written = tts.synthesize(TEXT, tmp_path / "a.flac", speaker="bf_emma", sample_rate=16_000)
    assert written.seconds > 1


def test_former_names_of_options_are_understood_with_a_warning() -> None:
    choice = EngineChoice(engine="espeak", options={"voice": "de", "variant": "m3"})
    with pytest.warns(DeprecationWarning, match="language"):
        streamer = TTSStreamer(choice)
    with streamer:
        assert (streamer._chosen["language"], streamer._chosen["voice"]) == ("de", "m3")
