"""A stored conversation becomes a file: text, sound, film; stopped half-way it leaves none."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import av
import pytest

from avatar_app.core.errors import ConfigInvalid, InputInvalid
from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.core.jobs import Job, JobCancelled
from avatar_app.media.sound_reader import read_sound
from avatar_app.session.conversation_export import (
    ConversationExporter,
    format_named,
    suggested_name,
)
from avatar_app.settings.loading import load_settings
from avatar_app.storage.conversation_text import ExportFormat, Speakers
from avatar_app.storage.history import History
from avatar_app.system.paths import app_paths

SPEAKERS = Speakers("You", "Mira")
SMALL = {
    "render.standard.width": 160,
    "render.standard.height": 90,
    "render.standard.fps": 5,
    "face.options.character": "pip",
}


@pytest.fixture
def history() -> Iterator[History]:
    history = History(app_paths().history_file)
    for number, (said, heard) in enumerate([("Hello", "Hi."), ("One more", "Yes, one more.")]):
        history.add(TurnEnded(number, Outcome.FINISHED, said, heard, heard), datetime.now(UTC))
    yield history
    history.close()


def export(
    history: History, path: Path, format: ExportFormat, job: Job[Path] | None = None
) -> Path:
    settings, _ = load_settings(overrides=SMALL)
    exporter = ConversationExporter(history.conversations, app_paths())
    id = history.conversation or 0
    work = job or Job[Path]("export", lambda job: job)
    return exporter.export(id, path, format, SPEAKERS, settings, work)


def test_text_export_contains_the_whole_conversation(history: History, tmp_path: Path) -> None:
    path = export(history, tmp_path / "there" / "talk.md", ExportFormat.MARKDOWN)
    assert path.read_text(encoding="utf-8").startswith("# Hello\n")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigInvalid, match="cannot be written"):
        export(history, tmp_path / "file" / "talk.md", ExportFormat.MARKDOWN)


def test_sound_export_contains_both_voices(history: History, tmp_path: Path) -> None:
    reported: list[float] = []
    job = Job[Path]("export", lambda job: tmp_path)
    job.when_progressed(lambda progress: reported.append(progress.fraction))
    path = export(history, tmp_path / "talk.mp3", ExportFormat.SOUND, job)
    sound = read_sound(path, 16_000)
    assert sound.seconds > 3
    assert abs(sound.samples).max() > 0.05
    assert reported == sorted(reported)
    assert reported[-1] == 1.0


def test_film_export_has_pictures_sound_and_subtitles(history: History, tmp_path: Path) -> None:
    path = export(history, tmp_path / "talk.mp4", ExportFormat.FILM)
    with av.open(str(path)) as film:
        (pictures,) = film.streams.video
        assert (pictures.width, pictures.height) == (160, 90)
        assert len(film.streams.audio) == 1
        packets = film.demux(film.streams.subtitles[0])
        texts = [text for packet in packets if (text := bytes(packet)[2:].decode())]
        assert texts == ["You: Hello", "Mira: Hi.", "You: One more", "Mira: Yes, one more."]


@pytest.mark.parametrize("format", [ExportFormat.FILM, ExportFormat.SOUND])
def test_cancelled_export_leaves_no_file(
    history: History, tmp_path: Path, format: ExportFormat
) -> None:
    job = Job[Path]("export", lambda job: export(history, tmp_path / f"x.{format}", format, job))
    job.when_progressed(lambda progress: job.cancel() if progress.fraction > 0.2 else None)
    with pytest.raises(JobCancelled):
        job.run()
    assert list(tmp_path.iterdir()) == []


def test_cancelling_reaches_nested_jobs() -> None:
    stopped = threading.Event()
    job = Job[None]("work", lambda job: None)
    job.when_cancelled(stopped.set)
    assert not stopped.is_set()
    job.cancel()
    assert stopped.is_set()
    late = threading.Event()
    job.when_cancelled(late.set)
    assert late.is_set()


def test_file_name_is_made_of_day_and_title(history: History) -> None:
    summary = history.conversations.list()[0]
    day = f"{summary.began.astimezone():%Y-%m-%d}"
    assert suggested_name(summary, ExportFormat.SRT) == f"{day} Hello.srt"
    history.conversations.rename(summary.id, "a/b: what?")
    renamed = history.conversations.list()[0]
    assert suggested_name(renamed, ExportFormat.FILM) == f"{day} a-b-what.mp4"
    history.conversations.rename(summary.id, "???")
    assert suggested_name(history.conversations.list()[0], ExportFormat.TEXT).endswith(
        "conversation.txt"
    )


def test_formats_are_found_by_name_or_extension() -> None:
    assert format_named("Markdown") is format_named("md") is ExportFormat.MARKDOWN
    with pytest.raises(InputInvalid, match="Unknown format 'doc'") as caught:
        format_named("doc")
    assert "Choose one of md, txt" in caught.value.hint
