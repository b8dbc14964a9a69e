"""A film holds what was seen and heard, in time with each other, or there is no film."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import av
import numpy as np
import pytest

from avatar_app.core.errors import InputInvalid
from avatar_app.media import video_writer
from avatar_app.media.video_writer import FilmUnwritable, VideoWriter
from avatar_app.system.leftovers import process_mark

RATE = 48_000


def picture(level: int, width: int = 64, height: int = 48) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def film(path: Path, seconds: float, fps: float = 25.0, **options: object) -> None:
    """A white flash and a loud tone, both at 0.52 s, for a tenth of a second."""
    flash = (0.52, 0.62)
    times = np.arange(round(seconds * RATE)) / RATE
    tone = (0.8 * np.sin(times * 2 * np.pi * 1000)).astype(np.float32)
    tone[(times < flash[0]) | (times >= flash[1])] = 0
    with VideoWriter(path, fps, **options) as writer:  # type: ignore[arg-type]
        for index in range(round(seconds * 100)):
            writer.add_sound(tone[index * 480 : (index + 1) * 480])
            while writer.seconds < (index + 1) / 100:
                lit = flash[0] <= writer.seconds + 1e-6 < flash[1]
                writer.add_picture(picture(255 if lit else 0))


def seen_and_heard(path: Path) -> tuple[list[tuple[float, float]], np.ndarray]:
    """Times and brightness of the pictures; the sound, from second 0 on."""
    with av.open(str(path)) as container:
        pictures = [
            (float(frame.time), float(frame.to_ndarray(format="gray").mean()))
            for frame in container.decode(video=0)
        ]
    sound = np.zeros(0, np.float32)
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            start = round(float(frame.time) * RATE)
            samples = frame.to_ndarray()[0]
            sound = np.pad(sound, (0, max(0, start + len(samples) - len(sound))))
            sound[max(start, 0) : start + len(samples)] = samples[max(-start, 0) :]
    return pictures, sound


@pytest.mark.parametrize("fps", [25.0, 30.0, 29.97])
def test_video_preserves_pictures_and_sound_in_sync(tmp_path: Path, fps: float) -> None:
    path = tmp_path / "film.mp4"
    film(path, 1.5, fps)
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert float(video.average_rate) == pytest.approx(fps, rel=1e-4)
        assert (audio.rate, audio.channels) == (RATE, 2)
        assert video.codec_context.pix_fmt == "yuv420p"
    pictures, sound = seen_and_heard(path)
    assert pictures[0][0] == pytest.approx(0, abs=1e-3)
    assert pictures[-1][0] + 1 / fps == pytest.approx(1.5, abs=1 / fps + 1e-6)
    assert len(sound) / RATE == pytest.approx(1.5, abs=0.05)
    flash = next(at for at, brightness in pictures if brightness > 128)
    tone = float(np.argmax(np.abs(sound) > 0.3)) / RATE
    assert flash == pytest.approx(0.52, abs=1 / fps)
    assert tone == pytest.approx(0.52, abs=0.005)


def test_length_is_known_while_writing(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "film.mp4", 25.0) as writer:
        assert writer.seconds == 0
        for _ in range(50):
            writer.add_picture(picture(9))
        assert writer.seconds == 2.0


def test_odd_sizes_lose_a_row_and_a_column(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with VideoWriter(path, 25.0) as writer:
        for _ in range(3):
            writer.add_picture(picture(100, width=65, height=49))
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        assert (video.width, video.height) == (64, 48)


def test_stereo_channels_are_preserved(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    loud, quiet = np.full(4800, 0.5, np.float32), np.zeros(4800, np.float32)
    with VideoWriter(path, 25.0) as writer:
        writer.add_picture(picture(0))
        writer.add_sound(loud, quiet)
    with av.open(str(path)) as container:
        levels = [np.abs(frame.to_ndarray()).max(axis=1) for frame in container.decode(audio=0)]
    left, right = np.max(levels, axis=0)
    assert left > 0.3
    assert right < 0.1


def test_sound_too_loud_is_clipped(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "film.mp4", 25.0, stereo=False) as writer:
        writer.add_picture(picture(0))
        writer.add_sound(np.full(48_000, 3.0, np.float32))
    _, sound = seen_and_heard(tmp_path / "film.mp4")
    assert np.abs(sound).max() < 1.3


def test_the_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with VideoWriter(path, 25.0) as writer:
        writer.add_picture(picture(0))
        assert not path.exists()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("pictures", [0, 3])
def test_an_exception_leaves_no_file(tmp_path: Path, pictures: int) -> None:
    def interrupted() -> None:
        with VideoWriter(tmp_path / "film.mp4", 25.0) as writer:
            for _ in range(pictures):
                writer.add_picture(picture(0))
                writer.add_sound(np.zeros(1920, np.float32))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_an_older_film_stays_if_the_new_one_fails(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"the old one")

    def interrupted() -> None:
        with VideoWriter(path, 25.0) as writer:
            writer.add_picture(picture(0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == b"the old one"


def test_folders_are_made(tmp_path: Path) -> None:
    film(tmp_path / "new" / "folder" / "film.mp4", 0.1)
    assert (tmp_path / "new" / "folder" / "film.mp4").stat().st_size > 1000


def test_unwritable_path_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputInvalid, match="cannot be written") as caught:
        VideoWriter(tmp_path / "file" / "film.mp4", 25.0)
    assert caught.value.hint


def test_path_of_a_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").mkdir()
    with pytest.raises(InputInvalid, match="cannot be written"):
        film(tmp_path / "film.mp4", 0.1)
    assert list(tmp_path.iterdir()) == [tmp_path / "film.mp4"]


def test_what_a_killed_process_left_of_a_film_is_deleted(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    for name in ("film", "other"):
        (tmp_path / f".{name}.pid{ended.pid}.x.partial.mp4").write_bytes(b"left")
    film(tmp_path / "film.mp4", 0.1)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f".other.pid{ended.pid}.x.partial.mp4", "film.mp4"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
@pytest.mark.parametrize("seconds", [0.1, 3.0])
def test_a_full_disk_is_reported_and_leaves_no_file(
    tmp_path: Path, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_writer, "token_hex", lambda _: "full")
    (tmp_path / f".film{process_mark()}full.partial.mp4").symlink_to("/dev/full")
    with pytest.raises(InputInvalid, match="No space left"):
        film(tmp_path / "film.mp4", seconds)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("existing", ["older", "not there yet"])
def test_symbolic_link_is_followed_and_kept(tmp_path: Path, existing: str) -> None:
    target, link = tmp_path / "folder" / "film.mp4", tmp_path / "link.mp4"
    if existing == "older":
        target.parent.mkdir()
        target.write_bytes(b"older")
    link.symlink_to(target)
    film(link, 0.1)
    assert link.is_symlink()
    assert target.stat().st_size > 1000
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.skipif(os.name == "nt", reason="needs a pipe that has a name")
def test_a_target_that_is_no_file_is_unchanged(tmp_path: Path) -> None:
    pipe, loop = tmp_path / "pipe.mp4", tmp_path / "loop.mp4"
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    for path in (pipe, loop):
        with pytest.raises(FilmUnwritable, match="not a regular file"):
            VideoWriter(path, 25.0)
    assert pipe.is_fifo()
    assert loop.is_symlink()
    assert sorted(tmp_path.iterdir()) == [loop, pipe]


def test_concurrent_films_do_not_interfere(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("film.mp4", "film.avi", "film.mp4")]
    with ExitStack() as stack:
        writers = [stack.enter_context(VideoWriter(path, 25.0)) for path in paths]
        for count, writer in enumerate(writers, 1):
            for _ in range(count * 20):
                writer.add_picture(picture(9))
        assert len(list(tmp_path.iterdir())) == 3
    assert sorted(tmp_path.iterdir()) == [tmp_path / "film.avi", tmp_path / "film.mp4"]
    for path, pictures in zip(paths, (20, 40), strict=False):  # of one name: the last one closed
        with av.open(str(path)) as container:
            assert container.streams.video[0].frames == pictures


@pytest.mark.skipif(os.name == "nt", reason="needs permissions of POSIX")
def test_film_has_the_usual_file_permissions(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    before = os.umask(0o027)
    try:
        film(path, 0.1)
        assert path.stat().st_mode & 0o777 == 0o640
        path.chmod(0o604)
        film(path, 0.1)
        assert path.stat().st_mode & 0o777 == 0o604
    finally:
        os.umask(before)


def test_longest_allowed_file_name_works(tmp_path: Path) -> None:
    film(tmp_path / f"{'x' * 250}.mp4", 0.1)
    assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(FilmUnwritable, match="name too long"):
        VideoWriter(tmp_path / f"{'x' * 252}.mp4", 25.0)
    assert len(list(tmp_path.iterdir())) == 1
