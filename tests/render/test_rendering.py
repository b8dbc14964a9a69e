"""A film made from a sound file: in time with it, as long as it, streamed, whole or not at all."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from avatar_app.core.errors import EngineFailed, InputInvalid
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import AudioChunk, FaceState, SpeechChunk, VideoFrame
from avatar_app.media import video_writer
from avatar_app.media.video_writer import FilmUnwritable
from avatar_app.render.rendering import render_film
from avatar_app.render.sound import LONGEST_SECONDS, SoundFile, SpokenText
from avatar_app.system.leftovers import process_mark

LOUD_FROM, LOUD_UNTIL = 0.52, 0.72


class Lamp:
    """A face that is white while its speech is loud, and ends with it."""

    def __init__(self, fps: float = 25.0, breaks_at: int | None = None) -> None:
        self.fps = fps
        self.breaks_at = breaks_at
        self.alive = self.most_alive = 0
        self._lock = threading.Lock()

    def perform(
        self, speech: Iterator[SpeechChunk], turn: Turn, after: VideoFrame | None = None
    ) -> Iterator[VideoFrame]:
        index = 0
        for chunk in speech:
            samples, rate, start = chunk.audio.samples, chunk.audio.rate, chunk.audio.start
            while (place := round(index / self.fps * rate) - start) < len(samples):
                if index == self.breaks_at:
                    raise EngineFailed("The lamp broke.", "Take another.")
                part = samples[max(place, 0) : place + round(rate / self.fps)]
                yield self._shining(255 if np.abs(part).max() > 0.1 else 0, index)
                index += 1

    def rest(self, look: FaceState, after: VideoFrame | None = None) -> VideoFrame:
        return self._shining(0, 0)

    def _shining(self, level: int, index: int) -> VideoFrame:
        image = np.full((48, 64, 3), level, np.uint8)
        self._count(1)
        weakref.finalize(image, self._count, -1)
        return VideoFrame(image, index / self.fps)

    def _count(self, change: int) -> None:
        with self._lock:
            self.alive += change
            self.most_alive = max(self.most_alive, self.alive)


def sound_file(path: Path, seconds: float = 1.5, rate: int = 44_100, channels: int = 1) -> Path:
    times = np.arange(round(seconds * rate)) / rate
    tone = 0.5 * np.sin(2 * np.pi * 440 * times)
    tone[(times < LOUD_FROM) | (times >= LOUD_UNTIL)] = 0
    sides = np.stack([tone] * channels, axis=1)
    if channels == 2:
        sides[:, 1] /= 2
    soundfile.write(path, sides, rate)
    return path


def filmed(path: Path, face: Lamp | None = None, turn: Turn | None = None, **options: object):
    output = path.with_suffix(".mp4")
    render_film(face or Lamp(), SoundFile(path), output, turn or Turn(1), **options)
    return output


def levels(path: Path) -> tuple[list[tuple[float, float]], np.ndarray, int]:
    """Times and brightness of the pictures; the sound from second 0 on, (channels, n); its rate."""
    with av.open(str(path)) as film:
        pictures = [
            (float(frame.time), float(frame.to_ndarray(format="gray").mean()))
            for frame in film.decode(video=0)
        ]
    with av.open(str(path)) as film:
        frames = list(film.decode(audio=0))
    rate = frames[0].sample_rate
    sound = np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
    return pictures, sound[:, max(0, -round(float(frames[0].time) * rate)) :], rate


@pytest.mark.parametrize(
    ("name", "rate", "channels", "fps"),
    [
        ("voice.wav", 8_000, 1, 25.0),
        ("voice.wav", 44_100, 2, 30.0),
        ("voice.flac", 48_000, 1, 29.97),
        ("voice.ogg", 16_000, 1, 25.0),
        ("voice.mp3", 22_050, 2, 25.0),
    ],
)
def test_sound_and_picture_start_together_and_last_alike(
    tmp_path: Path, name: str, rate: int, channels: int, fps: float
) -> None:
    path = filmed(sound_file(tmp_path / name, 1.47, rate, channels), Lamp(fps))
    with av.open(str(path)) as film:
        video, audio = film.streams.video[0], film.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert audio.channels == channels
        lengths = [float(stream.duration * stream.time_base) for stream in (video, audio)]
        assert video.start_time == 0
        assert audio.start_time == 0
    assert lengths[0] == pytest.approx(lengths[1], abs=1 / fps)
    assert lengths[1] == pytest.approx(1.47, abs=0.06 if name.endswith("mp3") else 0.01)
    pictures, sound, film_rate = levels(path)
    lit = next(at for at, brightness in pictures if brightness > 128)
    heard = np.argmax(np.abs(sound[0]) > 0.2) / film_rate
    assert lit == pytest.approx(LOUD_FROM, abs=1 / fps + 0.01)
    assert heard == pytest.approx(LOUD_FROM, abs=0.01)


def test_both_stereo_channels_are_preserved(tmp_path: Path) -> None:
    _, sound, _ = levels(filmed(sound_file(tmp_path / "voice.wav", channels=2)))
    left, right = np.abs(sound).max(axis=1)
    assert left == pytest.approx(2 * right, rel=0.1)


def test_a_film_may_be_silent(tmp_path: Path) -> None:
    path = filmed(sound_file(tmp_path / "voice.wav"), with_sound=False)
    with av.open(str(path)) as film:
        assert len(film.streams.audio) == 0
        assert film.streams.video[0].frames == 38


def test_only_a_few_frames_are_in_memory(tmp_path: Path) -> None:
    lamp = Lamp()
    filmed(sound_file(tmp_path / "voice.wav", seconds=20, rate=8_000), lamp)
    assert lamp.most_alive < 10


def test_progress_rises_to_the_end(tmp_path: Path) -> None:
    reported: list[tuple[float, float]] = []
    filmed(sound_file(tmp_path / "voice.wav"), tell=lambda *progress: reported.append(progress))
    percents = [percent for percent, _ in reported]
    assert percents == sorted(percents)
    assert reported[-1] == (100, 0)
    assert all(left >= 0 for _, left in reported)


def test_a_cancelled_film_leaves_nothing_and_an_older_one_stays(tmp_path: Path) -> None:
    sound, turn = sound_file(tmp_path / "voice.wav"), Turn(1)
    older = tmp_path / "voice.mp4"
    older.write_bytes(b"older")
    with pytest.raises(TurnCancelled):
        filmed(sound, turn=turn, tell=lambda percent, left: percent < 50 or turn.cancel())
    assert older.read_bytes() == b"older"
    assert sorted(tmp_path.iterdir()) == [older, sound]


def test_a_face_that_fails_leaves_nothing(tmp_path: Path) -> None:
    sound = sound_file(tmp_path / "voice.wav")
    with pytest.raises(EngineFailed, match="broke"):
        filmed(sound, Lamp(breaks_at=20))
    assert list(tmp_path.iterdir()) == [sound]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_is_reported_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = sound_file(tmp_path / "voice.wav", seconds=12)
    monkeypatch.setattr(video_writer, "token_hex", lambda _: "full")
    (tmp_path / f".voice{process_mark()}full.partial.mp4").symlink_to("/dev/full")
    with pytest.raises(FilmUnwritable, match="No space left"):
        filmed(sound)
    assert list(tmp_path.iterdir()) == [sound]


def test_a_sound_may_last_five_minutes(tmp_path: Path) -> None:
    longest = np.zeros(round(LONGEST_SECONDS) * 8_000, np.int16)
    soundfile.write(tmp_path / "longest.wav", longest, 8_000)
    assert SoundFile(tmp_path / "longest.wav").seconds == LONGEST_SECONDS
    soundfile.write(tmp_path / "longer.wav", np.append(longest, [0]).astype(np.int16), 8_000)
    with pytest.raises(InputInvalid, match="longer than 5 minutes"):
        SoundFile(tmp_path / "longer.wav")


def test_a_sound_that_is_cut_off_is_refused_before_anything_is_painted(tmp_path: Path) -> None:
    path = sound_file(tmp_path / "voice.flac")
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(InputInvalid):
        SoundFile(path)


def test_nan_samples_are_silent(tmp_path: Path) -> None:
    samples = np.full(8_000, 0.25, np.float32)
    samples[100:200] = np.nan
    samples[300:310] = np.inf
    soundfile.write(tmp_path / "odd.wav", samples, 48_000, subtype="FLOAT")
    (take,) = SoundFile(tmp_path / "odd.wav").takes()
    assert np.isfinite(take.speech.audio.samples).all()
    assert np.abs(take.speech.audio.samples).max() <= 1


def test_sound_of_only_nan_samples_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "odd.wav"
    soundfile.write(path, np.full(8_000, np.nan, np.float32), 8_000, subtype="FLOAT")
    with pytest.raises(InputInvalid, match="no audible sound"):
        SoundFile(path)


class Reader:
    """A voice that says each word in a tenth of a second."""

    def __init__(self, seconds: float = 0.1) -> None:
        self.seconds = seconds

    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        for index, word in enumerate(text.split()):
            count = round(self.seconds * 22_050)
            yield SpeechChunk(AudioChunk(np.zeros(count, np.float32), 22_050, index * count), word)


def test_a_text_is_spoken() -> None:
    recital = SpokenText(Reader(), "one two three", Turn(1))
    takes = list(recital.takes())
    assert [take.speech.text for take in takes] == ["one", "two", "three"]
    assert recital.seconds == pytest.approx(0.3)
    assert sum(len(take.sides[0]) for take in takes) == pytest.approx(0.3 * 48_000, abs=2)
    with pytest.raises(EngineFailed, match="no sound"):
        SpokenText(Reader(), "", Turn(1))
    with pytest.raises(InputInvalid, match="five minutes"):
        SpokenText(Reader(200), "too much", Turn(1))
